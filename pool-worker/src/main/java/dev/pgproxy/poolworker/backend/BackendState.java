package dev.pgproxy.poolworker.backend;

/**
 * The life of a connection to a server.
 *
 * <pre>
 *   CONNECTING -> LOGGING_IN -> IN_SESSION -> DRAINING -> ROLLING_BACK -> DISCARDING -> IDLE -> IN_SESSION ...
 *                                     \__________________^_______________^
 *   from every state: -> CLOSED, by way of CLOSING where the server still has to end its side
 * </pre>
 */
public enum BackendState {
    CONNECTING,
    /** The client's startup packet was sent; the server authenticates the client. */
    LOGGING_IN,
    IN_SESSION,
    /** The client is gone; the server still answers it, or a cancel for it is under way. */
    DRAINING,
    ROLLING_BACK,
    DISCARDING,
    IDLE,
    /** Given up; the server has not ended the connection yet, so it still counts there. */
    CLOSING,
    CLOSED;

    /** Whether a session that has just got such a backend can begin its login. */
    public boolean awaitsLogin() {
        return this == IN_SESSION || this == CONNECTING;
    }
}
