package dev.pgproxy.master.failover;

import dev.pgproxy.common.probe.Observation;
import org.jspecify.annotations.Nullable;

/**
 * What operators see of one server.
 *
 * @param role {@code primary}, {@code standby} or {@code old primary}
 * @param isPrimary whether clients that write are sent there
 * @param last the last probe; null before the first one has ended
 * @param atNs when it ended
 * @param isPromote whether {@code promote} names it
 * @param notPromotable why it would not be promoted if the primary died now; null when it would be, or is the primary
 * @param upstream the server that it receives WAL from, by its name in the configuration if it has one there; null when there is none
 * @param lagBytes WAL that the primary was seen to have and this server has not replayed; negative when unknown
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
