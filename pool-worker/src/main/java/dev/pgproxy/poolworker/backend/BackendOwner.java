package dev.pgproxy.poolworker.backend;

/** Who keeps the pool, and is told of what changes for it. */
public interface BackendOwner {
    /** A reset has begun; the backend will be idle soon. */
    void resetting(Backend backend);

    /** The backend waits for its next user. */
    void idle(Backend backend);

    /** What the backend runs is not wanted any more: asks for a cancel, of which {@link Backend#cancelFinished} tells the end. */
    void cancelQuery(Backend backend);

    /** The backend was given up, and the server has still to end its side. */
    void closing(Backend backend);

    /** No connection could be made. */
    void unreachable(Backend backend, String reason);

    /**
     * The former client has left behind what no reset undoes, or nobody can tell; the backend is closed.
     *
     * @param why what it "has", or what its role did, for the log
     */
    void notAsNew(Backend backend, String why);

    /** The connection cannot go on, for a reason that nobody thought of, and is closed. */
    void broken(Backend backend, Throwable cause);

    /** The connection is closed. Called once, at the end of every life. */
    void gone(Backend backend);
}
