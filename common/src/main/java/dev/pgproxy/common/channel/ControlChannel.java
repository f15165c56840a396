package dev.pgproxy.common.channel;

import dev.pgproxy.common.io.DescriptorSocket;
import dev.pgproxy.common.io.LibcException;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.io.ProcessTuning;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Control messages over one connected socket. Non-blocking both ways; writes are batched until the end of the tick. Encodes into and
 * decodes from its own buffers. Not thread-safe; lives on the loop's thread.
 */
public final class ControlChannel implements Link {

    /** Unsent bytes at which the peer counts as hung; about 40,000 reports, or 400 clients with the longest packets. */
    static final int MAX_QUEUED_BYTES = 4 * 1024 * 1024;

    private static final int READ_BYTES = 64 * 1024;
    private static final int READS_PER_WAKE_UP = 16;

    private final DescriptorSocket socket;
    private final EventLoop loop;
    private final Listener listener;
    private final ArrayDeque<OwnedFd> receivedFds = new ArrayDeque<>();
    private final ByteBuffer incoming = ByteBuffer.allocateDirect(READ_BYTES + ControlFrame.MAX_FRAME_BYTES);
    private final Protocol protocol;
    private final ControlFrame frames;
    private final Outbox outbox;

    /** Descriptors that may wait for the rest of their frame: those of one message. */
    private final int maxWaitingFds;

    private PermittedMessages permitted;
    private boolean flushPlanned;
    private boolean delivering;
    private boolean closed;

    /**
     * Takes over a connected socket.
     *
     * @param permitted what the peer may send at first
     */
    public ControlChannel(
            DescriptorSocket socket,
            EventLoop loop,
            Protocol protocol,
            PermittedMessages permitted,
            Listener listener) {
        this.socket = socket;
        this.loop = loop;
        this.permitted = permitted;
        this.listener = listener;
        this.protocol = protocol;
        this.maxWaitingFds = protocol.maxDescriptors();
        this.frames = new ControlFrame(protocol, receivedFds);
        this.outbox = new Outbox(protocol, frames, MAX_QUEUED_BYTES);
        socket.onReady(this::ready);
        socket.interest(Interest.READ);
    }

    @Override
    public boolean isOf(long pid) {
        try {
            DescriptorSocket.Peer peer = socket.peer();
            return peer.pid() == pid && peer.userId() == ProcessTuning.userId();
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void agree(int version, PermittedMessages next) {
        frames.speak(version);
        permitted = next;
    }

    @Override
    public void send(ControlMessage message) {
        enqueue(message, null);
    }

    /** As {@link #send}; the task runs once the whole frame is in the kernel, which delivers it even if this process dies. */
    public void send(ControlMessage message, Runnable whenWritten) {
        enqueue(message, whenWritten);
    }

    /**
     * As {@link #send}, but does not wait for the end of the tick: others see what the caller does next only after the message is in the
     * kernel, unless the peer does not read. A failure is reported at the end of the tick, never from within this call.
     */
    public void sendAtOnce(ControlMessage message) {
        enqueue(message, null);
        try {
            while (!closed && !outbox.isEmpty() && outbox.writeSome(socket)) {}
        } catch (IOException e) {
            return; // The planned flush meets the same error; the listener is never called from here.
        }
    }

    /** True while the unsent bytes are less than half of what makes a peer count as hung. */
    @Override
    public boolean hasRoom() {
        return outbox.unsentBytes() < MAX_QUEUED_BYTES / 2;
    }

    private void enqueue(ControlMessage message, @Nullable Runnable whenWritten) {
        if (closed) {
            protocol.discard(message);
            return;
        }
        try {
            outbox.add(message, whenWritten);
        } catch (ControlViolation e) {
            // Every sender is bounded, so this is a fault of our own; it costs this message, not a process.
            Event.of("control_message_dropped")
                    .message("a message between two processes of pgproxy was not sent: " + e.getMessage())
                    .hint("Report it with this line.")
                    .error();
            return;
        }
        if (!flushPlanned) {
            flushPlanned = true;
            loop.atEndOfTick(this::flushPlanned);
        }
    }

    private void flushPlanned() {
        flushPlanned = false;
        if (outbox.isOverflown()) {
            fail("the peer does not read: " + outbox.unsentBytes() + " bytes are unsent", true);
        } else if (!closed) {
            flush();
        }
    }

    private void flush() {
        try {
            while (!outbox.isEmpty()) {
                if (!outbox.writeSome(socket)) {
                    socket.interest(Interest.READ | Interest.WRITE);
                    return;
                }
            }
            socket.interest(Interest.READ);
        } catch (IOException e) {
            hearLastWords();
            fail("write failed: " + e.getMessage(), false);
        }
    }

    private void ready(int ready) {
        if ((ready & Interest.WRITE) != 0) {
            flush();
        }
        if (!closed && (ready & (Interest.READ | Interest.HANGUP)) != 0) {
            receive();
        }
    }

    @Override
    public boolean hear() {
        return !delivering && (closed || receive());
    }

    /** @return whether nothing is left to be read: false when there may be more, which the poller reports again */
    private boolean receive() {
        try {
            for (int i = 0; i < READS_PER_WAKE_UP && !closed; i++) {
                int roomBytes = incoming.remaining();
                int heldFds = receivedFds.size();
                int count = socket.read(incoming, receivedFds);
                if (count < 0) {
                    fail("closed by the peer", false);
                    return true;
                }
                if (count == 0) {
                    return true;
                }
                // The kernel also ends a read after descriptors. If this was all, to ask once more would only confirm
                // it.
                boolean wasAll = count < roomBytes && receivedFds.size() == heldFds;
                deliver();
                if (wasAll) {
                    return true;
                }
            }
        } catch (LibcException e) {
            fail(String.valueOf(e.getMessage()), true);
        } catch (IOException e) {
            fail("read failed: " + e.getMessage(), false);
        } catch (ControlViolation e) {
            fail("protocol violation: " + e.getMessage(), true);
        }
        return closed;
    }

    private void deliver() throws ControlViolation {
        incoming.flip();
        while (!closed) {
            @Nullable ControlMessage message = frames.decodeNext(incoming);
            if (message == null) {
                break;
            }
            try {
                permitted.check(message);
            } catch (ControlViolation e) {
                protocol.discard(message);
                throw e;
            }
            delivering = true;
            try {
                listener.onMessage(message);
            } finally {
                delivering = false;
            }
        }
        incoming.compact();
        if (receivedFds.size() > maxWaitingFds) {
            throw new ControlViolation(receivedFds.size() + " descriptors without a message");
        }
    }

    /**
     * When a write fails, what the peer sent before it died is still in the socket. Towards the master this carries no descriptors, and a
     * child that has lost its master needs none.
     */
    private void hearLastWords() {
        try {
            for (int i = 0; i < READS_PER_WAKE_UP && !closed; i++) {
                if (socket.readLeftovers(incoming) <= 0) {
                    return;
                }
                deliver();
            }
        } catch (ControlViolation e) {
            return; // The peer died in the middle of something whose end will never arrive.
        }
    }

    private void fail(String reason, boolean brokenHere) {
        if (!closed) {
            close();
            listener.onClosed(reason, brokenHere);
        }
    }

    /** Also closes every descriptor that waits in either direction. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        socket.close();
        outbox.close();
        receivedFds.forEach(OwnedFd::close);
        receivedFds.clear();
    }
}
