package dev.pgproxy.master.failover;

import dev.pgproxy.common.probe.Observation;
import org.jspecify.annotations.Nullable;

/**
 * What operators are shown of one server.
 *
 * @param role {@code primary}, {@code standby} or {@code old primary}
 * @param isPrimary whether clients that write are sent there
 * @param last the last look; null before the first one ended
 * @param atNs when that was
 * @param isPromote whether the configuration names it to take over
 * @param notPromotable why it would not take over if the primary died now; null when it would
 * @param upstream the server that it receives WAL from, as the configuration calls it if it knows it; null when there is none
 * @param lagBytes of WAL that the primary was seen to have and it does not show; negative when that is not known
 * @param problem what is wrong with it; null when nothing is
 * @param warning what would go wrong after a failover; null when nothing would
 */
public record ServerView(
        String role,
        boolean isPrimary,
        @Nullable Observation last,
        long atNs,
        boolean isPromote,
        @Nullable String notPromotable,
        @Nullable String upstream,
        long lagBytes,
        @Nullable String problem,
        @Nullable String warning) {}
