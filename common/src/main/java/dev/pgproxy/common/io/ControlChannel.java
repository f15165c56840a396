package dev.pgproxy.common.io;

import dev.pgproxy.common.ipc.ControlFrame;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.ControlViolation;
import dev.pgproxy.common.ipc.PermittedMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import java.io.FileDescriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.newsclub.net.unix.AFUNIXSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketCredentials;
import org.newsclub.net.unix.FileDescriptorCast;

/**
 * Control messages over one connected AF_UNIX socket, with descriptors by SCM_RIGHTS. Non-blocking both ways. Writes are
 * gathered until the end of the tick. Not thread-safe; lives on the loop's thread.
 */
public final class ControlChannel {

    /** Unsent bytes at which the peer counts as hung; about 40,000 reports, or 400 clients with the longest packets. */
    static final int MAX_QUEUED_BYTES = 4 * 1024 * 1024;

    /** The kernel ends a read behind bytes that carry descriptors, so at most one waits for the rest of its frame. */
    private static final int MAX_WAITING_FDS = 1;

    private static final int READ_BYTES = 64 * 1024;
    private static final int READS_PER_WAKE_UP = 16;
    private static final int ANCILLARY_BYTES = 256;

    /** Who receives what a channel brings. */
    public interface Listener {
        /** @param fd the descriptor that came with the message, for the listener to own; null for messages without one */
        void onMessage(ControlMessage message, @Nullable OwnedFd fd);

        /**
         * Called once when the channel ended; everything that arrived before was delivered.
         *
         * @param reason for the log
         * @param brokenHere the peer may well live: what it sent is not allowed, it does not read, or no descriptor was left here
         */
        void onClosed(String reason, boolean brokenHere);
    }

    /** A frame that is not wholly written; the descriptor is sent with its first byte and closed then. */
    private static final class Outgoing {
        private final ByteBuffer bytes;
        private final @Nullable OwnedFd fd;
        private final @Nullable Runnable whenWritten;

        private Outgoing(ByteBuffer bytes, @Nullable OwnedFd fd, @Nullable Runnable whenWritten) {
            this.bytes = bytes;
            this.fd = fd;
            this.whenWritten = whenWritten;
        }
    }

    private final AFUNIXSocketChannel socket;
    private final EventLoop loop;
    /** A duplicate: junixsocket closes its own by itself when the connection is reset, and its number may be another's then. */
    private final OwnedFd watchedFd;

    private final EpollPoller.Registration registration;
    private final Listener listener;
    private final ArrayDeque<Outgoing> outgoing = new ArrayDeque<>();
    private final ArrayDeque<OwnedFd> receivedFds = new ArrayDeque<>();
    private final ByteBuffer incoming = ByteBuffer.allocateDirect(READ_BYTES + ControlFrame.MAX_FRAME_BYTES);
    private final ByteBuffer writeBuffer = ByteBuffer.allocateDirect(READ_BYTES);
    private final ByteBuffer encoding = ControlFrame.scratch();
    private PermittedMessages permitted;
    private int queuedBytes;
    private boolean flushPlanned;
    private boolean closed;

    /**
     * Takes over a connected socket.
     *
     * @param permitted what the peer may send at first
     * @throws IOException when the socket cannot be made non-blocking
     */
    ControlChannel(
            AFUNIXSocketChannel socket,
            EventLoop loop,
            EpollPoller poller,
            PermittedMessages permitted,
            Listener listener)
            throws IOException {
        this.socket = socket;
        this.loop = loop;
        this.permitted = permitted;
        this.listener = listener;
        socket.configureBlocking(false);
        socket.setAncillaryReceiveBufferSize(ANCILLARY_BYTES);
        this.watchedFd = duplicate(fdNumber(socket.getFileDescriptor()));
        this.registration = poller.register(watchedFd.number(), Interest.READ, this::ready);
    }

    static int fdNumber(FileDescriptor fd) throws IOException {
        return FileDescriptorCast.using(fd).as(Integer.class);
    }

    /**
     * The process and the user at the other end, as the kernel vouches for them.
     *
     * @param pid process id at the time of the connect
     */
    public record Peer(long pid, long userId) {}

    /** Who is at the other end. */
    public Peer peer() throws IOException {
        AFUNIXSocketCredentials credentials = socket.getPeerCredentials();
        return new Peer(credentials.getPid(), credentials.getUid());
    }

    /** Changes what the peer may send from the next message on. */
    public void permit(PermittedMessages next) {
        permitted = next;
    }

    /** Queues a message. After the channel closed this does nothing, since its listener was told. */
    public void send(ControlMessage message) {
        enqueue(message, null, null);
    }

    /** As {@link #send}; the task runs when the whole frame is the kernel's, which delivers it even if this process dies. */
    public void send(ControlMessage message, Runnable whenWritten) {
        enqueue(message, null, whenWritten);
    }

    /**
     * As {@link #send}, but does not wait for the end of the tick: what the caller does next is seen by others only after the
     * message is in the kernel, unless the peer does not read. A failure is told at the end of the tick, never from here.
     */
    public void sendAtOnce(ControlMessage message) {
        enqueue(message, null, null);
        try {
            while (!closed && !outgoing.isEmpty() && writeSome()) {}
        } catch (IOException e) {
            return; // The flush that is planned meets the same, and the listener is not called while the caller is at
            // work.
        }
    }

    /** As {@link #send}, with a duplicate of the descriptor; the caller keeps its own. */
    public void sendWithFd(ControlMessage message, OwnedFd fd) throws LibcException {
        enqueue(message, duplicate(fd.number()), null);
    }

    /** As {@link #send}, with the descriptor, which is this channel's from now on. */
    public void sendOwnFd(ControlMessage message, OwnedFd fd) {
        enqueue(message, fd.transfer(), null);
    }

    /** Whether the peer keeps up: less than half of what would count as hung is unsent. */
    public boolean hasRoom() {
        return queuedBytes < MAX_QUEUED_BYTES / 2;
    }

    private void enqueue(ControlMessage message, @Nullable OwnedFd fd, @Nullable Runnable whenWritten) {
        if (closed) {
            if (fd != null) {
                fd.close();
            }
            return;
        }
        byte[] frame;
        try {
            frame = ControlFrame.encode(message, encoding);
        } catch (ControlViolation e) {
            // Every sender is bounded, so this is a fault of our own; it costs this message, and no process.
            Event.of("control_message_dropped")
                    .message("a message between two processes of pgproxy was not sent: " + e.getMessage())
                    .hint("Report it with this line.")
                    .error();
            if (fd != null) {
                fd.close();
            }
            return;
        }
        outgoing.add(new Outgoing(ByteBuffer.wrap(frame), fd, whenWritten));
        queuedBytes += frame.length;
        if (!flushPlanned) {
            flushPlanned = true;
            loop.atEndOfTick(this::flushPlanned);
        }
    }

    private void flushPlanned() {
        flushPlanned = false;
        if (queuedBytes > MAX_QUEUED_BYTES) {
            fail("the peer does not read: " + queuedBytes + " bytes are unsent", true);
        } else if (!closed) {
            flush();
        }
    }

    private void flush() {
        try {
            while (!outgoing.isEmpty()) {
                if (!writeSome()) {
                    registration.interest(Interest.READ | Interest.WRITE);
                    return;
                }
            }
            registration.interest(Interest.READ);
        } catch (IOException e) {
            hearLastWords();
            fail("write failed: " + e.getMessage(), false);
        }
    }

    /**
     * Writes the first frame with its descriptor, or as many frames without one as fit the buffer.
     *
     * @return false when the socket is full
     */
    private boolean writeSome() throws IOException {
        writeBuffer.clear();
        @Nullable OwnedFd fd = outgoing.element().fd;
        if (fd != null && !fd.isOpen()) {
            fd = null;
        }
        for (Outgoing frame : outgoing) {
            boolean carriesFd = frame.fd != null && frame.fd.isOpen();
            boolean isFirst = writeBuffer.position() == 0;
            if ((carriesFd && !isFirst) || writeBuffer.remaining() < frame.bytes.remaining()) {
                break;
            }
            writeBuffer.put(frame.bytes.duplicate());
            if (carriesFd) {
                break;
            }
        }
        writeBuffer.flip();
        if (fd != null) {
            FileDescriptorBox.attach(socket, fd.number());
        }
        int written = socket.write(writeBuffer);
        if (written <= 0) {
            return false;
        }
        if (fd != null) {
            fd.close();
        }
        consume(written);
        return true;
    }

    private void consume(int written) {
        queuedBytes -= written;
        int left = written;
        while (left > 0) {
            Outgoing frame = outgoing.element();
            int of = Math.min(left, frame.bytes.remaining());
            frame.bytes.position(frame.bytes.position() + of);
            left -= of;
            if (!frame.bytes.hasRemaining()) {
                outgoing.remove();
                if (frame.whenWritten != null) {
                    frame.whenWritten.run();
                }
            }
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

    private void receive() {
        try {
            for (int i = 0; i < READS_PER_WAKE_UP && !closed; i++) {
                int count = socket.read(incoming);
                ownReceivedFds();
                if (count < 0) {
                    fail("closed by the peer", false);
                    return;
                }
                if (count == 0) {
                    return;
                }
                deliver();
            }
        } catch (LibcException e) {
            fail(String.valueOf(e.getMessage()), true);
        } catch (IOException e) {
            fail("read failed: " + e.getMessage(), false);
        } catch (ControlViolation e) {
            fail("protocol violation: " + e.getMessage(), true);
        }
    }

    /** Owns every descriptor before a byte is parsed. A received one closes when it is garbage, so it is duplicated at once. */
    private void ownReceivedFds() throws IOException {
        LibcException failure = null;
        for (FileDescriptor received : socket.getReceivedFileDescriptors()) {
            try {
                receivedFds.add(duplicate(fdNumber(received)));
            } catch (LibcException e) {
                failure = e;
            } finally {
                FileDescriptorBox.close(received);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private void deliver() throws ControlViolation {
        incoming.flip();
        while (!closed) {
            @Nullable ControlMessage message = ControlFrame.decodeNext(incoming);
            if (message == null) {
                break;
            }
            permitted.check(message);
            @Nullable OwnedFd fd = null;
            if (message.type().fdCount() > 0) {
                fd = receivedFds.poll();
                if (fd == null) {
                    throw new ControlViolation(message.type() + " came without its descriptor");
                }
            }
            listener.onMessage(message, fd);
        }
        incoming.compact();
        if (receivedFds.size() > MAX_WAITING_FDS) {
            throw new ControlViolation(receivedFds.size() + " descriptors without a message");
        }
    }

    private static OwnedFd duplicate(int number) throws LibcException {
        int copy = Libc.fcntl(number, Libc.F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
            throw LibcException.last("could not duplicate a descriptor");
        }
        return new OwnedFd(copy);
    }

    /**
     * What the peer said before it died is still in the socket when a write to it fails. junixsocket may have closed its own
     * descriptor by then; what is left carries no descriptors towards the master, and a child that lost its master needs none.
     */
    private void hearLastWords() {
        try {
            for (int i = 0; i < READS_PER_WAKE_UP && !closed; i++) {
                long count = Libc.recv(
                        watchedFd.number(),
                        Libc.address(incoming) + incoming.position(),
                        incoming.remaining(),
                        Libc.MSG_DONTWAIT);
                if (count <= 0) {
                    return;
                }
                incoming.position(incoming.position() + (int) count);
                deliver();
            }
        } catch (ControlViolation e) {
            return; // It died in the middle of something that nobody will hear the end of.
        }
    }

    private void fail(String reason, boolean brokenHere) {
        if (!closed) {
            close();
            listener.onClosed(reason, brokenHere);
        }
    }

    /** Closes the socket and every descriptor that waits in either direction. The listener is not called. */
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        registration.close();
        watchedFd.close();
        for (Outgoing frame : outgoing) {
            if (frame.fd != null) {
                frame.fd.close();
            }
        }
        outgoing.clear();
        receivedFds.forEach(OwnedFd::close);
        receivedFds.clear();
        try {
            socket.close();
        } catch (IOException e) {
            // The descriptor is gone either way, and nobody waits for this channel any more.
            return;
        }
    }
}
