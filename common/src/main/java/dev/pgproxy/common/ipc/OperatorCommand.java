package dev.pgproxy.common.ipc;

/** What an operator can have the master do, besides ending connections. The argument, where there is one, is a server, or empty for all. */
public enum OperatorCommand {
    RELOAD,
    /** Give no new client a connection to the server, and wait until no client has one. */
    PAUSE,
    RESUME,
    /** Reuse none of the connections that are open now. */
    RECONNECT,
    /** Let the server, a standby, take the primary's place without losing anything. */
    SWITCHOVER,
    /** Call off a switchover that has not reached its promotion. */
    SWITCHOVER_CANCEL,
    SHUTDOWN
}
