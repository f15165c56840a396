package dev.pgproxy.poolworker.relay;

import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.MessageFramer;
import dev.pgproxy.common.protocol.ProtocolViolation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a relay: reads once, finds the messages in the bytes read, and writes them on at once. Bytes
 * that the sink does not take become leftovers, and the owner does not pump while there are any. So a slow receiver
 * costs one buffer, and TCP itself slows down its sender.
 *
 * <p>An incomplete header at the end of a read, or an incomplete message that is wanted whole, is held until the
 * rest arrives. So the sink never has half a header, and it is always known whether it has half a message.
 */
public final class Pipe {

    /** How a turn ended. */
    public enum Outcome {
        /** Bytes were forwarded, or kept as leftovers. */
        MOVED,
        /** Nothing to read now. */
        IDLE,
        /** End of stream or a broken connection on the reading side. */
        SOURCE_ENDED,
        /** The writing side is broken. */
        SINK_BROKEN,
        /** The inspector lets nothing more pass. */
        STOPPED
    }

    private static final byte[] NOTHING = {};

    private final RelayBuffers buffers;
    private final MessageFramer framer = new MessageFramer();
    private MessageInspector inspector;
    private @Nullable ByteBuffer leftover;
    private byte[] held = NOTHING;
    private int heldBytes;
    /** While a read is inspected: where in the shared buffer the bytes still to be forwarded begin. */
    private int forwardFrom;

    private long readBytes;

    public Pipe(RelayBuffers buffers, MessageInspector inspector) {
        this.buffers = buffers;
        this.inspector = inspector;
    }

    /** Lets another inspector inspect messages from the next one on. */
    public void inspectWith(MessageInspector next) {
        inspector = next;
    }

    /**
     * Reads once from the source and forwards what may pass. Must not be called while {@link #isBlocked}.
     *
     * @throws ProtocolViolation when the source's bytes are not messages; the messages before them were forwarded
     */
    public Outcome pump(Transport source, Transport sink) throws ProtocolViolation {
        ByteBuffer buffer = buffers.shared();
        buffer.clear().put(held, 0, heldBytes);
        buffer.limit(Math.min(buffer.capacity(), heldBytes + buffers.receiveBytes()));
        int count;
        try {
            count = source.read(buffer);
        } catch (IOException e) {
            return Outcome.SOURCE_ENDED;
        }
        if (count < 0) {
            return Outcome.SOURCE_ENDED;
        }
        if (count == 0) {
            return Outcome.IDLE;
        }
        readBytes += count;
        Arrays.fill(held, 0, heldBytes, (byte) 0); // It may have been a part of a password.
        heldBytes = 0;
        buffer.flip();
        return forward(buffer, sink);
    }

    /**
     * Reads once from the source and discards the bytes.
     *
     * @return {@link Outcome#MOVED}, {@link Outcome#IDLE} or {@link Outcome#SOURCE_ENDED}
     */
    public Outcome discard(Transport source) {
        ByteBuffer buffer = buffers.shared().clear();
        try {
            int count = source.read(buffer);
            return count < 0 ? Outcome.SOURCE_ENDED : count == 0 ? Outcome.IDLE : Outcome.MOVED;
        } catch (IOException e) {
            return Outcome.SOURCE_ENDED;
        }
    }

    private Outcome forward(ByteBuffer buffer, Transport sink) throws ProtocolViolation {
        forwardFrom = buffer.position();
        boolean stopped;
        try {
            stopped = inspectAll(buffer);
        } catch (ProtocolViolation e) {
            // The whole messages before it: after them the sink is at a boundary, where last words can be sent.
            send(buffer, forwardFrom, buffer.position(), sink);
            throw e;
        }
        int end = buffer.position();
        if (!stopped) {
            hold(buffer);
        }
        boolean sent = send(buffer, forwardFrom, end, sink);
        return !sent ? Outcome.SINK_BROKEN : stopped ? Outcome.STOPPED : Outcome.MOVED;
    }

    /** @return whether the inspector stopped before the message at the buffer's position */
    private boolean inspectAll(ByteBuffer buffer) throws ProtocolViolation {
        while (framer.next(buffer)) {
            int bodyStart = buffer.position();
            MessageInspector asked = inspector; // It may replace itself with another one.
            if (asked.wantsWhole(framer.type()) && framer.bodyBytes() > buffer.remaining()) {
                if (framer.bodyBytes() <= RelayBuffers.MAX_INSPECTED_BYTES - MessageFramer.HEADER_BYTES) {
                    framer.unread(buffer);
                    return false;
                }
                asked.passedUnseen(framer.type());
                byte[] ahead = asked.replacement();
                if (ahead.length > 0) {
                    insert(ahead, buffer, bodyStart - MessageFramer.HEADER_BYTES);
                }
                continue;
            }
            switch (inspect(asked, buffer, bodyStart)) {
                case FORWARD -> {}
                case REPLACE -> {
                    framer.skipBody(buffer);
                    insert(asked.replacement(), buffer, bodyStart - MessageFramer.HEADER_BYTES);
                    forwardFrom = buffer.position();
                }
                case STOP -> {
                    framer.unread(buffer); // The sink gets nothing of it, so it is at a boundary.
                    return true;
                }
            }
        }
        return false;
    }

    private MessageInspector.Verdict inspect(MessageInspector asked, ByteBuffer buffer, int bodyStart)
            throws ProtocolViolation {
        try {
            return asked.inspect(framer.type(), buffer, bodyStart, framer.bodyBytes());
        } catch (ProtocolViolation e) {
            framer.unread(buffer);
            throw e;
        }
    }

    /** Inserts an inspector's own bytes ahead of the message at this index, and after everything before it. */
    private void insert(byte[] bytes, ByteBuffer buffer, int at) {
        keep(buffer, forwardFrom, at);
        append(bytes);
        forwardFrom = at;
    }

    private void hold(ByteBuffer buffer) {
        heldBytes = buffer.remaining();
        if (heldBytes > held.length) {
            held = new byte[heldBytes];
        }
        buffer.get(held, 0, heldBytes);
    }

    /** Writes the leftovers and then this range; what the sink does not take becomes leftovers. */
    private boolean send(ByteBuffer buffer, int start, int end, Transport sink) {
        if (leftover != null) {
            keep(buffer, start, end);
            return flush(sink);
        }
        if (start == end) {
            return true;
        }
        buffer.limit(end).position(start);
        try {
            sink.write(buffer);
        } catch (IOException e) {
            return false;
        }
        if (buffer.hasRemaining()) {
            keep(buffer, buffer.position(), end);
        }
        return true;
    }

    private void keep(ByteBuffer buffer, int start, int end) {
        if (start < end) {
            ByteBuffer kept = leftovers(end - start);
            kept.put(kept.position(), buffer, start, end - start);
            kept.position(kept.position() + end - start);
        }
    }

    private void append(byte[] bytes) {
        if (bytes.length > 0) {
            leftovers(bytes.length).put(bytes);
        }
    }

    /** The leftover buffer in filling mode, with room for this many bytes. */
    private ByteBuffer leftovers(int bytes) {
        ByteBuffer kept = leftover == null ? buffers.takeLeftover() : leftover;
        if (kept.remaining() < bytes) {
            // Many changed parameters at a warm login can exceed a common buffer. A larger one is left to the garbage
            // collector.
            ByteBuffer larger = ByteBuffer.allocateDirect(kept.position() + bytes);
            larger.put(kept.flip());
            buffers.giveBack(kept);
            kept = larger;
        }
        leftover = kept;
        return kept;
    }

    /**
     * Writes bytes of the proxy's own after everything forwarded so far.
     *
     * @return false when the sink is broken
     */
    public boolean inject(byte[] bytes, Transport sink) {
        append(bytes);
        return flush(sink);
    }

    /**
     * Writes as much of the leftovers as the sink takes.
     *
     * @return false when the sink is broken
     */
    public boolean flush(Transport sink) {
        ByteBuffer kept = leftover;
        if (kept == null) {
            return true;
        }
        kept.flip();
        try {
            sink.write(kept);
        } catch (IOException e) {
            return false;
        }
        kept.compact();
        if (kept.position() == 0) {
            drop();
        }
        return true;
    }

    /** Bytes read from the source since the last call. */
    public long takeReadBytes() {
        long bytes = readBytes;
        readBytes = 0;
        return bytes;
    }

    /** Whether the sink has not taken everything yet; then the source must not be read. */
    public boolean isBlocked() {
        return leftover != null;
    }

    /** Whether everything that was read ends with a whole message, all of it forwarded or left over. */
    public boolean atBoundary() {
        return heldBytes == 0 && framer.atBoundary();
    }

    /** Whether what the sink got, leftovers included, ends with a whole message; bytes that are held never reached it. */
    public boolean sinkIsAtBoundary() {
        return framer.atBoundary();
    }

    /**
     * Takes the leftovers out, to be sent after the relay has ended.
     *
     * @param lastWords appended to the leftovers if a message may begin there
     */
    public byte[] takeLeftovers(byte[] lastWords) {
        byte[] words = sinkIsAtBoundary() ? lastWords : NOTHING;
        ByteBuffer kept = leftover;
        if (kept == null) {
            return words;
        }
        byte[] bytes = new byte[kept.position() + words.length];
        kept.get(0, bytes, 0, kept.position());
        System.arraycopy(words, 0, bytes, kept.position(), words.length);
        drop();
        return bytes;
    }

    /** Gives up the leftovers: their receiver is gone. */
    public void drop() {
        if (leftover != null) {
            buffers.giveBack(leftover);
            leftover = null;
        }
    }
}
