package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import org.jspecify.annotations.Nullable;

/** Whether a standby may be promoted: a pure function of what is known. */
final class PromotionCheck {

    /**
     * What is known of the primary.
     *
     * @param systemId 0 when the primary was never seen
     * @param writtenLsn WAL written when it last answered; 0 when it has not answered since pgproxy was started
     * @param isPaused whether an operator has paused it, perhaps to stop it for a while
     */
    record Primary(long systemId, long writtenLsn, boolean isPaused) {}

    private PromotionCheck() {}

    /** Why the standby must not be promoted, as text that follows its name; null when it may be. */
    static @Nullable String objection(Observation standby, Primary primary, ProxyConfig.Failover rules) {
        if (primary.isPaused()) {
            return "is not needed: an operator has paused the primary (RESUME in pg_proxy ends that)";
        }
        if (standby instanceof Observation.Failed failed) {
            return "cannot be asked: " + failed.problem();
        }
        ServerFacts facts = ((Observation.Answered) standby).facts();
        String standing = standingObjection(facts, primary, rules);
        boolean hears = rules.requireStandbyAgrees() && facts.receiver().hearsItsServer();
        return standing == null && hears ? "still hears the primary: its WAL receiver is connected" : standing;
    }

    /** The objection to promoting this standby even when it no longer hears the primary. */
    static @Nullable String standingObjection(ServerFacts facts, Primary primary, ProxyConfig.Failover rules) {
        if (primary.systemId() == 0) {
            return "may be another primary's standby: pgproxy has never seen the primary, so its system identifier is not known";
        }
        if (facts.systemId() != primary.systemId()) {
            return "has the system identifier " + facts.systemId() + ", and the primary's is " + primary.systemId();
        }
        if (rules.maxLagBytes() > 0 && primary.writtenLsn() == 0) {
            return "may lack more than failover.max_lag_bytes: the primary was not seen since pgproxy was started";
        }
        long lag = lagBytes(facts, primary);
        if (rules.maxLagBytes() > 0 && lag > rules.maxLagBytes()) {
            return "lacks " + lag + " bytes of WAL, more than failover.max_lag_bytes";
        }
        return null;
    }

    /** What the standby lacks, as text for operators. */
    static String lagWords(ServerFacts standby, Primary primary) {
        return primary.writtenLsn() == 0
                ? "it is not known what it lacks: the primary was not seen since pgproxy was started"
                : "lacks " + lagBytes(standby, primary) + " bytes of what the primary was known to have at "
                        + ServerFacts.lsn(primary.writtenLsn());
    }

    /** WAL that the primary is known to have written and the standby does not have, in bytes. */
    private static long lagBytes(ServerFacts standby, Primary primary) {
        return Math.max(0, primary.writtenLsn() - standby.writtenLsn());
    }
}
