package dev.pgproxy.master.failover;

import java.util.Set;

/**
 * The progress of a change of the primary. Once the decision made in {@link #INTENDING} is durable, there is no way back: the standby may
 * have been told to promote.
 *
 * <pre>
 *   WATCHING    -> INTENDING    the primary is dead, and there is no objection to the standby
 *               -> QUIESCING    an operator wants a switchover
 *               -> FINISHING    a server was promoted outside pgproxy, and is adopted
 *               -> FENCING, PROMOTING    at startup: the previous process had decided it
 *   QUIESCING   -> CATCHING_UP  all sessions on the primary are at rest
 *               -> WATCHING     called off
 *   CATCHING_UP -> INTENDING    the standby has everything
 *               -> WATCHING     called off
 *   INTENDING   -> PROMOTING    the decision is durable
 *               -> FENCING      the same, for a switchover with failover.fence_old_primary
 *               -> WATCHING     the disk failed, or the primary is back, before the standby was told
 *   FENCING     -> PROMOTING    the standby has what others wrote, or cannot get it
 *   PROMOTING   -> FINISHING    the standby accepts writes, or another server was promoted outside pgproxy
 *   FINISHING   -> WATCHING     the result is durable, or will be saved later
 * </pre>
 */
enum Phase {
    WATCHING,
    /** Sessions on the primary are being brought to rest for a switchover. */
    QUIESCING,
    /** The standby is receiving the rest of the primary's WAL. */
    CATCHING_UP,
    /** The decision is being made durable. */
    INTENDING,
    /** Others are kept from writing to the old primary, and the standby receives what they had written. */
    FENCING,
    /** The standby is told to promote, repeatedly if needed, until it accepts writes. */
    PROMOTING,
    /** Another server is the primary; this is being made durable. */
    FINISHING;

    private Set<Phase> next() {
        return switch (this) {
            case WATCHING -> Set.of(INTENDING, QUIESCING, FINISHING, FENCING, PROMOTING);
            case QUIESCING -> Set.of(CATCHING_UP, WATCHING);
            case CATCHING_UP -> Set.of(INTENDING, WATCHING);
            case INTENDING -> Set.of(PROMOTING, FENCING, WATCHING);
            case FENCING -> Set.of(PROMOTING);
            case PROMOTING -> Set.of(FINISHING);
            case FINISHING -> Set.of(WATCHING);
        };
    }

    /** @throws IllegalStateException when this transition is not allowed: continuing could promote a second server */
    void checkNext(Phase phase) {
        if (!next().contains(phase)) {
            throw new IllegalStateException("a change of the primary cannot go from " + this + " to " + phase);
        }
    }

    /** Whether the standby may have been told to promote, or will be once the decision is on disk. */
    boolean isDecided() {
        return switch (this) {
            case INTENDING, FENCING, PROMOTING, FINISHING -> true;
            case WATCHING, QUIESCING, CATCHING_UP -> false;
        };
    }
}
