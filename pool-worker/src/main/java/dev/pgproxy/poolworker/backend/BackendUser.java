package dev.pgproxy.poolworker.backend;

/** The session that a backend works for, or will as soon as it is ready. */
public interface BackendUser {

    /** The connection to the server stands; the login can begin. */
    void backendConnected();

    /**
     * No connection to the server could be made.
     *
     * @param reason for the client
     */
    void backendUnreachable(String reason);

    /** The backend that this session waited for is as good as new and now its own. */
    void backendAvailable();

    /** The backend that this session waited for will not become available. */
    void backendUnavailable();

    /** Bytes or room on the connection to the server, as bits of {@link dev.pgproxy.common.loop.Interest}. */
    void backendReady(int ready);
}
