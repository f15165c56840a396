package dev.pgproxy.master.failover;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.Observation;
import java.util.ArrayList;
import java.util.List;

/** From the durable decision until the standby accepts writes: tells it to promote, as often as needed. */
final class Promotion {

    /** Pause between probes of a standby that is being promoted. */
    static final long POLL_MS = 100;

    /** What to do with an {@link Action.Promote} that is due. */
    enum Due {
        NOW,
        /** It is not known yet whether another server was promoted. */
        NOT_YET,
        /** This promotion is no longer under way. */
        DROPPED
    }

    private final Situation situation;
    private final DecisionLog decisions;
    private boolean promoteSent;
    private long sentNs;

    Promotion(Situation situation, DecisionLog decisions) {
        this.situation = situation;
        this.decisions = decisions;
    }

    /** Starts to promote the standby. */
    void begin(Endpoint standby, List<Action> actions) {
        situation.change().proceed(Phase.PROMOTING, standby);
        promoteSent = false;
        actions.add(new Action.Promote(standby, 0));
    }

    /** Whether the standby has been told to promote and promote_timeout has not passed. */
    boolean isSent() {
        return promoteSent;
    }

    /** Whether to tell the standby to promote now. */
    Due due(Endpoint standby) {
        if (!isUnderWay(standby)) {
            return Due.DROPPED;
        }
        boolean isClear = situation.isSwitchover()
                || (situation.hasSeenOthers(standby)
                        && situation.otherPrimaries().stream().allMatch(standby::equals));
        return isClear ? Due.NOW : Due.NOT_YET;
    }

    private boolean isUnderWay(Endpoint standby) {
        return situation.isIn(Phase.PROMOTING) && situation.isCandidate(standby);
    }

    /** The standby was told to promote. Probes show whether it does. */
    List<Action> sent(Endpoint standby, long nowNs) {
        if (!isUnderWay(standby)) {
            return List.of(); // It is the primary already, or another server is.
        }
        promoteSent = true;
        sentNs = nowNs;
        return List.of(new Action.Probe(standby, false, POLL_MS));
    }

    /** The standby that is being promoted was probed. */
    void probed(Endpoint standby, ServerHealth known, long nowNs, List<Action> actions) {
        if (known.isPrimary()) {
            situation.change().proceed(Phase.FINISHING, standby);
            situation
                    .state()
                    .decision()
                    .ifPresent(decision ->
                            actions.add(decisions.await(situation.state().with(decision.done()))));
        } else if (promoteSent
                && nowNs - sentNs > situation.rules().promoteTimeout().toNanos()) {
            promoteSent = false;
            String found = known.last instanceof Observation.Failed failed
                    ? "and cannot be probed: " + failed.problem()
                    : "and is still in recovery";
            actions.addAll(notSent(standby, "it was told, " + found + " after promote_timeout"));
        } else if (promoteSent) {
            actions.add(new Action.Probe(standby, false, POLL_MS));
        }
    }

    /** The standby could not be told to promote, or did not do so. */
    List<Action> notSent(Endpoint server, String problem) {
        List<Action> actions = new ArrayList<>();
        if (!isUnderWay(server)) {
            return actions;
        }
        if (situation.known(server).tellOnce(problem)) {
            actions.add(
                    FailoverWords.promotionFailed(server, situation.servers().primary(), problem));
        }
        if (situation.isSwitchover()) {
            actions.add(new Action.Answer(
                    "the standby could not be promoted yet: " + problem + "; pgproxy tries again, and clients wait"));
        }
        actions.add(new Action.Promote(server, situation.retryMs()));
        actions.add(new Action.Probe(server, true, 0)); // It may have been promoted nevertheless.
        return actions;
    }
}
