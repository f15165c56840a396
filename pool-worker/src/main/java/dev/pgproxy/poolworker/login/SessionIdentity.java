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
 * What makes a session the same for its client wherever it continues: the process id and the secret that the client was given for
 * its CancelRequests, and what logs in to another server in its stead. The latter is kept only where it may be needed.
 */
public final class SessionIdentity {

    private static final byte[] NOTHING = {};

    private boolean keepsKey;
    private int pid;
    private byte[] secret;
    private byte[] clientKey;
    private @Nullable ScramWitness witness;

    /**
     * For a session that begins or continues.
     *
     * @param keepsKey whether the session may continue on another server
     * @param from null when it begins
     */
    public SessionIdentity(boolean keepsKey, @Nullable Resumption from) {
        this.keepsKey = keepsKey;
        this.pid = from == null ? 0 : from.pid();
        this.secret = from == null ? NOTHING : from.secret();
        this.clientKey = from == null ? NOTHING : from.clientKey();
    }

    /**
     * Stops keeping what logs in.
     *
     * @param isLoggedIn whether no login is under way that needs it
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

    /** Notes the process id and the secret that the client is sent. */
    void told(int toldPid, byte[] toldSecret) {
        pid = toldPid;
        secret = toldSecret;
    }

    /** The secret that the client was sent; empty when there was none. */
    byte[] secret() {
        return secret;
    }

    /** Whether a CancelRequest with this pid and secret is for this session. Takes as long for a wrong secret as for a right one. */
    public boolean isNamedBy(int toldPid, byte[] toldSecret) {
        return secret.length > 0 && pid == toldPid && MessageDigest.isEqual(secret, toldSecret);
    }

    /** The witness of a login at the server that is about to begin; null for none. */
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

    /** The client has proved to the proxy itself that it knows the password. */
    void proved(byte[] provedWith) {
        clientKey = keepsKey ? provedWith : NOTHING;
    }

    /** Whether the proxy may be able to log in for the client at a server that asks by this method. */
    public boolean canLogIn(AuthenticationMethod method) {
        return switch (method) {
            case TRUST, MD5 -> keepsKey;
            case SCRAM_SHA_256 -> keepsKey && clientKey.length > 0;
            case PASSWORD, OTHER -> false;
        };
    }

    /**
     * What another backend needs to continue the session.
     *
     * @param statuses parameter values that the client was sent
     * @param settings what the client has set
     */
    public Resumption resumption(Map<String, String> statuses, Map<String, String> settings) {
        return new Resumption(pid, secret, statuses, settings, clientKey.clone());
    }

    /** Wipes what logs in. */
    public void wipe() {
        Arrays.fill(clientKey, (byte) 0);
    }
}
