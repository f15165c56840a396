package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Decides which server is the primary. It performs nothing itself: each method takes an event and returns the actions to perform. {@link
 * Phase} defines the steps of a change of the primary; each part of the policy is a class.
 *
 * <pre>
 *   {@link PrimaryHealth}  is the primary dead or demoted?
 *   {@link Succession}     which server takes its place?
 *   {@link Switchover}     an operator wants another primary
 *   {@link DecisionLog}    makes a decision durable
 *   {@link Promotion}      tells the standby to promote
 * </pre>
 */
final class FailoverPolicy {

    private final Situation situation;
    private final DecisionLog decisions;
    private final Promotion promotion;
    private final Switchover switchover;
    private final Succession succession;
    private final PrimaryHealth primary;

    /**
     * Does nothing before {@link #start}.
     *
     * @param servers as the state assigns their roles
     * @param isPaused whether an operator has paused a server
     */
    FailoverPolicy(
            ProxyConfig.Servers servers,
            FailoverState state,
            ProxyConfig.Failover rules,
            ProxyConfig.StandbyLimits standbyLimits,
            InstantSource wallClock,
            Predicate<Endpoint> isPaused) {
        this.situation = new Situation(servers, state, rules, standbyLimits, isPaused);
        this.decisions = new DecisionLog(situation, wallClock);
        this.promotion = new Promotion(situation, decisions);
        this.switchover = new Switchover(situation, decisions, promotion);
        this.succession = new Succession(situation, decisions, promotion, switchover);
        this.primary = new PrimaryHealth(situation, decisions, switchover, succession);
    }

    /** All servers that are probed. */
    Set<Endpoint> all() {
        return situation.all();
    }

    ProxyConfig.Servers servers() {
        return situation.servers();
    }

    /** What is known of a server; null when it is not one of ours. */
    @Nullable
    ServerHealth of(Endpoint server) {
        return situation.of(server);
    }

    /** Whether clients of the primary have to wait: it may be dead and about to be replaced. */
    boolean holdsPrimary() {
        boolean expectsSuccessor = situation.servers().promote().isPresent();
        boolean isDoubtful = !situation.isAlive() || !situation.isPrimaryReady() || situation.primary().suspected;
        return !situation.isIn(Phase.WATCHING) || (expectsSuccessor && isDoubtful);
    }

    /** Standbys to read from now. A suspected one is listed only when no other is left. */
    List<Endpoint> readable() {
        List<Endpoint> in = situation.servers().standbys().stream()
                .filter(server -> situation.known(server).outBecause == null)
                .toList();
        List<Endpoint> unsuspected =
                in.stream().filter(server -> !situation.known(server).suspected).toList();
        return unsuspected.isEmpty() ? in : unsuspected;
    }

    /** The previous primary, until it is seen to follow the current one. */
    Optional<Endpoint> former() {
        return Optional.ofNullable(situation.former());
    }

    /** The facts that a server last reported; null when it is not one of ours or has never answered. */
    @Nullable
    ServerFacts factsOf(Endpoint server) {
        return situation.factsOf(server);
    }

    /** Why this server would not be promoted if the primary died now, as text for operators; null when it would be. */
    @Nullable
    String objectionToPromotion(Endpoint standby) {
        return succession.objection(standby);
    }

    /** The first actions; resumes what the previous process left unfinished. */
    List<Action> start() {
        List<Action> actions = new ArrayList<>();
        all().forEach(server -> actions.add(new Action.Probe(server, true, 0)));
        FailoverState state = situation.state();
        if (state.decision().isEmpty()) {
            actions.add(decisions.saveNow()); // The file may hold a decision that the configuration has adopted since.
        }
        Optional<FailoverState.Decision> intent =
                state.decision().filter(decision -> decision.phase() == FailoverState.Phase.INTENT);
        if (intent.isPresent()) {
            actions.add(FailoverWords.resumed(
                    intent.get().newPrimary(), situation.servers().primary()));
            succession.carryOut(intent.get(), actions);
        }
        return actions;
    }

    /**
     * Applies new rules and standbys. The configuration names the primary only at startup.
     *
     * @param next the servers, with the current primary
     * @param namesPrimary whether the file names it as the primary too; it has then adopted any earlier decision
     */
    List<Action> configure(
            ProxyConfig.Servers next,
            boolean namesPrimary,
            ProxyConfig.Failover newRules,
            ProxyConfig.StandbyLimits newLimits) {
        Set<Endpoint> before = all();
        ProxyConfig.Servers servers = situation.servers();
        boolean wasRead = situation.former() != null && servers.standbys().contains(situation.former());
        List<Endpoint> standbys = next.standbys().stream()
                .filter(standby -> !standby.equals(servers.primary()))
                .toList();
        boolean isDecided = situation.phase().isDecided();
        var heir = isDecided ? servers.promote() : next.promote();
        situation.configure(new ProxyConfig.Servers(servers.primary(), heir, standbys), newRules, newLimits);
        if (!wasRead) {
            situation.keepFormerOut();
        }
        all().forEach(server -> {
            situation.known(server).noWay = null; // It is examined again.
            situation.known(server).risksTold.clear();
        });
        List<Action> actions = new ArrayList<>();
        if (namesPrimary && !isDecided) {
            takeOver(next, actions);
        }
        all().stream()
                .filter(server -> !before.contains(server))
                .forEach(server -> actions.add(new Action.Probe(server, true, 0)));
        return actions;
    }

    /** The operator has adopted the decision: the old primary is now what the configuration says. */
    private void takeOver(ProxyConfig.Servers next, List<Action> actions) {
        situation.forgetFormerIfItFollows();
        if (!situation.state().isFor(next)) {
            situation.adopt(
                    FailoverState.initial(next).withSystemId(situation.state().systemId()));
            decisions.noteUnsaved();
            actions.add(decisions.saveNow());
        }
    }

    /** Why a switchover to this server is impossible; null when it is possible. */
    @Nullable
    String objectionToSwitchover(Endpoint target) {
        return switchover.objection(target);
    }

    /** Starts a switchover to this server, to which there is no objection. */
    List<Action> switchover(Endpoint target) {
        return switchover.begin(target);
    }

    /** All sessions on the primary are at rest. */
    List<Action> quiesced() {
        return switchover.quiesced();
    }

    /** Whether an answer to {@link Action.Flush} is outstanding. */
    boolean awaitsFlush() {
        return switchover.awaitsFlush();
    }

    /** Takes the answer to {@link Action.Flush}. */
    List<Action> flushed(Observation observation) {
        return switchover.flushed(observation);
    }

    /** Fencing the old primary succeeded or failed. */
    List<Action> fenced(FenceResult result) {
        return switchover.fenced(result);
    }

    /** Ends a switchover that has not reached the intent yet; everything continues as before. */
    List<Action> callOff(String problem) {
        return switchover.callOff(problem);
    }

    /** Why a running switchover can no longer be called off. */
    String objectionToCallingOff() {
        return switchover.objectionToCallingOff();
    }

    /** A client could not use this server. */
    List<Action> suspected(Endpoint server) {
        ServerHealth suspect = situation.of(server);
        if (suspect == null || suspect.suspected) {
            return List.of();
        }
        suspect.suspected = true;
        // While failures are being counted, the next probe is already scheduled after the configured pause.
        boolean isCounted = server.equals(situation.servers().primary()) && !situation.isAlive();
        return isCounted ? List.of() : List.of(new Action.Probe(server, true, 0));
    }

    /** The kept connection to this server was lost. */
    List<Action> connectionLost(Endpoint server) {
        List<Action> actions = new ArrayList<>();
        if (server.equals(situation.servers().primary())) {
            primary.connectionLost(actions);
        } else if (situation.of(server) != null) {
            actions.add(new Action.Probe(server, true, 0));
        }
        return actions;
    }

    /** A probe has ended. */
    List<Action> probed(Endpoint server, Observation observation, boolean fresh, long nowNs) {
        ServerHealth known = situation.of(server);
        if (known == null) {
            return List.of();
        }
        List<Action> actions = new ArrayList<>();
        boolean isFirstSinceSuspicion = !known.seen;
        known.probed(observation, nowNs);
        Phase phase = situation.phase();
        if (phase == Phase.FINISHING && situation.isCandidate(server)) {
            return actions; // It is about to become the primary, and is probed then.
        }
        if (phase == Phase.CATCHING_UP && situation.isCandidate(server)) {
            switchover.catchUp(server, known, actions);
        } else if (phase == Phase.FENCING && situation.isCandidate(server)) {
            switchover.catchUpWithFence(server, known, nowNs, actions);
        } else if (phase == Phase.PROMOTING && situation.isCandidate(server)) {
            promotion.probed(server, known, nowNs, actions);
        } else if (server.equals(situation.servers().primary())) {
            primary.probed(known, observation, fresh, actions);
        } else if (server.equals(situation.former())) {
            succession.formerProbed(server, known, fresh, nowNs, actions);
        } else {
            standbyProbed(server, known, observation, fresh, nowNs, actions);
            if (isFirstSinceSuspicion
                    && !situation.isHeir(server)
                    && situation.isDown()
                    && situation.isIn(Phase.WATCHING)) {
                succession.probeHeir(actions); // The heir may have been waiting for this result.
            }
        }
        if (observation instanceof Observation.Answered && situation.isIn(Phase.WATCHING)) {
            actions.addAll(RejoinCheck.news(server, known, situation.servers(), this::factsOf));
        }
        return actions;
    }

    private void standbyProbed(
            Endpoint server,
            ServerHealth known,
            Observation observation,
            boolean fresh,
            long nowNs,
            List<Action> actions) {
        if (situation.servers().standbys().contains(server)) {
            actions.addAll(StandbyRotation.probed(
                    server, known, fresh, situation.reference(nowNs), situation.rules(), situation.standbyLimits()));
        } else {
            boolean again = observation instanceof Observation.Failed && !fresh;
            actions.add(new Action.Probe(server, again, again ? 0 : situation.probeMs()));
        }
        if (known.isPrimary()) {
            succession.anotherPrimary(server, actions);
        } else if (situation.isHeir(server) && fresh) {
            succession.consider(server, observation, actions);
        }
    }

    /**
     * It is known whether the standby could be told to promote.
     *
     * @param problem why it could not be told; null when it could
     */
    List<Action> examined(Endpoint standby, @Nullable String problem) {
        List<Action> actions = new ArrayList<>();
        succession.examined(standby, problem, actions);
        return actions;
    }

    /** The state is durable. */
    List<Action> saved(long number, FailoverState saved, long nowNs) {
        List<Action> actions = new ArrayList<>();
        if (!decisions.saved(number, saved)) {
            return actions;
        }
        FailoverState.Decision decision = saved.decision().orElseThrow();
        boolean isFailover = decision.cause() == FailoverState.Cause.FAILOVER;
        if (situation.isIn(Phase.INTENDING) && isFailover && !isStillNeeded(actions)) {
            // The situation changed during the write, and no standby was told to promote yet.
            situation.change().end();
            actions.add(decisions.saveNow());
            return actions;
        }
        situation.adopt(saved);
        if (situation.isIn(Phase.INTENDING)) {
            actions.add(new Action.CutOff(situation.servers().primary(), decision.newPrimary()));
            succession.carryOut(decision, actions);
        } else if (situation.isIn(Phase.FINISHING)) {
            succession.change(decision, nowNs, actions);
        }
        return actions;
    }

    /** Whether the primary is still dead and no other server has taken its place. If not, adds what is done instead of a promotion. */
    private boolean isStillNeeded(List<Action> actions) {
        if (!situation.isDown()) {
            primary.tellBack(actions);
            return false;
        }
        List<Endpoint> others = situation.otherPrimaries();
        others.forEach(each -> actions.add(new Action.Probe(each, true, 0)));
        return others.isEmpty();
    }

    /** The state could not be made durable. */
    List<Action> notSaved(long number, FailoverState lost, String problem, long nowNs) {
        List<Action> actions = new ArrayList<>();
        if (decisions.isOutdated(number)) {
            return actions;
        }
        Phase phase = situation.phase();
        if (decisions.notSaved(number)) {
            actions.add(FailoverWords.notSaved(situation.servers().primary(), phase == Phase.INTENDING, problem));
        }
        switch (phase) {
            case INTENDING -> {
                if (lost.isSwitchover()) {
                    actions.add(new Action.Resume(situation.servers().primary()));
                    actions.add(new Action.Answer("the state file could not be written: " + problem));
                }
                situation.change().end(); // The next probe of the primary starts over.
                actions.add(decisions.saveNow()); // The write may have succeeded despite the error.
            }
            case FINISHING -> {
                // The new primary accepts writes and clients are waiting, so use it without waiting for the disk.
                situation.adopt(lost);
                lost.decision().ifPresent(decision -> succession.change(decision, nowNs, actions));
                actions.add(new Action.SaveLater(situation.retryMs()));
            }
            case WATCHING, QUIESCING, CATCHING_UP -> actions.add(new Action.SaveLater(situation.probeMs()));
            case FENCING, PROMOTING -> {} // The disk already holds the decision.
        }
        return actions;
    }

    /** It is time to retry a failed save. */
    List<Action> saveAgain() {
        return decisions.saveAgain();
    }

    /** Whether to tell the standby to promote now. */
    Promotion.Due promotionOf(Endpoint standby) {
        return promotion.due(standby);
    }

    /** The standby was told to promote. */
    List<Action> promoteSent(Endpoint standby, long nowNs) {
        return promotion.sent(standby, nowNs);
    }

    /** The standby could not be told to promote. */
    List<Action> promoteFailed(Endpoint standby, String problem) {
        return promotion.notSent(standby, problem);
    }
}
