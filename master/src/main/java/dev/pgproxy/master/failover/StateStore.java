package dev.pgproxy.master.failover;

import java.io.IOException;

/** Keeps the last state of the failover, so that it outlives this process. */
@FunctionalInterface
public interface StateStore {

    /**
     * Keeps it. Blocks until it is durable.
     *
     * @throws IOException when it is not certain that it was kept
     */
    void write(FailoverState state) throws IOException;
}
