package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.loop.Clock;
import java.util.concurrent.TimeUnit;

/** How old a backend is, and how long it may still be used. */
final class BackendAge {

    private final Clock clock;
    private final long createdNs;
    private long stateSinceNs;
    private long lifetimeMs;
    private long idleSessionTimeoutMs;

    /** @param lifetimeMs age from which it is not reused */
    BackendAge(Clock clock, long lifetimeMs) {
        this.clock = clock;
        this.lifetimeMs = lifetimeMs;
        this.createdNs = clock.nanoTime();
        this.stateSinceNs = createdNs;
    }

    long createdNs() {
        return createdNs;
    }

    long stateSinceNs() {
        return stateSinceNs;
    }

    void stateChanged() {
        stateSinceNs = clock.nanoTime();
    }

    void lifetimeMs(long newLifetimeMs) {
        lifetimeMs = newLifetimeMs;
    }

    /** @param timeoutMs idle time after which the server ends the session; 0 for never */
    void idleSessionTimeoutMs(long timeoutMs) {
        idleSessionTimeoutMs = timeoutMs;
    }

    boolean isTimedByServer() {
        return idleSessionTimeoutMs > 0;
    }

    boolean isOver() {
        return leftMs() <= 0;
    }

    private long leftMs() {
        return lifetimeMs - TimeUnit.NANOSECONDS.toMillis(clock.nanoTime() - createdNs);
    }

    /** How long the idle backend may wait for its next client; at least 1 ms. */
    long idleLeftMs(PoolSettings settings) {
        long idleMs = TimeUnit.NANOSECONDS.toMillis(clock.nanoTime() - stateSinceNs);
        // After half of the server's own timeout, the session could end while a client uses it.
        long mostMs = isTimedByServer()
                ? Math.min(settings.idleTimeoutMs(), idleSessionTimeoutMs / 2)
                : settings.idleTimeoutMs();
        return Math.max(1, Math.min(mostMs - idleMs, leftMs()));
    }
}
