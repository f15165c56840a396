package dev.pgproxy.master.failover;

import java.io.IOException;

/** Stores the last failover state, so that it survives this process. */
@FunctionalInterface
public interface StateStore {

    /**
     * Stores the state. Blocks until it is durable.
     *
     * @throws IOException when it is not certain that it was stored
     */
    void write(FailoverState state) throws IOException;
}
