package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Verifiers;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A client has proved to the proxy that it knows its password, and waits for a backend. What logs in in its stead is kept until then. */
final class Proof {

    private final byte[] message;
    private final byte[] clientKey;
    private final @Nullable Replay password;

    /**
     * @param message what the client is told before AuthenticationOk
     * @param clientKey empty for other methods than SCRAM
     * @param answers the client's own
     */
    Proof(AuthenticationMethod method, byte[] message, byte[] clientKey, Replay answers) {
        this.message = message;
        this.clientKey = clientKey.clone();
        if (method == AuthenticationMethod.PASSWORD) {
            this.password = answers;
        } else {
            answers.wipe();
            this.password = null;
        }
    }

    byte[] message() {
        return message;
    }

    /**
     * What answers a server on a new connection.
     *
     * @param nonce used for this login alone
     */
    LoginAnswers answers(Verifiers verifiers, byte[] nonce) {
        return password != null ? password : new KeyLogin(verifiers.md5(), clientKey, nonce);
    }

    /** Forgets what logs in. */
    void wipe() {
        Arrays.fill(clientKey, (byte) 0);
        if (password != null) {
            password.wipe();
        }
    }
}
