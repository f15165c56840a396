package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Verifiers;
import dev.pgproxy.common.ipc.RoleFacts;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A client has proved to the proxy that it knows its password, and waits for a backend. What logs in in its stead is kept until then. */
public final class Proof {

    private final byte[] message;
    private final RoleFacts facts;
    private final byte[] clientKey;
    private final @Nullable Replay password;

    /**
     * @param message what the client is told before AuthenticationOk
     * @param facts what the password was compared with
     * @param clientKey empty for other methods than SCRAM
     * @param answers the client's own
     */
    Proof(AuthenticationMethod method, byte[] message, RoleFacts facts, byte[] clientKey, Replay answers) {
        this.message = message;
        this.facts = facts;
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

    /** Whether it is as good as one that was given now: role and password are the same. */
    boolean holdsUnder(RoleFacts now) {
        return facts.fingerprint().equals(now.fingerprint())
                && facts.verifiers().equals(now.verifiers());
    }

    /**
     * What answers a server on a new connection.
     *
     * @param nonce used for this login alone
     */
    LoginAnswers answers(Verifiers verifiers, byte[] nonce) {
        return password != null ? password.copy() : new KeyLogin(verifiers.md5(), clientKey, nonce);
    }

    /** Forgets what logs in. */
    void wipe() {
        Arrays.fill(clientKey, (byte) 0);
        if (password != null) {
            password.wipe();
        }
    }
}
