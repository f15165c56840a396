package dev.pgproxy.common.ipc;

/** What an operator can have the master do, beside ending connections. The argument is a server, or empty for all, where there is one. */
public enum OperatorCommand {
    RELOAD,
    /** Give no new client a connection to the server, and wait until nobody has one. */
    PAUSE,
    RESUME,
    /** Use no connection again that is open now. */
    RECONNECT,
    /** Let the server, a standby, take the primary's place, and lose nothing. */
    SWITCHOVER,
    /** Call off a switchover that has not come to its promotion. */
    SWITCHOVER_CANCEL,
    SHUTDOWN
}
