package dev.pgproxy.common.probe;

/** How a server is probed. */
public enum ProbeKind {
    /** Over the connection that is kept, or over a new one when there is none. */
    KEPT,
    /** Over a new connection, which is then kept. */
    FRESH,
    /** As {@link #KEPT}, after all that was committed before has reached the server's disk. */
    FLUSH
}
