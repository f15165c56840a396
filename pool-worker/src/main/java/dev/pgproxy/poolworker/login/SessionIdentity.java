package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Verifiers;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.poolworker.traffic.ScramWitness;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What makes a session the same for its client, wherever it goes on: the process id and the secret that the client was told for its
 * cancels, and what logs in to another server in its stead. The latter is kept only where it may be needed.
 */
public final class SessionIdentity {

    private static final byte[] NOTHING = {};

    private boolean keepsKey;
    private int pid;
    private byte[] secret;
    private byte[] clientKey;
    private @Nullable ScramWitness witness;

    /**
     * Of a session that begins, or goes on.
     *
     * @param keepsKey whether the session shall be able to continue on another server
     * @param from null when it begins
     */
    public SessionIdentity(boolean keepsKey, @Nullable Resumption from) {
        this.keepsKey = keepsKey;
        this.pid = from == null ? 0 : from.pid();
        this.secret = from == null ? NOTHING : from.secret();
        this.clientKey = from == null ? NOTHING : from.clientKey();
    }

    /**
     * From now on nothing that logs in is kept.
     *
     * @param isLoggedIn whether it is not needed for a login that is under way
     */
    public void stay(boolean isLoggedIn) {
        keepsKey = false;
        witness = null;
        if (isLoggedIn) {
            forgetKey();
        }
    }

    private void forgetKey() {
        wipe();
        clientKey = NOTHING;
    }

    /** The client is told this process id and this secret. */
    void told(int toldPid, byte[] toldSecret) {
        pid = toldPid;
        secret = toldSecret;
    }

    /** What the client was told; empty when it was told nothing. */
    byte[] secret() {
        return secret;
    }

    /** Whether a CancelRequest with this pid and secret is for this session. Takes as long for a wrong secret as for a right one. */
    public boolean isNamedBy(int toldPid, byte[] toldSecret) {
        return secret.length > 0 && pid == toldPid && MessageDigest.isEqual(secret, toldSecret);
    }

    /** A login by the server is about to begin: who is to listen to it; null for nobody. */
    @Nullable
    ScramWitness overhear(Verifiers verifiers) {
        if (keepsKey) {
            witness = verifiers.scram().map(ScramWitness::new).orElse(null);
        }
        return witness;
    }

    /** The login is over. */
    void loggedIn() {
        if (witness != null) {
            clientKey = witness.clientKey();
            witness = null;
        }
        if (!keepsKey) {
            forgetKey();
        }
    }

    /** The client has proved to the proxy itself that it has the password. */
    void proved(byte[] provedWith) {
        clientKey = keepsKey ? provedWith : NOTHING;
    }

    /** Whether the proxy may be able to log in in the client's stead where the server asks in this way. */
    public boolean canLogIn(AuthenticationMethod method) {
        return switch (method) {
            case TRUST, MD5 -> keepsKey;
            case SCRAM_SHA_256 -> keepsKey && clientKey.length > 0;
            case PASSWORD, OTHER -> false;
        };
    }

    /**
     * What another backend needs to go on with the session.
     *
     * @param statuses parameters that the client was told the values of
     * @param settings what the client has set
     */
    public Resumption resumption(Map<String, String> statuses, Map<String, String> settings) {
        return new Resumption(pid, secret, statuses, settings, clientKey.clone());
    }

    /** Forgets what logs in. */
    public void wipe() {
        Arrays.fill(clientKey, (byte) 0);
    }
}
