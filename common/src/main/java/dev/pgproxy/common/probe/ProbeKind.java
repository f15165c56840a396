package dev.pgproxy.common.probe;

/** How a server is looked at. */
public enum ProbeKind {
    /** Over the connection that is kept, or a new one when there is none. */
    KEPT,
    /** Over a new connection, which is kept then. */
    FRESH,
    /** As {@link #KEPT}, behind all that was committed before, on the server's disk. */
    FLUSH
}
