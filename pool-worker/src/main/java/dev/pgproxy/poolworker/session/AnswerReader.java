package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.MessageFramer;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads a client's answers while the proxy checks its login, each to its end and not a byte more: what a client has sent behind its
 * password, without waiting to be let in, is for the session that follows.
 */
final class AnswerReader {

    private final RelayBuffers buffers;
    private byte[] message = new byte[MessageFramer.HEADER_BYTES];
    private int received;

    AnswerReader(RelayBuffers buffers) {
        this.buffers = buffers;
    }

    /**
     * Reads what there is of the next message.
     *
     * @return the message, header and all; null when the rest of it is still to come
     * @throws ProtocolViolation when no answer is so long
     * @throws IOException when the client is gone
     */
    byte @Nullable [] read(Transport frontend) throws IOException, ProtocolViolation {
        while (received < message.length) {
            ByteBuffer buffer = buffers.shared().clear();
            buffer.limit(message.length - received);
            int count = frontend.read(buffer);
            if (count < 0) {
                throw new EOFException("the client has closed the connection");
            }
            if (count == 0) {
                return null;
            }
            buffer.flip().get(message, received, count);
            received += count;
            if (received == MessageFramer.HEADER_BYTES && message.length == received) {
                grow();
            }
        }
        byte[] whole = message;
        message = new byte[MessageFramer.HEADER_BYTES];
        received = 0;
        return whole;
    }

    private void grow() throws ProtocolViolation {
        int length = ByteBuffer.wrap(message).getInt(1);
        if (length < Integer.BYTES || length > RelayBuffers.MAX_INSPECTED_BYTES - 1) {
            throw ProtocolViolation.of("invalid message length " + length);
        }
        message = Arrays.copyOf(message, 1 + length);
    }
}
