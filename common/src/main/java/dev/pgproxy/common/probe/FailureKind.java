package dev.pgproxy.common.probe;

/** Why a probe of a server failed, and whether that counts as the server being down. */
public enum FailureKind {
    /** Nothing listens there. */
    REFUSED(true),
    /** The connection was made and broke: a server that died, or one whose listener outlives it. */
    RESET(true),
    /** No answer in time: a frozen server, a firewall, a host that is gone. */
    TIMED_OUT(true),
    /** The network reports that there is no route. */
    UNREACHABLE(true),
    /** The name could not be resolved, which says something about the resolver and nothing about the server. */
    UNKNOWN_HOST(false),
    /** The server does not know this user, or refuses its password. It is alive. */
    AUTHENTICATION(false),
    /** All connections are in use. The server is alive. */
    TOO_MANY_CONNECTIONS(false),
    /** The server is starting or shutting down; soon it will answer differently. */
    NOT_READY(false),
    /** Any other error that the server itself reports. It is alive. */
    SERVER_ERROR(false),
    /** Whatever listens there is not PostgreSQL: a mistake in the configuration, not a failure of a server. */
    NOT_POSTGRES(false),
    /** This process could not even try: it has no descriptor, no port or no memory left. */
    LOCAL(false);

    private final boolean down;

    FailureKind(boolean down) {
        this.down = down;
    }

    /** Whether enough of these in a row mean that the server is dead. */
    public boolean countsAsDown() {
        return down;
    }
}
