package dev.pgproxy.master.failover;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A change of the primary that an operator asked for: up to the decision, and, where there is a fence, from there to the promotion. */
final class Switchover {

    /** Time for a standby to receive what others wrote before the fence was raised; clients wait meanwhile. */
    private static final long MAX_CATCH_UP_NS = TimeUnit.SECONDS.toNanos(5);

    /** Attempts to flush the old primary when they fail for local reasons. */
    private static final int MAX_FLUSHES = 2;

    private final Situation situation;
    private final DecisionLog decisions;
    private final Promotion promotion;

    /** The LSN that the standby must replay; {@code Long.MAX_VALUE} until it is known. */
    private long goalLsn;

    private @Nullable Long catchUpSinceNs;

    /** Whether the standby has everything that others had committed before the fence. */
    private boolean hasAllOfOthers;

    private boolean awaitsFlush;
    private int flushes;
    private @Nullable FenceResult fence;

    Switchover(Situation situation, DecisionLog decisions, Promotion promotion) {
        this.situation = situation;
        this.decisions = decisions;
        this.promotion = promotion;
    }

    /** Why a switchover to this server is impossible; null when it is possible. */
    @Nullable
    String objection(Endpoint target) {
        Endpoint primary = situation.servers().primary();
        if (!situation.isIn(Phase.WATCHING)) {
            return "another change of the primary is under way";
        }
        if (target.equals(primary)) {
            return "it is the primary already";
        }
        if (!situation.isAlive() || !situation.primary().isPrimary()) {
            return "the primary " + primary + " does not answer as one";
        }
        ServerHealth standby = situation.known(target);
        if (!standby.isStandby() || standby.facts == null) {
            return "it does not answer as a standby";
        }
        if (standby.facts.systemId() != situation.state().systemId()) {
            return "its system identifier is not the primary's";
        }
        if (!situation.otherPrimaries().isEmpty()) {
            return "other servers take writes already: " + situation.otherPrimaries();
        }
        return standby.facts.receiver().streaming() ? null : "its WAL receiver is not connected";
    }

    /** Starts a switchover to this server, to which there is no objection. */
    List<Action> begin(Endpoint target) {
        situation.change().proceed(Phase.QUIESCING, target);
        return List.of(new Action.Quiesce(situation.servers().primary()));
    }

    /** All sessions on the primary are at rest. */
    List<Action> quiesced() {
        if (!situation.isIn(Phase.QUIESCING)) {
            return List.of();
        }
        situation.change().proceed(Phase.CATCHING_UP);
        goalLsn = Long.MAX_VALUE;
        return List.of(flush());
    }

    private Action flush() {
        awaitsFlush = true;
        flushes = 0;
        return new Action.Flush(situation.servers().primary());
    }

    /** Whether an answer to {@link Action.Flush} is outstanding. */
    boolean awaitsFlush() {
        return awaitsFlush;
    }

    /** Takes the answer to {@link Action.Flush}. */
    List<Action> flushed(Observation observation) {
        boolean isWanted = situation.isIn(Phase.CATCHING_UP) || situation.isIn(Phase.FENCING);
        if (!isWanted || !awaitsFlush) {
            return List.of();
        }
        Endpoint standby = situation.change().candidate().orElseThrow();
        boolean isOurs = observation instanceof Observation.Failed failed && failed.kind() == FailureKind.LOCAL;
        if (isOurs && ++flushes < MAX_FLUSHES) {
            return List.of(new Action.Flush(situation.servers().primary()));
        }
        awaitsFlush = false;
        if (observation instanceof Observation.Answered answered
                && !answered.facts().inRecovery()) {
            goalLsn = answered.facts().writtenLsn();
            return List.of(new Action.Probe(standby, false, 0));
        }
        if (situation.isIn(Phase.FENCING)) {
            List<Action> actions = new ArrayList<>();
            String problem =
                    observation instanceof Observation.Failed failed ? failed.problem() : "it is a standby now";
            actions.add(FailoverWords.notCaughtUp(
                    standby,
                    situation.servers().primary(),
                    "the primary could not be asked for it any more: " + problem));
            promotion.begin(standby, actions);
            return actions;
        }
        return callOff("the primary does not answer any more");
    }

    /** The standby, which has to receive the rest of the primary's WAL, was probed. */
    void catchUp(Endpoint standby, ServerHealth known, List<Action> actions) {
        if (known.isStandby() && known.facts != null && known.facts.replayedLsn() >= goalLsn) {
            situation.change().proceed(Phase.INTENDING, standby);
            actions.add(FailoverWords.switchingOver(standby, situation.servers().primary(), goalLsn));
            actions.add(decisions.decide(FailoverState.Phase.INTENT, FailoverState.Cause.SWITCHOVER, standby));
        } else {
            actions.add(new Action.Probe(standby, false, Promotion.POLL_MS));
        }
    }

    /** Why a running switchover can no longer be called off. */
    String objectionToCallingOff() {
        return situation.isIn(Phase.INTENDING)
                ? "the decision is being written to state_file, and its disk has not answered yet: a restart may complete it"
                : "the standby may have been told to take over already";
    }

    /** Ends a switchover that has not reached the intent yet; everything continues as before. */
    List<Action> callOff(String problem) {
        if (!situation.isIn(Phase.QUIESCING) && !situation.isIn(Phase.CATCHING_UP)) {
            return List.of();
        }
        situation.change().end();
        awaitsFlush = false;
        return List.of(new Action.Resume(situation.servers().primary()), new Action.Answer(problem));
    }

    /** The decision is durable: first keeps others from writing to the old primary. */
    void beginFence(Endpoint standby, List<Action> actions) {
        situation.change().proceed(Phase.FENCING, standby);
        goalLsn = Long.MAX_VALUE;
        catchUpSinceNs = null;
        actions.add(new Action.Fence(situation.servers().primary()));
    }

    /** Fencing the old primary succeeded or failed. The standby must now also receive what others had written to it. */
    List<Action> fenced(FenceResult result) {
        if (!situation.isIn(Phase.FENCING)) {
            return List.of();
        }
        fence = result;
        return List.of(FailoverWords.fenced(situation.servers().primary(), result), flush());
    }

    /**
     * The standby was probed after the fence was raised. It already had everything that clients of pgproxy had written; now it has to
     * receive what others wrote.
     */
    void catchUpWithFence(Endpoint standby, ServerHealth known, long nowNs, List<Action> actions) {
        if (goalLsn == Long.MAX_VALUE) {
            return;
        }
        boolean hasAll = known.facts != null && known.facts.replayedLsn() >= goalLsn;
        Long sinceNs = catchUpSinceNs;
        if (sinceNs == null) {
            sinceNs = nowNs;
            catchUpSinceNs = nowNs;
        }
        if (known.isPrimary() || (known.isStandby() && hasAll)) {
            hasAllOfOthers =
                    known.isStandby() && fence != null && fence.problem().isEmpty();
            promotion.begin(standby, actions);
        } else if (nowNs - sinceNs >= MAX_CATCH_UP_NS) {
            actions.add(FailoverWords.notCaughtUp(
                    standby, situation.servers().primary(), "it did not receive that in time"));
            promotion.begin(standby, actions);
        } else {
            actions.add(new Action.Probe(standby, false, Promotion.POLL_MS));
        }
    }

    /** The primary has changed: returns the alert about it, with the result of the fence. */
    Action done(FailoverState.Decision decision) {
        Action told = FailoverWords.changed(decision, fence, hasAllOfOthers);
        fence = null;
        hasAllOfOthers = false;
        return told;
    }
}
