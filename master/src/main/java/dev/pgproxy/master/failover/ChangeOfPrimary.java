package dev.pgproxy.master.failover;

import dev.pgproxy.common.net.Endpoint;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The change of the primary that is under way, if one is: its phase, and the server that is to become the primary. */
final class ChangeOfPrimary {

    private Phase phase = Phase.WATCHING;

    /** Null exactly in {@link Phase#WATCHING}. */
    private @Nullable Endpoint candidate;

    Phase phase() {
        return phase;
    }

    boolean isIn(Phase one) {
        return phase == one;
    }

    /** The server that is to become the primary; empty when no change is under way. */
    Optional<Endpoint> candidate() {
        return Optional.ofNullable(candidate);
    }

    boolean isTo(Endpoint server) {
        return server.equals(candidate);
    }

    /**
     * Begins a change, or takes its next step.
     *
     * @param next not {@link Phase#WATCHING}, see {@link #end}
     * @param successor stays the same from the first step to the last, unless the last one adopts another server
     * @throws IllegalStateException when this step is not allowed: continuing could promote a second server
     */
    void proceed(Phase next, Endpoint successor) {
        if (next == Phase.WATCHING) {
            throw new IllegalArgumentException("a change of the primary ends with end()");
        }
        phase.checkNext(next);
        if (candidate != null && !isTo(successor) && next != Phase.FINISHING) {
            throw new IllegalStateException(
                    "a change of the primary to " + candidate + " cannot continue with " + successor);
        }
        phase = next;
        candidate = successor;
    }

    /**
     * Takes the next step with the same successor.
     *
     * @throws IllegalStateException when this step is not allowed, or no change is under way
     */
    void proceed(Phase next) {
        proceed(
                next,
                candidate().orElseThrow(() -> new IllegalStateException("no change of the primary is under way")));
    }

    /**
     * It is complete or called off.
     *
     * @throws IllegalStateException when it is too late to call it off
     */
    void end() {
        phase.checkNext(Phase.WATCHING);
        phase = Phase.WATCHING;
        candidate = null;
    }
}
