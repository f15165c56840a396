package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Verifiers;
import dev.pgproxy.common.ipc.RoleFacts;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A client's proof to the proxy that it knows its password. Until the client has a backend, this keeps what logs in for it. */
public final class Proof {

    private final byte[] message;
    private final RoleFacts facts;
    private final byte[] clientKey;
    private final @Nullable Replay password;

    /**
     * @param message sent to the client before AuthenticationOk
     * @param facts what the password was compared with
     * @param clientKey empty for methods other than SCRAM
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

    /** Whether it still holds: role and password are the same as then. */
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

    /** Wipes what logs in. */
    void wipe() {
        Arrays.fill(clientKey, (byte) 0);
        if (password != null) {
            password.wipe();
        }
    }
}
