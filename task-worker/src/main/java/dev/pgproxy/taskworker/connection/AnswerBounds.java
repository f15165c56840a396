package dev.pgproxy.taskworker.connection;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.MessageFramer;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Checks all that a driver sends and receives over one connection, before the driver sees it. A driver trusts a server: it allocates what
 * a length announces, and keeps what arrives. Not thread-safe; a driver talks to a server from one thread at a time.
 */
final class AnswerBounds {

    /** Bytes of one answer, which lasts until the driver writes again; answers to the proxy's own queries take a few thousand. */
    static final int MAX_ANSWER_BYTES = 1024 * 1024;

    /** How long one answer may take from its first byte, however slowly it trickles in. */
    private static final long MAX_ANSWER_NS = TimeUnit.MINUTES.toNanos(1);

    /** Writes by a driver before it is logged in; more than any authentication method needs. */
    private static final int MAX_LOGIN_WRITES = 20;

    /** Unsolicited bytes from a server over one connection: parameters, notices, notifications. A driver keeps them. */
    static final int MAX_UNASKED_BYTES = 1024 * 1024;

    private static final byte[] SSL_REQUEST = {0, 0, 0, 8, 4, (byte) 210, 22, 47};
    private static final int AUTHENTICATION_BYTES = 2 * Integer.BYTES;

    /** A server sent what no PostgreSQL server would. */
    static final class BadAnswerException extends IOException {
        private BadAnswerException(String what) {
            super(what);
        }
    }

    /** What the next byte from the server is. */
    private enum Expected {
        /** The answer to SSLRequest. */
        TLS_ANSWER,
        MESSAGES,
        /** TLS data, of which only the bytes can be counted. */
        ENCRYPTED
    }

    private final ByteBuffer header = ByteBuffer.allocate(MessageFramer.HEADER_BYTES);
    private Expected expected = Expected.MESSAGES;
    private int bodyLeft;
    private long answerBytes;
    private long answerSinceNs;
    private boolean isLoggedIn;
    private int loginWrites;
    private long unaskedBytes;

    /**
     * The driver writes, so what follows is another answer. A whole login counts as one.
     *
     * @throws IOException when a login does not end
     */
    void sent(byte[] bytes, int offset, int length) throws IOException {
        if (isLoggedIn || expected == Expected.ENCRYPTED) {
            answerBytes = 0;
        } else if (++loginWrites > MAX_LOGIN_WRITES) {
            throw new BadAnswerException("the server asks for passwords again and again");
        }
        if (length == SSL_REQUEST.length
                && Arrays.equals(bytes, offset, offset + length, SSL_REQUEST, 0, SSL_REQUEST.length)) {
            expected = Expected.TLS_ANSWER;
        }
    }

    /**
     * The server has sent this.
     *
     * @param nowNs as {@link System#nanoTime}
     * @throws IOException when it exceeds a bound, or is not a message
     */
    void received(byte[] bytes, int offset, int length, long nowNs) throws IOException {
        answerSinceNs = answerBytes == 0 ? nowNs : answerSinceNs;
        answerBytes += length;
        if (answerBytes > MAX_ANSWER_BYTES) {
            throw new BadAnswerException("the server sent more than " + MAX_ANSWER_BYTES + " bytes in one answer");
        }
        if (length > 0 && nowNs - answerSinceNs > MAX_ANSWER_NS) {
            throw new SocketTimeoutException("the answer took more than a minute");
        }
        int at = offset;
        int end = offset + length;
        if (at < end && expected == Expected.TLS_ANSWER) {
            expected = bytes[at] == 'S' ? Expected.ENCRYPTED : Expected.MESSAGES;
            at += bytes[at] == 'N' ? 1 : 0;
        }
        while (at < end && expected == Expected.MESSAGES) {
            if (bodyLeft > 0) {
                int skipped = Math.min(bodyLeft, end - at);
                bodyLeft -= skipped;
                at += skipped;
            } else {
                header.put(bytes[at++]);
                if (!header.hasRemaining()) {
                    begin(header.flip());
                }
            }
        }
    }

    private void begin(ByteBuffer complete) throws BadAnswerException {
        byte type = complete.get();
        int length = complete.getInt();
        complete.clear();
        int least = type == BackendMessage.AUTHENTICATION ? AUTHENTICATION_BYTES : Integer.BYTES;
        if (length < least || length > MAX_ANSWER_BYTES) {
            throw new BadAnswerException(
                    "the server sent a message of " + length + " bytes, which is not a valid length");
        }
        isLoggedIn |= type == BackendMessage.READY_FOR_QUERY;
        if (type == BackendMessage.PARAMETER_STATUS
                || type == BackendMessage.NOTICE_RESPONSE
                || type == BackendMessage.NOTIFICATION_RESPONSE) {
            unaskedBytes += length;
            if (unaskedBytes > MAX_UNASKED_BYTES) {
                throw new BadAnswerException(
                        "the server sent more than " + MAX_UNASKED_BYTES + " bytes that it was not asked for");
            }
        }
        bodyLeft = length - Integer.BYTES;
    }
}
