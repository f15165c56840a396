package dev.pgproxy.poolworker.traffic;

/**
 * The states of a client's stay at a worker.
 *
 * <pre>
 *   ACCEPTED -> WAITING -> CHECKING -> WAITING -> LOGGING_IN ---> ACTIVE -> ENDING -> CLOSED
 *                             |          ^                         ^  \______^
 *                  warm:      +-> VERIFYING --> SETTING_UP --------+
 *   from every state: -> CLOSED
 * </pre>
 */
public enum SessionState {
    /** The worker owns the descriptor; the master has not been told yet, so the client is not touched. */
    ACCEPTED,
    /** Waits for a connection to the server, for a backend that is being reset, or for a place. */
    WAITING,
    /** The master is asked what is known of the client's role. */
    CHECKING,
    /** The proxy asks the client for its password. */
    VERIFYING,
    /** The backend is given settings that the server may refuse. */
    SETTING_UP,
    /** The server authenticates the client. */
    LOGGING_IN,
    ACTIVE,
    /** The client has sent Terminate and still gets the answers to what it sent before. */
    ENDING,
    CLOSED;

    /** Whether the client is not in yet. */
    public boolean isBeforeLogin() {
        return compareTo(ACTIVE) < 0;
    }

    /** Whether nothing of the client's has reached the backend yet. */
    boolean isBeforeBackend() {
        return this == ACCEPTED || this == WAITING || this == CHECKING || this == VERIFYING;
    }
}
