package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.traffic.BackendLease;
import dev.pgproxy.poolworker.traffic.RelayHost;
import dev.pgproxy.poolworker.traffic.ScramWitness;
import org.jspecify.annotations.Nullable;

/** The session that a login is for. */
public interface LoginHost extends RelayHost {

    /** The settings in force. */
    PoolSettings settings();

    /** The backend that is to serve the session, which there is. */
    Backend attached();

    /** The backend is somebody else's from now on, or of no use; the caller releases it. */
    void leaveBackend();

    /**
     * The backend gets to work for the client.
     *
     * @param witness listens to what the client says; null when nobody does
     */
    BackendLease lease(Backend serving, @Nullable ScramWitness witness);

    /**
     * The client is in.
     *
     * @param askable how the next client of this kind can be asked before it has a place
     */
    void loggedIn(BackendLease lease, AuthenticationMethod askable);

    /** Whether a login that is under way is not to go on. */
    boolean isLoginHeld();

    /** Takes a step that nothing of the client's led to just now. */
    void contained(Runnable step);
}
