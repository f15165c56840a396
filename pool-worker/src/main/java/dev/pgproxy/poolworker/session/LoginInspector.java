package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.poolworker.backend.MessageCopies;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.MessageInspector;
import java.nio.ByteBuffer;
import java.util.function.UnaryOperator;

/**
 * Looks at what a server says while a client logs in to it. Everything passes but two messages: BackendKeyData gets the
 * session's own secret in place of the server's, and NegotiateProtocolVersion says what the proxy and the server agree on.
 */
final class LoginInspector implements MessageInspector {

    private static final byte[] NOTHING = {};
    private static final int PID_BYTES = 4;

    /** The longest key of protocol 3.2; a longer one passes as it is, and its session cannot be cancelled. */
    private static final int MAX_KEY_BYTES = 256;

    private final ServerIdentity identity;
    private final Negotiation negotiation;
    private final UnaryOperator<byte[]> secretForKey;
    private final Runnable whenComplete;

    private byte[] replacement = NOTHING;
    private boolean started;
    private boolean proofAsked;
    private boolean refused;

    /**
     * @param secretForKey the session's secret for the server's cancel key, of the same length
     * @param whenComplete run at ReadyForQuery, to put the next inspector in place
     */
    LoginInspector(
            ServerIdentity identity,
            Negotiation negotiation,
            UnaryOperator<byte[]> secretForKey,
            Runnable whenComplete) {
        this.identity = identity;
        this.negotiation = negotiation;
        this.secretForKey = secretForKey;
        this.whenComplete = whenComplete;
    }

    /** Whether the server let the client in without asking for any proof. */
    boolean isTrusted() {
        return !proofAsked;
    }

    /** Whether the server's last word was an error. */
    boolean isRefused() {
        return refused;
    }

    @Override
    public boolean wantsWhole(byte type) {
        return true;
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        boolean first = !started;
        started = true;
        refused = type == BackendMessage.ERROR_RESPONSE;
        Verdict verdict = inspectOne(type, buffer, bodyStart, bodyBytes);
        if (first && negotiation.isNeeded() && type != BackendMessage.NEGOTIATE_PROTOCOL_VERSION && !refused) {
            byte[] own = negotiation.message();
            identity.negotiation(own);
            replacement = concat(own, MessageCopies.whole(buffer, bodyStart, bodyBytes));
            return Verdict.REPLACE;
        }
        return verdict;
    }

    private Verdict inspectOne(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        switch (type) {
            case BackendMessage.AUTHENTICATION -> proofAsked |= bodyBytes < 4 || buffer.getInt(bodyStart) != 0;
            case BackendMessage.PARAMETER_STATUS -> MessageCopies.status(identity, buffer, bodyStart, bodyBytes);
            case BackendMessage.NEGOTIATE_PROTOCOL_VERSION -> {
                if (identity.negotiation().length > 0) {
                    return Verdict.FORWARD; // A server says it once; what else it says is between it and the client.
                }
                replacement = negotiation.message(MessageCopies.copy(buffer, bodyStart, bodyBytes));
                identity.negotiation(replacement);
                return Verdict.REPLACE;
            }
            case BackendMessage.BACKEND_KEY_DATA -> {
                if (bodyBytes > PID_BYTES && bodyBytes <= PID_BYTES + MAX_KEY_BYTES) {
                    identity.keyData(MessageCopies.copy(buffer, bodyStart, bodyBytes));
                    replacement =
                            BackendMessage.backendKeyData(identity.pid(), secretForKey.apply(identity.cancelKey()));
                    return Verdict.REPLACE;
                }
            }
            case BackendMessage.READY_FOR_QUERY -> whenComplete.run();
            default -> {}
        }
        return Verdict.FORWARD;
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = java.util.Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    @Override
    public byte[] replacement() {
        byte[] bytes = replacement;
        replacement = NOTHING;
        return bytes;
    }

    @Override
    public void passedUnseen(byte type) {
        // A challenge of this size is none that we know: whoever passes it must prove himself to the server again.
        proofAsked = true;
    }
}
