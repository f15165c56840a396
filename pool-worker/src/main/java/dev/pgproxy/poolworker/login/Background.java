package dev.pgproxy.poolworker.login;

import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Where computations go that would keep the event loop from its other sessions. */
@FunctionalInterface
public interface Background {

    /**
     * Computes something elsewhere, and hands the result to the event loop. Those who ask take turns.
     *
     * @param role for whom it is computed
     * @param address where the client comes from
     * @return false when too much waits to be computed; then nothing is called
     */
    boolean compute(String role, String address, BooleanSupplier work, Consumer<Boolean> then);
}
