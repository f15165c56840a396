package dev.pgproxy.common.probe;

/** Why a look at a server told nothing of it, and whether that counts as the server being down. */
public enum FailureKind {
    /** Nothing listens there. */
    REFUSED(true),
    /** The connection was made and broke: a server that died, or one whose listener lives without it. */
    RESET(true),
    /** No answer in time: a frozen server, a firewall, a host that is gone. */
    TIMED_OUT(true),
    /** The network says that there is no way. */
    UNREACHABLE(true),
    /** The name could not be resolved, which says something of the resolver and nothing of the server. */
    UNKNOWN_HOST(false),
    /** The server knows nobody of this name, or not with this password. It lives. */
    AUTHENTICATION(false),
    /** All connections are in use. It lives. */
    TOO_MANY_CONNECTIONS(false),
    /** It is about to take connections, or just stops doing so; soon it answers otherwise. */
    NOT_READY(false),
    /** Any other error that the server itself reports. It lives. */
    SERVER_ERROR(false),
    /** Whatever listens there is no PostgreSQL: a mistake in the configuration, and no failure of a server. */
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
