package dev.pgproxy.common.loop;

/**
 * A connection outside of any event loop, on its way from one process to another. The holder owns it, and closes it or passes it on.
 */
public interface Descriptor extends AutoCloseable {

    /** Closes the connection if this still owns it; idempotent. */
    @Override
    void close();
}
