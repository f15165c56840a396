package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides which standbys are read from. A reason to take one out holds until it is seen to have ended. Lag and timelines can only be
 * compared with the primary, so no standby that was taken out for them comes back while the primary does not answer.
 */
final class StandbyRotation {

    /**
     * What a standby is compared with.
     *
     * @param primary the primary's last facts; null when it is not up and lag cannot be judged
     * @param mustFollow whether standbys have had enough time since the last change of the primary to follow the new one
     */
    record Reference(@Nullable ServerFacts primary, boolean mustFollow) {}

    private StandbyRotation() {}

    /** Records a probe of the standby; returns when to probe it next, and whether it leaves or rejoins the rotation. */
    static List<Action> probed(
            Endpoint server,
            ServerHealth standby,
            boolean fresh,
            Reference reference,
            ProxyConfig.Failover rules,
            ProxyConfig.StandbyLimits limits) {
        List<Action> actions = new ArrayList<>();
        long retryMs = rules.retryInterval().toMillis();
        long probeMs = rules.probeInterval().toMillis();
        if (standby.last instanceof Observation.Failed failed) {
            if (!countsAgainst(failed.kind())) {
                standby.failures = 0;
                actions.add(new Action.Probe(server, true, retryMs));
            } else if (!fresh) {
                actions.add(new Action.Probe(server, true, 0));
            } else {
                standby.failures++;
                standby.suspected = true;
                if (standby.failures >= limits.retries()) {
                    leave(server, standby, failed.problem(), actions);
                }
                actions.add(new Action.Probe(server, true, retryMs));
            }
            return actions;
        }
        standby.failures = 0;
        String flaw = flaw(standby, reference, limits);
        if (flaw == null && standby.unfit) {
            actions.add(
                    new Action.Probe(server, false, Math.min(retryMs, probeMs))); // Unknown while the primary is down.
        } else if (flaw == null) {
            comeBack(server, standby, actions);
            actions.add(new Action.Probe(server, false, probeMs));
        } else {
            leave(server, standby, flaw, actions);
            actions.add(new Action.Probe(server, false, Math.min(retryMs, probeMs)));
        }
        return actions;
    }

    /** Clients cannot read from a server that accepts no logins, dead or not. */
    private static boolean countsAgainst(FailureKind kind) {
        return kind.countsAsDown()
                || kind == FailureKind.NOT_READY
                || kind == FailureKind.UNKNOWN_HOST
                || kind == FailureKind.NOT_POSTGRES;
    }

    private static @Nullable String flaw(ServerHealth standby, Reference reference, ProxyConfig.StandbyLimits limits) {
        ServerFacts facts = standby.facts;
        if (facts == null) {
            return null;
        }
        if (!facts.inRecovery()) {
            return "it is a primary";
        }
        ServerFacts primary = reference.primary();
        if (primary == null) {
            return null;
        }
        // A standby already found unfit gets no second grace period.
        String flaw = flawBeside(primary, facts, reference.mustFollow() || standby.unfit, limits);
        standby.unfit = flaw != null;
        return flaw;
    }

    private static @Nullable String flawBeside(
            ServerFacts primary, ServerFacts facts, boolean mustFollow, ProxyConfig.StandbyLimits limits) {
        if (facts.systemId() != primary.systemId()) {
            return "its system identifier is not the primary's";
        }
        if (mustFollow && facts.timeline() < primary.timeline()) {
            return "it does not follow the new primary: it is on timeline " + facts.timeline() + " and that on "
                    + primary.timeline() + ". Set its primary_conninfo to that one and reload it";
        }
        long lagBytes = Math.max(0, primary.writtenLsn() - facts.replayedLsn());
        if (limits.maxLagBytes() > 0 && lagBytes > limits.maxLagBytes()) {
            return "it lags by " + lagBytes + " bytes, more than standby_max_lag_bytes";
        }
        double maxSeconds = limits.maxLag().toMillis() / 1e3;
        if (maxSeconds > 0 && facts.lagSeconds() > maxSeconds) {
            return "it lags by " + Math.round(facts.lagSeconds()) + " s, more than standby_max_lag_seconds";
        }
        return null;
    }

    private static void leave(Endpoint server, ServerHealth standby, String reason, List<Action> actions) {
        boolean isNews = standby.outBecause == null;
        standby.outBecause = reason;
        if (isNews) {
            actions.add(new Action.Tell(
                    Alert.Kind.STANDBY_OUT,
                    server,
                    "the standby is no longer read from: " + reason,
                    "Its clients are sent to other standbys. It is read from again once it is well; see its log."));
        }
    }

    private static void comeBack(Endpoint server, ServerHealth standby, List<Action> actions) {
        if (standby.outBecause != null) {
            standby.outBecause = null;
            actions.add(new Action.Tell(
                    Alert.Kind.STANDBY_BACK, server, "the standby is well again, and is read from again", ""));
        }
    }
}
