package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Md5Exchange;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.Negotiation;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.backend.MessageCopies;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.MessageInspector;
import dev.pgproxy.poolworker.traffic.ScramWitness;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Inspects what a server sends while a client logs in to it. Everything passes but requests that are answered in the client's
 * stead, and two messages: BackendKeyData gets the session's own secret in place of the server's, and NegotiateProtocolVersion
 * says what the proxy and the server agree on.
 */
public final class LoginInspector implements MessageInspector {

    private static final byte[] NOTHING = {};
    private static final int PID_BYTES = 4;
    private static final int MD5_REQUEST_BYTES = Integer.BYTES + Md5Exchange.SALT_BYTES;

    /** The longest key of protocol 3.2; a longer one passes as it is, and its session cannot be cancelled. */
    private static final int MAX_KEY_BYTES = 256;

    private final ServerIdentity identity;
    private final Negotiation negotiation;
    private final UnaryOperator<byte[]> secretForKey;
    private final @Nullable LoginAnswers answers;
    private final @Nullable ScramWitness witness;
    private final Consumer<byte[]> toServer;
    private final Runnable whenComplete;

    private byte[] replacement = NOTHING;
    private byte[] saslRequest = NOTHING;
    private AuthenticationMethod method = AuthenticationMethod.TRUST;
    private boolean saslFinished;
    private boolean started;
    private boolean refused;
    private boolean complete;
    private byte[] refusal = NOTHING;

    /**
     * @param secretForKey the session's secret for the server's cancel key, of the same length
     * @param answers answers in place of a client that has been sent the rest before; null when the client answers itself
     * @param witness overhears the server's requests; null for none
     * @param toServer takes messages sent in the client's stead
     * @param whenComplete run at ReadyForQuery, to put the next inspector in place
     */
    LoginInspector(
            ServerIdentity identity,
            Negotiation negotiation,
            UnaryOperator<byte[]> secretForKey,
            @Nullable LoginAnswers answers,
            @Nullable ScramWitness witness,
            Consumer<byte[]> toServer,
            Runnable whenComplete) {
        this.identity = identity;
        this.negotiation = negotiation;
        this.secretForKey = secretForKey;
        this.answers = answers;
        this.witness = witness;
        this.toServer = toServer;
        this.whenComplete = whenComplete;
    }

    /** The server's ErrorResponse, header and all, when that was its last message; else empty. */
    byte[] refusal() {
        return refusal;
    }

    /** Whether the server has let the client in. */
    boolean isComplete() {
        return complete;
    }

    /** Whether the server's last message was an error. */
    boolean isRefused() {
        return refused;
    }

    @Override
    public boolean wantsWhole(byte type) {
        return true;
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) throws ProtocolViolation {
        boolean first = !started;
        started = true;
        refused = type == BackendMessage.ERROR_RESPONSE;
        refusal = refused ? MessageCopies.whole(buffer, bodyStart, bodyBytes) : NOTHING;
        Verdict verdict = inspectOne(type, buffer, bodyStart, bodyBytes);
        if (first && negotiation.isNeeded() && type != BackendMessage.NEGOTIATE_PROTOCOL_VERSION && !refused) {
            byte[] own = negotiation.message();
            identity.negotiation(own);
            if (answers != null) {
                return verdict; // The client was sent it before it was asked for its password.
            }
            replacement = concat(own, MessageCopies.whole(buffer, bodyStart, bodyBytes));
            return Verdict.REPLACE;
        }
        return verdict;
    }

    private Verdict inspectOne(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) throws ProtocolViolation {
        switch (type) {
            case BackendMessage.AUTHENTICATION -> {
                return onAuthentication(buffer, bodyStart, bodyBytes);
            }
            case BackendMessage.NOTICE_RESPONSE ->
                identity.loginNotice(MessageCopies.whole(buffer, bodyStart, bodyBytes));
            case BackendMessage.PARAMETER_STATUS ->
                require(MessageCopies.status(identity, buffer, bodyStart, bodyBytes), "ParameterStatus");
            case BackendMessage.NEGOTIATE_PROTOCOL_VERSION -> {
                require(bodyBytes >= Negotiation.HEADER_BYTES, "NegotiateProtocolVersion");
                if (identity.negotiation().length > 0) {
                    return Verdict.FORWARD; // A server sends it once; any other is between it and the client.
                }
                replacement = negotiation.message(MessageCopies.copy(buffer, bodyStart, bodyBytes));
                identity.negotiation(replacement);
                if (answers != null) {
                    replacement = NOTHING;
                }
                return Verdict.REPLACE;
            }
            case BackendMessage.BACKEND_KEY_DATA -> {
                require(bodyBytes > PID_BYTES, "BackendKeyData");
                if (bodyBytes <= PID_BYTES + MAX_KEY_BYTES) {
                    identity.keyData(MessageCopies.copy(buffer, bodyStart, bodyBytes));
                    replacement =
                            BackendMessage.backendKeyData(identity.pid(), secretForKey.apply(identity.cancelKey()));
                    return Verdict.REPLACE;
                }
            }
            case BackendMessage.READY_FOR_QUERY -> {
                require(bodyBytes == 1, "ReadyForQuery");
                complete = true;
                whenComplete.run();
            }
            default -> {}
        }
        return Verdict.FORWARD;
    }

    private Verdict onAuthentication(ByteBuffer buffer, int bodyStart, int bodyBytes) throws ProtocolViolation {
        require(bodyBytes >= Integer.BYTES, "Authentication");
        int code = buffer.getInt(bodyStart);
        if (code == AuthenticationMethod.OK_CODE) {
            boolean half = method == AuthenticationMethod.SCRAM_SHA_256 && !saslFinished;
            identity.authenticatedBy(half ? AuthenticationMethod.OTHER : method, saslRequest);
            return Verdict.FORWARD;
        }
        method = AuthenticationMethod.ofRequest(code);
        saslFinished |= code == AuthenticationMethod.SASL_FINAL_CODE;
        if (code == AuthenticationMethod.SASL_CODE) {
            saslRequest = MessageCopies.whole(buffer, bodyStart, bodyBytes);
        }
        require(code != AuthenticationMethod.MD5_CODE || bodyBytes == MD5_REQUEST_BYTES, "AuthenticationMD5Password");
        byte[] data = MessageCopies.copy(buffer, bodyStart + Integer.BYTES, bodyBytes - Integer.BYTES);
        if (witness != null) {
            witness.server(code, data);
        }
        byte[] answer = answers == null ? null : answers.answer(code, data);
        if (answer == null) {
            return Verdict.FORWARD;
        }
        toServer.accept(answer);
        Arrays.fill(answer, (byte) 0);
        return Verdict.REPLACE;
    }

    /** No client could make sense of such a login, and there is no telling what else this server sends. */
    private static void require(boolean isSound, String message) throws ProtocolViolation {
        if (!isSound) {
            throw ProtocolViolation.of("malformed " + message + " message in a login");
        }
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
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
        // A request of this size is not one that we know.
        method = AuthenticationMethod.OTHER;
    }
}
