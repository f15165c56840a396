package dev.pgproxy.master.failover;

import java.util.Set;

/**
 * How far a change of the primary has come. From {@link #INTENDING}, once its decision is durable, there is no way back: the standby may
 * have been told.
 *
 * <pre>
 *   WATCHING    -> INTENDING    the primary is dead, and nothing speaks against the standby
 *               -> QUIESCING    an operator wants a switchover
 *               -> FINISHING    somebody else has promoted a server, and it is used
 *               -> FENCING, PROMOTING    at the start: the process before this one had decided it
 *   QUIESCING   -> CATCHING_UP  nobody does anything on the primary any more
 *               -> WATCHING     called off
 *   CATCHING_UP -> INTENDING    the standby has everything
 *               -> WATCHING     called off
 *   INTENDING   -> PROMOTING    the decision is durable
 *               -> FENCING      the same, for a switchover with failover.fence_old_primary
 *               -> WATCHING     the disk failed, or the primary is back, before anybody was told
 *   FENCING     -> PROMOTING    the standby has what others wrote, or does not get it
 *   PROMOTING   -> FINISHING    the standby takes writes, or another server does that nobody here has told
 *   FINISHING   -> WATCHING     what was done is durable, or will be
 * </pre>
 */
enum Phase {
    WATCHING,
    /** Sessions of the primary come to rest, for a switchover. */
    QUIESCING,
    /** The standby gets the rest of the primary's WAL. */
    CATCHING_UP,
    /** The decision is being made durable. */
    INTENDING,
    /** Others are kept from writing to the old primary, and the standby gets what they had written. */
    FENCING,
    /** The standby is told, and told again, until it takes writes. */
    PROMOTING,
    /** Another server is the primary; that is being made durable. */
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

    /** @throws IllegalStateException when there is no way from here to there: going on could promote a second server */
    void checkNext(Phase phase) {
        if (!next().contains(phase)) {
            throw new IllegalStateException("a change of the primary cannot go from " + this + " to " + phase);
        }
    }

    /** Whether the standby may have been told, or will be once the disk answers. */
    boolean isDecided() {
        return switch (this) {
            case INTENDING, FENCING, PROMOTING, FINISHING -> true;
            case WATCHING, QUIESCING, CATCHING_UP -> false;
        };
    }
}
