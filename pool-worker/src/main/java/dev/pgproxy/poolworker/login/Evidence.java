package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.ScramExchange;
import dev.pgproxy.common.auth.Verifiers;
import dev.pgproxy.common.ipc.Resumption;
import org.jspecify.annotations.Nullable;

/** What answers a server in the client's stead: a session that the client has already, or its answers to the proxy. */
public final class Evidence {

    private final SecretSource secrets;
    private final @Nullable Resumption resumption;
    private @Nullable Proof proof;
    private @Nullable Replay replay;

    /** @param resumption of the session that the client has already; null when it is about to log in */
    Evidence(SecretSource secrets, @Nullable Resumption resumption) {
        this.secrets = secrets;
        this.resumption = resumption;
    }

    @Nullable
    Resumption resumption() {
        return resumption;
    }

    /** Proof that the client knows its password; null when the proxy has not asked, or was not convinced. */
    @Nullable
    public Proof proof() {
        return proof;
    }

    /** The client's answers, if they did not convince the proxy; null when it has not asked, or was convinced. */
    @Nullable
    public Replay replay() {
        return replay;
    }

    /** The proxy has asked the client, which has proved that it knows its password. */
    void proved(Proof given) {
        proof = given;
    }

    /** The proxy has asked the client, and the server must judge its answers. */
    void referred(Replay given) {
        replay = given;
    }

    /** Whether the client must notice nothing of a login at a server: it has a session already, or has proved its identity. */
    boolean isSilent() {
        return resumption != null || proof != null;
    }

    /** Whether there is none: client and server talk to each other directly. */
    boolean isNone() {
        return !isSilent() && replay == null;
    }

    /** Answers the server in the client's stead; null when the client answers itself. */
    @Nullable
    LoginAnswers answers(Verifiers verifiers) {
        byte[] nonce = secrets.secret(ScramExchange.NONCE_BYTES);
        if (resumption != null) {
            return new KeyLogin(verifiers.md5(), resumption.clientKey(), nonce);
        }
        return proof == null ? replay : proof.answers(verifiers, nonce);
    }

    void wipe() {
        if (replay != null) {
            replay.wipe();
            replay = null;
        }
        if (proof != null) {
            proof.wipe();
            proof = null;
        }
    }
}
