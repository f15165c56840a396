package dev.pgproxy.adminworker.wire;

import dev.pgproxy.common.loop.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;

/** Messages that the client has not taken yet. Callers ask {@link #isFull} before they add more, which bounds it. */
public final class Output {

    /** Above this nothing more is computed for the client. One result may exceed it, and has a bound of its own. */
    private static final long ENOUGH_BYTES = 256 * 1024;

    private final ArrayDeque<byte[]> messages = new ArrayDeque<>();
    private int firstOffset;
    private long bytes;

    public void add(byte[] message) {
        messages.add(message);
        bytes += message.length;
    }

    public void addAll(List<byte[]> more) {
        more.forEach(this::add);
    }

    public boolean isFull() {
        return bytes > ENOUGH_BYTES;
    }

    /** Bytes that are queued. */
    public long bytes() {
        return bytes;
    }

    public boolean isEmpty() {
        return messages.isEmpty();
    }

    /**
     * Writes as much as the client takes.
     *
     * @param scratch a shared direct buffer
     * @throws IOException when the connection is broken
     */
    public void flush(Transport transport, ByteBuffer scratch) throws IOException {
        while (!messages.isEmpty()) {
            fill(scratch.clear());
            int length = scratch.flip().remaining();
            transport.write(scratch);
            consume(length - scratch.remaining());
            if (scratch.hasRemaining()) {
                return;
            }
        }
    }

    private void fill(ByteBuffer buffer) {
        int offset = firstOffset;
        for (byte[] message : messages) {
            int part = Math.min(buffer.remaining(), message.length - offset);
            buffer.put(message, offset, part);
            if (!buffer.hasRemaining()) {
                return;
            }
            offset = 0;
        }
    }

    private void consume(int written) {
        bytes -= written;
        int left = written + firstOffset;
        while (!messages.isEmpty() && left >= messages.element().length) {
            left -= messages.remove().length;
        }
        firstOffset = left;
    }

    /**
     * All that the client has not taken, to be sent in another way.
     *
     * @param lastWords appended to it
     */
    public byte[] takeRest(byte[] lastWords) {
        ByteBuffer rest = ByteBuffer.allocate((int) bytes + lastWords.length);
        fill(rest);
        rest.put(lastWords);
        messages.clear();
        bytes = 0;
        firstOffset = 0;
        return rest.array();
    }
}
