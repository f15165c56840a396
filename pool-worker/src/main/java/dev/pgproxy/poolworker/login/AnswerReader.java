package dev.pgproxy.poolworker.login;

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
 * Reads a client's answers while the proxy checks its login, each to its end and not a byte further: what a client sends after its
 * password, without waiting to be let in, belongs to the session that follows.
 */
public final class AnswerReader {

    /** Allocated before the body arrives: a client that announces a long answer and sends none costs no more than this. */
    private static final int FIRST_BYTES = 512;

    private final RelayBuffers buffers;
    private final int mostBytes;
    private byte[] message = new byte[MessageFramer.HEADER_BYTES];
    private int wholeBytes = MessageFramer.HEADER_BYTES;
    private int received;

    /** @param mostBytes of an answer, without its header */
    AnswerReader(RelayBuffers buffers, int mostBytes) {
        this.buffers = buffers;
        this.mostBytes = mostBytes;
    }

    /**
     * Reads what has arrived of the next message.
     *
     * @return the message, header and all; null when the rest of it is still to come
     * @throws ProtocolViolation when the announced length is not that of an answer
     * @throws IOException when the client is gone
     */
    byte @Nullable [] read(Transport frontend) throws IOException, ProtocolViolation {
        while (received < wholeBytes) {
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
            if (received == message.length) {
                grow();
            }
        }
        byte[] whole = message;
        message = new byte[MessageFramer.HEADER_BYTES];
        wholeBytes = message.length;
        received = 0;
        return whole;
    }

    private void grow() throws ProtocolViolation {
        if (received == MessageFramer.HEADER_BYTES) {
            int length = ByteBuffer.wrap(message).getInt(1);
            if (length < Integer.BYTES || length - Integer.BYTES > mostBytes) {
                throw ProtocolViolation.of("invalid message length " + length);
            }
            wholeBytes = 1 + length;
        }
        byte[] before = message;
        message = Arrays.copyOf(before, Math.min(wholeBytes, Math.max(FIRST_BYTES, 2 * received)));
        Arrays.fill(before, (byte) 0); // It may hold part of a password.
    }
}
