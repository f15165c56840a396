package dev.pgproxy.master.failover;

import java.util.Set;

/**
 * The primary's health.
 *
 * <pre>
 *   ALIVE   -> SUSPECT  a probe failed, or the kept connection was lost
 *   SUSPECT -> DOWN     conninfo.conn_retry_num probes over new connections have failed
 *           -> ALIVE    it answers
 *   DOWN    -> ALIVE    it answers
 * </pre>
 */
enum Health {
    /** It accepts connections, or reports itself why it does not. */
    ALIVE,
    /** Probes have failed, but fewer than the configured retries. */
    SUSPECT,
    DOWN;

    private Set<Health> next() {
        return switch (this) {
            case ALIVE -> Set.of(SUSPECT);
            case SUSPECT -> Set.of(DOWN, ALIVE);
            case DOWN -> Set.of(ALIVE);
        };
    }

    /** @throws IllegalStateException when this transition is not allowed: a primary that was never suspected is not replaced */
    void checkNext(Health health) {
        if (!next().contains(health)) {
            throw new IllegalStateException("the primary's health cannot go from " + this + " to " + health);
        }
    }
}
