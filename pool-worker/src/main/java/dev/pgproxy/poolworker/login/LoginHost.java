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

    /** The backend that is to serve the session; there must be one. */
    Backend attached();

    /** Detaches the backend, which goes to another session or is of no use; the caller releases it. */
    void leaveBackend();

    /**
     * Puts the backend to work for the client.
     *
     * @param witness overhears what the client sends; null for none
     */
    BackendLease lease(Backend serving, @Nullable ScramWitness witness);

    /**
     * The client is in.
     *
     * @param askable how to ask the next client of this kind for its password before it has a place
     */
    void loggedIn(BackendLease lease, AuthenticationMethod askable);

    /** Whether a login that is under way is held. */
    boolean isLoginHeld();

    /** Runs a step that the client did not just trigger, such as a timer's. */
    void contained(Runnable step);
}
