package dev.pgproxy.poolworker.backend;

/** The session that a backend works for, or will work for as soon as it is ready. */
public interface BackendUser {

    /** The connection to the server is established; the login can begin. */
    void backendConnected();

    /**
     * No connection to the server could be made.
     *
     * @param reason for the client
     */
    void backendUnreachable(String reason);

    /** The backend that this session waited for is as good as new, and now belongs to this session. */
    void backendAvailable();

    /** The backend that this session waited for will not become available. */
    void backendUnavailable();

    /** The connection to the server is readable or writable, as bits of {@link dev.pgproxy.common.loop.Interest}. */
    void backendReady(int ready);
}
