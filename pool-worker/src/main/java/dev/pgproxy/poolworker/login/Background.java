package dev.pgproxy.poolworker.login;

import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Runs computations that would keep the event loop from its other sessions. */
@FunctionalInterface
public interface Background {

    /**
     * Computes something off the event loop, and hands the result to it. Clients take turns, by role and address.
     *
     * @param role that the client wants to be
     * @param address that the client comes from
     * @return false when too many computations are waiting; then neither callback is called
     */
    boolean compute(String role, String address, BooleanSupplier work, Consumer<Boolean> then);
}
