package dev.pgproxy.common.loop;

/**
 * A connection without a loop: on its way from one process to another. Whoever holds it owns it and closes it, or gives it to somebody else.
 */
public interface Descriptor extends AutoCloseable {

    /** Closes the connection if this still owns it; idempotent. */
    @Override
    void close();
}
