package dev.pgproxy.taskworker.connection;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.MessageFramer;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Looks at all that a driver sends and gets over one connection, before the driver sees it. A driver believes a server: it makes room for
 * what a length announces, and keeps what comes. Not thread-safe; a driver talks to a server from one thread at a time.
 */
final class AnswerBounds {

    /** Bytes of one answer, to all that was written before it; the proxy's own questions are answered in some thousands. */
    static final int MAX_ANSWER_BYTES = 1024 * 1024;

    /** How long one answer may take from its first byte, however slowly it drips. */
    private static final long MAX_ANSWER_NS = TimeUnit.MINUTES.toNanos(1);

    /** What a driver writes before it is let in; more than any way of logging in takes. */
    private static final int MAX_LOGIN_WRITES = 20;

    /** Bytes that a server says unasked over one connection: parameters, notices, notifications. A driver keeps them. */
    static final int MAX_UNASKED_BYTES = 1024 * 1024;

    private static final byte[] SSL_REQUEST = {0, 0, 0, 8, 4, (byte) 210, 22, 47};
    private static final int AUTHENTICATION_BYTES = 2 * Integer.BYTES;

    /** A server says what no PostgreSQL would. */
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
        /** Behind a TLS handshake, where only bytes can be counted. */
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
     * The driver writes: what comes next is another answer. All of a login counts as one.
     *
     * @throws IOException when a login does not come to an end
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
     * @throws IOException when it is more than it may be, or no message
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
            throw new BadAnswerException("the server sent a message of " + length + " bytes, which is no valid length");
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
