package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Md5Exchange;
import dev.pgproxy.common.auth.ScramExchange;
import dev.pgproxy.common.auth.ScramVerifier;
import dev.pgproxy.common.auth.Verifiers;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.MessageFramer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The proxy's own check of a client that is to take over a backend: asks for what the server asked the backend's first client for,
 * with a new salt or nonce. It never refuses a client by itself: the answers of a client that does not pass are given to the server
 * ({@link Replay}), so that the refusal is the server's own.
 */
public final class Verification {

    /** What follows from a client's answer. */
    sealed interface Step {
        /** The client is asked for more. */
        @SuppressWarnings("ArrayRecordComponent") // Written once and forgotten.
        record Ask(byte[] message) implements Step {}

        /** The client knows the password; the message is sent before AuthenticationOk. */
        @SuppressWarnings("ArrayRecordComponent") // Written once and forgotten.
        record Accept(byte[] message) implements Step {}

        /** Checking this password takes milliseconds of computing. */
        @SuppressWarnings("ArrayRecordComponent") // The receiver wipes it.
        record Compute(ScramVerifier verifier, byte[] password) implements Step {}

        /** The client does not know the password, or sent something that only the server can judge. */
        record Refer() implements Step {}
    }

    private static final byte[] NOTHING = {};

    /** A longer password is not read. */
    private static final int MAX_PASSWORD_BYTES = 16 * 1024;

    private final AuthenticationMethod method;
    private final Verifiers verifiers;
    private final byte[] user;
    private final byte[] salt;
    private final byte[] request;
    private final @Nullable ScramExchange scram;
    private final List<byte[]> answers = new ArrayList<>();

    /**
     * @param method one that the verifiers support, and that asks for something
     * @param saslRequest the server's AuthenticationSASL message; empty for other methods
     * @param user one char per byte
     */
    Verification(
            AuthenticationMethod method, byte[] saslRequest, Verifiers verifiers, String user, SecretSource secrets) {
        this.method = method;
        this.verifiers = verifiers;
        this.user = user.getBytes(StandardCharsets.ISO_8859_1);
        this.salt = secrets.secret(Md5Exchange.SALT_BYTES);
        this.scram = method == AuthenticationMethod.SCRAM_SHA_256
                ? new ScramExchange(verifiers.scram().orElseThrow(), secrets.secret(ScramExchange.NONCE_BYTES))
                : null;
        this.request = switch (method) {
            case PASSWORD -> BackendMessage.authenticationCleartextPassword();
            case MD5 -> BackendMessage.authenticationMd5Password(salt);
            case SCRAM_SHA_256 -> saslRequest;
            case TRUST, OTHER -> throw new IllegalArgumentException("nothing can be asked for by " + method);
        };
    }

    /** How long an answer may be. */
    int mostAnswerBytes() {
        return scram == null ? MAX_PASSWORD_BYTES : ScramExchange.MAX_MESSAGE_BYTES - Integer.BYTES;
    }

    /** What the client is asked for first. */
    byte[] request() {
        return request;
    }

    /**
     * Takes the client's next message.
     *
     * @param message header and all
     */
    Step take(byte[] message) {
        answers.add(message);
        if (message[0] != FrontendMessage.PASSWORD) {
            return new Step.Refer();
        }
        byte[] body = Arrays.copyOfRange(message, MessageFramer.HEADER_BYTES, message.length);
        return scram == null ? takePassword(body) : takeSasl(scram, body);
    }

    /** PasswordMessage: a string, which a server refuses when it is empty. */
    private Step takePassword(byte[] body) {
        int length = body.length - 1;
        if (length < 1 || body[length] != 0) {
            return new Step.Refer();
        }
        byte[] password = Arrays.copyOf(body, length);
        Arrays.fill(body, (byte) 0);
        if (method == AuthenticationMethod.MD5) {
            return Md5Exchange.matches(verifiers.md5().orElseThrow(), salt, password)
                    ? new Step.Accept(NOTHING)
                    : new Step.Refer();
        }
        if (verifiers.md5().isEmpty()) {
            if (!verifiers.scram().orElseThrow().isComputable()) {
                Arrays.fill(password, (byte) 0);
                return new Step.Refer();
            }
            return new Step.Compute(verifiers.scram().orElseThrow(), password);
        }
        byte[] stored = verifiers.md5().get().getBytes(StandardCharsets.US_ASCII);
        byte[] claimed = Md5Exchange.stored(password, user).getBytes(StandardCharsets.US_ASCII);
        Arrays.fill(password, (byte) 0);
        return MessageDigest.isEqual(stored, claimed) ? new Step.Accept(NOTHING) : new Step.Refer();
    }

    private Step takeSasl(ScramExchange exchange, byte[] body) {
        if (answers.size() == 1) {
            byte[] first = ScramExchange.initialResponse(body);
            byte[] answer = first == null ? null : exchange.first(first);
            return answer == null ? new Step.Refer() : new Step.Ask(BackendMessage.authenticationSaslContinue(answer));
        }
        byte[] last = exchange.last(body);
        return last == null ? new Step.Refer() : new Step.Accept(BackendMessage.authenticationSaslFinal(last));
    }

    /** The client's answers, for the server to judge; they are wiped once used. */
    Replay replay() {
        return new Replay(method, scram, answers);
    }

    /** See {@link ScramExchange#clientKey}; empty for other methods. */
    byte[] clientKey() {
        return scram == null ? NOTHING : scram.clientKey();
    }

    /** Wipes the client's answers. */
    void wipe() {
        answers.forEach(answer -> Arrays.fill(answer, (byte) 0));
        answers.clear();
    }
}
