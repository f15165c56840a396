package dev.pgproxy.poolworker.session;

/**
 * The life of a client's stay at a worker.
 *
 * <pre>
 *   ACCEPTED -> WAITING -> LOGGING_IN -> ACTIVE -> ENDING -> CLOSED
 *          \________\______(warm)_____^       \______^
 *   from every state: -> CLOSED
 * </pre>
 */
public enum SessionState {
    /** The descriptor is ours; the master has not been told yet, so the client is not touched. */
    ACCEPTED,
    /** For a connection to the server, or for a backend that is being reset. */
    WAITING,
    LOGGING_IN,
    ACTIVE,
    /** The client has sent Terminate and still gets the answers to what it sent before. */
    ENDING,
    CLOSED
}
