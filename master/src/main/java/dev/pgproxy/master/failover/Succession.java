package dev.pgproxy.master.failover;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which server replaces a primary that is dead or demoted: the configured standby, or one that was promoted outside pgproxy. */
final class Succession {

    /** Marks an old primary that was already reported to accept writes. */
    private static final String OLD_PRIMARY_WRITES = "primary";

    private final Situation situation;
    private final DecisionLog decisions;
    private final Promotion promotion;
    private final Switchover switchover;

    Succession(Situation situation, DecisionLog decisions, Promotion promotion, Switchover switchover) {
        this.situation = situation;
        this.decisions = decisions;
        this.promotion = promotion;
        this.switchover = switchover;
    }

    /** Why this server would not be promoted if the primary died now, as text for operators; null when it would be. */
    @Nullable
    String objection(Endpoint standby) {
        if (!situation.isHeir(standby)) {
            return situation
                    .servers()
                    .promote()
                    .map(heir -> "promote names " + heir)
                    .orElse("promote does not name a server");
        }
        ServerHealth known = situation.known(standby);
        if (!situation.isIn(Phase.WATCHING)) {
            return "a change of the primary is under way";
        }
        if (known.last == null) {
            return "it was not asked yet";
        }
        if (known.isPrimary()) {
            return "it takes writes already";
        }
        if (!situation.otherPrimaries().isEmpty()) {
            return "other servers take writes already: " + situation.otherPrimaries();
        }
        if (decisions.hasFailed()) {
            return "the state file cannot be written";
        }
        PromotionCheck.Primary primary = situation.primaryForCheck();
        boolean isAsked = known.last instanceof Observation.Answered && !situation.isDown();
        String objection = isAsked && known.facts != null && !primary.isPaused()
                ? PromotionCheck.standingObjection(known.facts, primary, situation.rules())
                : PromotionCheck.objection(known.last, primary, situation.rules());
        if (objection != null) {
            return "it " + objection;
        }
        return known.noWay == null ? null : "it could not be told to become the primary: " + known.noWay;
    }

    /** The primary is dead or demoted: another server may have replaced it already, or a standby may have to be promoted. */
    void seek(List<Action> actions) {
        for (Endpoint server : situation.all()) {
            if (!server.equals(situation.servers().primary()) && !server.equals(situation.former())) {
                actions.add(new Action.Probe(server, situation.isHeir(server), 0));
            }
        }
    }

    void probeHeir(List<Action> actions) {
        situation.servers().promote().ifPresent(standby -> actions.add(new Action.Probe(standby, true, 0)));
    }

    private boolean isWantedNow() {
        return situation.isDown() && situation.isIn(Phase.WATCHING);
    }

    /** The standby that may be promoted was probed. */
    void consider(Endpoint standby, Observation observation, List<Action> actions) {
        if (!isWantedNow()) {
            return;
        }
        if (!situation.otherPrimaries().isEmpty()) {
            situation.otherPrimaries().forEach(each -> actions.add(new Action.Probe(each, true, 0)));
            return; // Another server was promoted first: it is used, or operators are told why not.
        }
        PromotionCheck.Primary primary = situation.primaryForCheck();
        String objection = PromotionCheck.objection(observation, primary, situation.rules());
        if (objection != null) {
            tellRefused(standby, objection, actions);
            return;
        }
        if (situation.known(standby).noWay != null) {
            actions.add(new Action.Examine(standby)); // The cause may have been repaired since.
            return;
        }
        if (!situation.hasSeenOthers(standby)) {
            return; // One of them may be a primary already; the last of their probes leads back here.
        }
        ServerFacts facts = ((Observation.Answered) observation).facts();
        situation.change().proceed(Phase.INTENDING, standby);
        actions.add(FailoverWords.promoting(
                standby, situation.servers().primary(), facts, PromotionCheck.lagWords(facts, primary)));
        actions.add(decisions.decide(FailoverState.Phase.INTENT, FailoverState.Cause.FAILOVER, standby));
    }

    private void tellRefused(Endpoint standby, String objection, List<Action> actions) {
        if (situation.known(standby).tellOnce(objection.replaceAll("\\d+", ""))) {
            actions.add(FailoverWords.refused(standby, situation.servers().primary(), objection));
        }
    }

    /** It is known whether the standby could be told to promote; the problem is null when it could. */
    void examined(Endpoint standby, @Nullable String problem, List<Action> actions) {
        ServerHealth known = situation.of(standby);
        if (known == null) {
            return;
        }
        known.noWay = problem;
        if (isWantedNow()) {
            if (problem == null) {
                probeHeir(actions);
            } else {
                tellRefused(standby, "could not be told to become the primary: " + problem, actions);
            }
        }
    }

    /** Carries out a durable decision; from here there is no way back. */
    void carryOut(FailoverState.Decision decision, List<Action> actions) {
        if (decision.cause() == FailoverState.Cause.SWITCHOVER
                && situation.rules().fencesOldPrimary()) {
            switchover.beginFence(decision.newPrimary(), actions);
        } else {
            promotion.begin(decision.newPrimary(), actions);
        }
    }

    /** A server other than the primary accepts writes. */
    void anotherPrimary(Endpoint server, List<Action> actions) {
        ServerHealth other = situation.known(server);
        boolean isUntold = situation.isIn(Phase.PROMOTING) && !promotion.isSent();
        if ((!situation.isIn(Phase.WATCHING) && !isUntold) || other.facts == null) {
            return;
        }
        if (other.facts.systemId() != situation.state().systemId()) {
            stranger(server, other.facts, actions);
            return;
        }
        Endpoint primary = situation.servers().primary();
        List<Endpoint> others = situation.otherPrimaries();
        boolean isAlive = situation.isAlive();
        boolean isDead = situation.isDown() || (isUntold && !situation.isSwitchover());
        boolean isDemoted = isAlive && situation.primary().isStandby();
        if ((isDead || isDemoted) && others.size() == 1) {
            adopt(server, actions);
        } else if (!isDead && isAlive && situation.primary().isPrimary()) {
            if (other.tellOnce("two")) {
                actions.add(FailoverWords.primaryAndAnother(server, primary));
            }
        } else if (isDead || isDemoted) {
            if (other.tellOnce("several")) {
                actions.add(FailoverWords.severalOthers(server, others));
            }
        }
    }

    /** A server accepts writes, but its system identifier is not the one known of our primary. */
    private void stranger(Endpoint server, ServerFacts facts, List<Action> actions) {
        if (situation.isDown() && situation.known(server).tellOnce("stranger")) {
            actions.add(FailoverWords.stranger(
                    server,
                    facts.systemId(),
                    situation.servers().primary(),
                    situation.state().systemId()));
        }
    }

    private void adopt(Endpoint server, List<Action> actions) {
        situation
                .change()
                .candidate()
                .ifPresent(chosen -> actions.add(
                        FailoverWords.overtaken(chosen, situation.servers().primary(), server)));
        situation.change().proceed(Phase.FINISHING, server);
        actions.add(decisions.decide(FailoverState.Phase.DONE, FailoverState.Cause.ADOPTION, server));
    }

    /** The decision is complete: the new server is the primary from now on. */
    void change(FailoverState.Decision decision, long nowNs, List<Action> actions) {
        Endpoint old = situation.servers().primary();
        Endpoint successor = decision.newPrimary();
        boolean isSwitchover = decision.cause() == FailoverState.Cause.SWITCHOVER;
        situation.changeTo(successor, nowNs);
        // After a switchover the old primary still accepts writes, as the message below says. It is reported again
        // only when it comes back after a failure.
        situation.known(old).lastAlert = isSwitchover ? OLD_PRIMARY_WRITES : "";
        situation.known(successor).lastAlert = "";
        situation.known(successor).failures = 0;
        actions.add(new Action.CutOff(old, successor));
        actions.add(new Action.Change(situation.servers()));
        actions.add(switchover.done(decision));
        actions.add(
                new Action.Answer(isSwitchover ? null : successor + " became the primary in another way, and is used"));
        situation.all().forEach(server -> actions.add(new Action.Probe(server, true, 0)));
    }

    /** The old primary was probed. */
    void formerProbed(Endpoint server, ServerHealth known, boolean fresh, long nowNs, List<Action> actions) {
        StandbyRotation.Reference reference = situation.reference(nowNs);
        if (situation.servers().standbys().contains(server) && reference.primary() != null) {
            // It gets no grace period: until it follows the new primary, it may hold data that no other server has.
            actions.addAll(StandbyRotation.probed(
                    server,
                    known,
                    fresh,
                    new StandbyRotation.Reference(reference.primary(), true),
                    situation.rules(),
                    situation.standbyLimits()));
        } else {
            actions.add(new Action.Probe(server, false, situation.probeMs()));
        }
        if (known.isPrimary() && known.tellOnce(OLD_PRIMARY_WRITES)) {
            actions.add(FailoverWords.oldPrimaryBack(server, situation.servers().primary()));
        } else if (known.isStandby() && known.tellOnce("standby")) {
            actions.add(FailoverWords.oldPrimaryIsStandby(server));
            if (situation.rules().fencesOldPrimary()) {
                actions.add(new Action.LiftFence(server));
            }
        } else if (known.last instanceof Observation.Failed) {
            known.lastAlert = "";
        }
        if (situation.state().decision().isEmpty()) {
            situation.forgetFormerIfItFollows(); // The configuration has adopted the decision already.
        }
    }
}
