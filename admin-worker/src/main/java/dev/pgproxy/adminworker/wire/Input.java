package dev.pgproxy.adminworker.wire;

import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.ProtocolViolation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Bytes that a client has sent and that have not been processed yet. */
public final class Input {

    /** Longer messages are refused: no login needs them, and no statement is that long. */
    private static final int MAX_LOGIN_MESSAGE_BYTES = 16 * 1024;

    private static final int MAX_MESSAGE_BYTES = 1024 * 1024;
    private static final int HEADER_BYTES = 5;

    private byte[] received = new byte[1024];
    private int count;
    private int limit = MAX_LOGIN_MESSAGE_BYTES;

    /** The client may be trusted with more. */
    public void loggedIn() {
        limit = MAX_MESSAGE_BYTES;
    }

    /**
     * Reads once.
     *
     * @param scratch a shared direct buffer
     * @return whether the client may send more; false when it has ended its side
     * @throws IOException when the connection is broken
     */
    public boolean read(Transport transport, ByteBuffer scratch) throws IOException {
        scratch.clear();
        int read = transport.read(scratch);
        if (read > 0) {
            if (received.length - count < read) {
                received = Arrays.copyOf(received, Math.max(2 * received.length, count + read));
            }
            scratch.flip().get(received, count, read);
            count += read;
        }
        return read >= 0;
    }

    /**
     * Takes the next whole message.
     *
     * @return null when there is none yet
     * @throws ProtocolViolation when the bytes are not a message
     */
    public @Nullable ClientMessage next() throws ProtocolViolation {
        if (count < HEADER_BYTES) {
            return null;
        }
        int length = ByteBuffer.wrap(received).getInt(1);
        if (length < Integer.BYTES || length > limit) {
            throw ProtocolViolation.of("invalid message length " + length);
        }
        int whole = 1 + length;
        if (count < whole) {
            return null;
        }
        ClientMessage message = new ClientMessage(received[0], Arrays.copyOfRange(received, HEADER_BYTES, whole));
        Arrays.fill(received, 0, whole, (byte) 0); // It may have been a proof of a password.
        System.arraycopy(received, whole, received, 0, count - whole);
        count -= whole;
        return message;
    }
}
