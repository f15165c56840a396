package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Decides which server is the primary. It does nothing itself: each method takes what happened and returns what is to be done.
 *
 * <pre>
 *   WATCHING --enough failures, no objection--> INTENDING --saved--> PROMOTING --it takes writes--> FINISHING --saved--> WATCHING
 *      |  ^                                        |                    |  ^
 *      |  +----------------not saved---------------+                    +--+ it does not: again
 *      +--somebody else promoted one, and the primary is down or a standby--> FINISHING
 * </pre>
 *
 * From the saved intent on there is no way back: the standby may have been told. A switchover comes to the intent by another way:
 *
 * <pre>
 *   WATCHING --an operator--> QUIESCING --nobody does anything--> CATCHING_UP --the standby has everything--> INTENDING
 *   INTENDING --saved, if wanted--> FENCING --the standby has what others wrote, or does not get it--> PROMOTING
 * </pre>
 */
final class FailoverPolicy {

    /** Looks at a primary that is well over the connection that is kept, before one over a new one. */
    private static final int LOOKS_OVER_KEPT = 5;

    /** Pause between looks at a standby that is being promoted. */
    private static final long POLL_MS = 100;

    /** For a standby to get what others wrote before the fence was there; clients wait meanwhile. */
    private static final long MAX_CATCH_UP_NS = TimeUnit.SECONDS.toNanos(5);

    /** Tries to have the old primary write out what others have committed, when that fails for reasons of our own. */
    private static final int MAX_FLUSHES = 2;

    /** What is remembered of an old primary of which people were told that it takes writes. */
    private static final String OLD_PRIMARY_WRITES = "primary";

    /** How the primary is. */
    private enum Health {
        /** It takes connections, or says itself why it does not. */
        ALIVE,
        /** It failed, but not often enough. */
        SUSPECT,
        DOWN
    }

    private enum Phase {
        WATCHING,
        /** Sessions of the primary come to rest, for a switchover. */
        QUIESCING,
        /** The standby gets the rest of the primary's WAL. */
        CATCHING_UP,
        INTENDING,
        /** Others are kept from writing to the old primary, and the standby gets what they had written. */
        FENCING,
        PROMOTING,
        FINISHING
    }

    private ProxyConfig.Servers servers;
    private ProxyConfig.Failover rules;
    private ProxyConfig.StandbyLimits standbyLimits;
    private FailoverState state;
    private final InstantSource wallClock;
    private final Predicate<ServerAddress> isPaused;
    private final Map<ServerAddress, Watched> watched = new LinkedHashMap<>();
    private @Nullable ServerAddress former;
    private Health health = Health.ALIVE;
    private Phase phase = Phase.WATCHING;
    private boolean primaryIsReady = true;
    private boolean unsaved;
    private boolean failedToSave;
    private boolean hasChanged;
    private @Nullable Long changedNs;
    private long saves;

    /** The save that the next step waits for; 0 for none. */
    private long pendingSave;

    private @Nullable ServerAddress candidate;
    private boolean told;
    private long toldNs;
    private long goalLsn;
    private @Nullable Long catchUpSinceNs;
    /** Whether the standby got what others had committed before the fence. */
    private boolean hasAllOfOthers;

    private boolean awaitsFlush;
    private int flushes;
    private @Nullable FenceResult fence;

    /**
     * Nothing is done before {@link #start}.
     *
     * @param servers as they are under the state
     * @param isPaused whether an operator has paused a server
     */
    FailoverPolicy(
            ProxyConfig.Servers servers,
            FailoverState state,
            ProxyConfig.Failover rules,
            ProxyConfig.StandbyLimits standbyLimits,
            InstantSource wallClock,
            Predicate<ServerAddress> isPaused) {
        this.isPaused = isPaused;
        this.wallClock = wallClock;
        this.servers = servers;
        this.state = state;
        this.rules = rules;
        this.standbyLimits = standbyLimits;
        state.decision()
                .filter(decision -> !decision.oldPrimary().equals(servers.primary()))
                .ifPresent(decision -> {
                    former = decision.oldPrimary();
                    hasChanged = true;
                });
        rememberAll();
        keepFormerOut();
    }

    private void rememberAll() {
        Set<ServerAddress> all = all();
        watched.keySet().retainAll(all);
        all.forEach(server -> watched.computeIfAbsent(server, key -> new Watched()));
    }

    /** The old primary is a standby like others from when it was seen to follow the new one. */
    private void keepFormerOut() {
        if (former != null) {
            known(former).outBecause = "it was the primary, and has not been seen to follow the new one";
        }
    }

    /** All servers that are looked at. */
    Set<ServerAddress> all() {
        Set<ServerAddress> all = new LinkedHashSet<>();
        all.add(servers.primary());
        servers.promote().ifPresent(all::add);
        all.addAll(servers.standbys());
        if (former != null) {
            all.add(former);
        }
        if (candidate != null) {
            all.add(candidate);
        }
        return all;
    }

    ProxyConfig.Servers servers() {
        return servers;
    }

    /** What is known of a server; null when it is none of ours. */
    @Nullable
    Watched of(ServerAddress server) {
        return watched.get(server);
    }

    /** Whether clients of the primary wait: it may be dead, and then there will be another one. */
    boolean holdsPrimary() {
        boolean expectsSuccessor = servers.promote().isPresent();
        return phase != Phase.WATCHING
                || (expectsSuccessor && (health != Health.ALIVE || !primaryIsReady || watchedPrimary().suspected));
    }

    /** Standbys to read from now; those that somebody could not use just now only when there are no others. */
    List<ServerAddress> readable() {
        List<ServerAddress> in = servers.standbys().stream()
                .filter(server -> known(server).outBecause == null)
                .toList();
        List<ServerAddress> unsuspected =
                in.stream().filter(server -> !known(server).suspected).toList();
        return unsuspected.isEmpty() ? in : unsuspected;
    }

    private Watched known(ServerAddress server) {
        return watched.computeIfAbsent(server, key -> new Watched());
    }

    private Watched watchedPrimary() {
        return known(servers.primary());
    }

    private long retryMs() {
        return rules.retryInterval().toMillis();
    }

    private long probeMs() {
        return rules.probeInterval().toMillis();
    }

    /** The first thing to do; carries on with what the process before this one has begun. */
    List<Action> start() {
        List<Action> actions = new ArrayList<>();
        all().forEach(server -> actions.add(new Action.Look(server, true, 0)));
        if (state.decision().isEmpty()) {
            actions.add(saveNow(state)); // The file may hold a decision that the configuration has taken over since.
        }
        Optional<FailoverState.Decision> intent =
                state.decision().filter(decision -> decision.phase() == FailoverState.Phase.INTENT);
        if (intent.isPresent()) {
            actions.add(FailoverWords.resumed(intent.get().newPrimary(), servers.primary()));
            carryOut(intent.get(), actions);
        }
        return actions;
    }

    /**
     * Other rules, and other standbys. Which server is the primary a configuration says at the start only.
     *
     * @param next with the server that is the primary
     * @param namesPrimary whether the file has it as the primary too; then whatever was decided before is taken over
     */
    List<Action> configure(
            ProxyConfig.Servers next,
            boolean namesPrimary,
            ProxyConfig.Failover newRules,
            ProxyConfig.StandbyLimits newLimits) {
        rules = newRules;
        standbyLimits = newLimits;
        Set<ServerAddress> before = all();
        boolean wasRead = former != null && servers.standbys().contains(former);
        List<ServerAddress> standbys = next.standbys().stream()
                .filter(standby -> !standby.equals(servers.primary()))
                .toList();
        boolean isCarriedOut = switch (phase) {
            case INTENDING, FENCING, PROMOTING, FINISHING -> true;
            case WATCHING, QUIESCING, CATCHING_UP -> false;
        };
        servers =
                new ProxyConfig.Servers(servers.primary(), isCarriedOut ? servers.promote() : next.promote(), standbys);
        rememberAll();
        if (!wasRead) {
            keepFormerOut();
        }
        watched.values().forEach(server -> {
            server.noWay = null; // It is examined again.
            server.risksTold.clear();
        });
        List<Action> actions = new ArrayList<>();
        if (namesPrimary && !isCarriedOut) {
            takeOver(next, actions);
        }
        all().stream()
                .filter(server -> !before.contains(server))
                .forEach(server -> actions.add(new Action.Look(server, true, 0)));
        return actions;
    }

    /** The operator has taken over what was decided: the old primary is what the configuration says it is. */
    private void takeOver(ProxyConfig.Servers next, List<Action> actions) {
        forgetFormerIfItFollows();
        if (!state.isFor(next)) {
            state = FailoverState.initial(next).withSystemId(state.systemId());
            unsaved = true;
            actions.add(saveNow(state));
        }
    }

    /**
     * An old primary that was made a standby, and is named as one, is one like others. As long as it takes writes it is not: what it has may
     * lack what was committed since.
     */
    private void forgetFormerIfItFollows() {
        ServerAddress old = former;
        if (old != null
                && known(old).isStandby()
                && (servers.standbys().contains(old)
                        || servers.promote().filter(old::equals).isPresent())) {
            former = null;
        }
    }

    /** The primary before the present one, as long as it has not been seen to follow that. */
    Optional<ServerAddress> former() {
        return Optional.ofNullable(former);
    }

    /** What a server said of itself last; null when it is none of ours, or was not seen. */
    @Nullable
    ServerFacts factsOf(ServerAddress server) {
        Watched known = watched.get(server);
        return known == null ? null : known.facts;
    }

    /** Why this server would not be promoted if the primary died now, in words of their own; null when it would. */
    @Nullable
    String objectionToPromotion(ServerAddress standby) {
        if (servers.promote().filter(standby::equals).isEmpty()) {
            return servers.promote().map(heir -> "promote names " + heir).orElse("promote names no server");
        }
        Watched known = known(standby);
        if (phase != Phase.WATCHING) {
            return "a change of the primary is under way";
        }
        if (known.last == null) {
            return "it was not asked yet";
        }
        if (known.isPrimary()) {
            return "it takes writes already";
        }
        if (!otherPrimaries().isEmpty()) {
            return "other servers take writes already: " + otherPrimaries();
        }
        if (failedToSave) {
            return "the state file cannot be written";
        }
        PromotionCheck.Primary primary = primaryForCheck();
        boolean isAsked = known.last instanceof Observation.Answered && health != Health.DOWN;
        String objection = isAsked && known.facts != null && !primary.isPaused()
                ? PromotionCheck.standingObjection(known.facts, primary, rules)
                : PromotionCheck.objection(known.last, primary, rules);
        if (objection != null) {
            return "it " + objection;
        }
        return known.noWay == null ? null : "it could not be told to become the primary: " + known.noWay;
    }

    private PromotionCheck.Primary primaryForCheck() {
        ServerFacts facts = watchedPrimary().facts;
        return new PromotionCheck.Primary(
                state.systemId(), facts == null ? 0 : facts.writtenLsn(), isPaused.test(servers.primary()));
    }

    /** Why this server cannot take over by plan; null when it can. */
    @Nullable
    String objectionToSwitchover(ServerAddress target) {
        if (phase != Phase.WATCHING) {
            return "another change of the primary is under way";
        }
        if (target.equals(servers.primary())) {
            return "it is the primary already";
        }
        if (health != Health.ALIVE || !watchedPrimary().isPrimary()) {
            return "the primary " + servers.primary() + " does not answer as one";
        }
        Watched standby = known(target);
        if (!standby.isStandby() || standby.facts == null) {
            return "it does not answer as a standby";
        }
        if (standby.facts.systemId() != state.systemId()) {
            return "its system identifier is not the primary's";
        }
        if (!otherPrimaries().isEmpty()) {
            return "other servers take writes already: " + otherPrimaries();
        }
        return standby.facts.receiver().streaming() ? null : "its WAL receiver is not connected";
    }

    /** An operator wants this server, to which there is no objection, to be the primary. */
    List<Action> switchover(ServerAddress target) {
        phase = Phase.QUIESCING;
        candidate = target;
        return List.of(new Action.Quiesce(servers.primary()));
    }

    /** Nobody does anything on the primary any more. */
    List<Action> quiesced() {
        if (phase != Phase.QUIESCING) {
            return List.of();
        }
        phase = Phase.CATCHING_UP;
        goalLsn = Long.MAX_VALUE;
        return List.of(flush());
    }

    private Action flush() {
        awaitsFlush = true;
        flushes = 0;
        return new Action.Flush(servers.primary());
    }

    /** Whether an answer to {@link Action.Flush} is still to come. */
    boolean awaitsFlush() {
        return awaitsFlush;
    }

    /** All that was committed on the primary is on its disk. */
    List<Action> flushed(Observation observation) {
        if ((phase != Phase.CATCHING_UP && phase != Phase.FENCING) || candidate == null || !awaitsFlush) {
            return List.of();
        }
        boolean isOurs = observation instanceof Observation.Failed failed && failed.kind() == FailureKind.LOCAL;
        if (isOurs && ++flushes < MAX_FLUSHES) {
            return List.of(new Action.Flush(servers.primary()));
        }
        awaitsFlush = false;
        if (observation instanceof Observation.Answered answered
                && !answered.facts().inRecovery()) {
            goalLsn = answered.facts().writtenLsn();
            return List.of(new Action.Look(candidate, false, 0));
        }
        if (phase == Phase.FENCING) {
            List<Action> actions = new ArrayList<>();
            String problem =
                    observation instanceof Observation.Failed failed ? failed.problem() : "it is a standby by now";
            actions.add(FailoverWords.notCaughtUp(
                    candidate, servers.primary(), "that could not be asked for it any more: " + problem));
            promote(candidate, actions);
            return actions;
        }
        return callOff("the primary does not answer any more");
    }

    private void catchUp(ServerAddress standby, Watched known, List<Action> actions) {
        if (known.isStandby() && known.facts != null && known.facts.replayedLsn() >= goalLsn) {
            phase = Phase.INTENDING;
            actions.add(FailoverWords.switchingOver(standby, servers.primary(), goalLsn));
            save(decide(FailoverState.Phase.INTENT, FailoverState.Cause.SWITCHOVER, standby), actions);
        } else {
            actions.add(new Action.Look(standby, false, POLL_MS));
        }
    }

    /** Why a switchover that is under way cannot be called off any more. */
    String objectionToCallingOff() {
        return phase == Phase.INTENDING
                ? "the decision is being written to state_file, and its disk has not answered yet: a restart may carry it out"
                : "the standby may have been told to take over, and there is no way back";
    }

    /** Ends a switchover that has not come to the intent yet; all goes on as before. */
    List<Action> callOff(String problem) {
        if (phase != Phase.QUIESCING && phase != Phase.CATCHING_UP) {
            return List.of();
        }
        phase = Phase.WATCHING;
        candidate = null;
        awaitsFlush = false;
        return List.of(new Action.Resume(servers.primary()), new Action.Answer(problem));
    }

    /** A client could not use this server. */
    List<Action> suspected(ServerAddress server) {
        Watched suspect = watched.get(server);
        if (suspect == null || suspect.suspected) {
            return List.of();
        }
        suspect.suspected = true;
        // Where failures are being counted already, the next look comes by itself, after the pause that was asked for.
        boolean isCounted = server.equals(servers.primary()) && health != Health.ALIVE;
        return isCounted ? List.of() : List.of(new Action.Look(server, true, 0));
    }

    /** The connection that is kept to this server ended by itself. */
    List<Action> connectionLost(ServerAddress server) {
        List<Action> actions = new ArrayList<>();
        if (server.equals(servers.primary())) {
            if (health == Health.ALIVE) {
                suspectPrimary(actions);
                actions.add(new Action.Look(server, true, 0));
            }
        } else if (watched.containsKey(server)) {
            actions.add(new Action.Look(server, true, 0));
        }
        return actions;
    }

    private void suspectPrimary(List<Action> actions) {
        health = Health.SUSPECT;
        watchedPrimary().failures = 0;
        // Until the primary counts as dead it will be known how the others are.
        all().stream().filter(server -> !server.equals(servers.primary())).forEach(server -> {
            known(server).seen = false;
            actions.add(new Action.Look(server, false, 0));
        });
    }

    /** A look is over. */
    List<Action> looked(ServerAddress server, Observation observation, boolean fresh, long nowNs) {
        Watched known = watched.get(server);
        if (known == null) {
            return List.of();
        }
        List<Action> actions = new ArrayList<>();
        boolean isFirstSinceSuspicion = !known.seen;
        known.looked(observation, nowNs);
        if (phase == Phase.FINISHING && server.equals(candidate)) {
            return actions; // It is the primary in a moment, and looked at then.
        }
        if (phase == Phase.CATCHING_UP && server.equals(candidate)) {
            catchUp(server, known, actions);
        } else if (phase == Phase.FENCING && server.equals(candidate)) {
            if (goalLsn != Long.MAX_VALUE) {
                catchUpWithFence(server, known, nowNs, actions);
            }
        } else if (phase == Phase.PROMOTING && server.equals(candidate)) {
            candidateLooked(server, known, nowNs, actions);
        } else if (server.equals(servers.primary())) {
            primaryLooked(known, observation, fresh, actions);
        } else if (server.equals(former)) {
            formerLooked(server, known, fresh, nowNs, actions);
        } else {
            if (servers.standbys().contains(server)) {
                actions.addAll(StandbyRotation.looked(server, known, fresh, reference(nowNs), rules, standbyLimits));
            } else {
                boolean again = observation instanceof Observation.Failed && !fresh;
                actions.add(new Action.Look(server, again, again ? 0 : probeMs()));
            }
            boolean mayBePromoted = servers.promote().filter(server::equals).isPresent();
            if (known.isPrimary()) {
                anotherPrimary(server, actions);
            } else if (mayBePromoted && fresh) {
                consider(server, observation, actions);
            }
            if (isFirstSinceSuspicion && !mayBePromoted && health == Health.DOWN && phase == Phase.WATCHING) {
                lookAtCandidate(actions); // It may have been waiting for this.
            }
        }
        if (observation instanceof Observation.Answered && phase == Phase.WATCHING) {
            actions.addAll(RejoinCheck.news(server, known, servers, this::factsOf));
        }
        return actions;
    }

    private void lookAtCandidate(List<Action> actions) {
        servers.promote().ifPresent(standby -> actions.add(new Action.Look(standby, true, 0)));
    }

    private StandbyRotation.Reference reference(long nowNs) {
        Watched primary = watchedPrimary();
        long graceNs = rules.promoteTimeout().toNanos();
        Long sinceNs = changedNs;
        if (hasChanged && sinceNs == null) {
            sinceNs = nowNs;
            changedNs = nowNs; // By the process before this one, at a time that is not known.
        }
        return new StandbyRotation.Reference(
                health == Health.ALIVE && primary.isPrimary() ? primary.facts : null,
                sinceNs != null && nowNs - sinceNs > graceNs);
    }

    private void primaryLooked(Watched primary, Observation observation, boolean fresh, List<Action> actions) {
        if (observation instanceof Observation.Answered answered) {
            primaryAnswered(primary, answered.facts(), fresh, actions);
            return;
        }
        FailureKind kind = ((Observation.Failed) observation).kind();
        String problem = ((Observation.Failed) observation).problem();
        if (!kind.countsAsDown()) {
            primaryRefuses(primary, kind, problem, actions);
            return;
        }
        if (health == Health.ALIVE) {
            suspectPrimary(actions);
        }
        actions.addAll(callOff("the primary does not answer any more: " + problem));
        if (!fresh) {
            actions.add(new Action.Look(servers.primary(), true, 0));
            return;
        }
        primary.failures++;
        actions.add(new Action.Look(servers.primary(), true, retryMs()));
        if (primary.failures < rules.retries()) {
            actions.add(FailoverWords.failing(servers.primary(), primary.failures, rules.retries(), problem));
            return;
        }
        if (health != Health.DOWN) {
            health = Health.DOWN;
            if (phase == Phase.WATCHING && primary.tellOnce("down")) {
                actions.add(FailoverWords.down(servers, hasChanged, primary.failures, problem));
            }
        }
        if (phase == Phase.WATCHING) {
            seekSuccessor(actions);
        }
    }

    private void primaryAnswered(Watched primary, ServerFacts facts, boolean fresh, List<Action> actions) {
        alive(primary, actions);
        primaryIsReady = true;
        if (facts.inRecovery()) {
            if (primary.tellOnce("standby")) {
                actions.add(FailoverWords.demoted(servers.primary()));
            }
            seekSuccessor(actions);
            actions.add(new Action.Look(servers.primary(), false, retryMs()));
            return;
        }
        primary.told = "";
        // A primary that keeps its connections and takes no new ones is of no use to a client that comes, who says so
        // at once
        // (suspected). So a new one for each look would only fill the server's log.
        primary.looksOverKept = fresh ? 0 : primary.looksOverKept + 1;
        actions.add(new Action.Look(servers.primary(), primary.looksOverKept >= LOOKS_OVER_KEPT, probeMs()));
        if (state.systemId() != facts.systemId()) {
            if (state.systemId() != 0) {
                actions.add(FailoverWords.another(servers.primary(), state.systemId(), facts.systemId()));
            }
            state = state.withSystemId(facts.systemId());
            unsaved = true;
        }
        if (unsaved && phase == Phase.WATCHING) {
            actions.add(saveNow(state));
        }
    }

    /** The primary lives, whatever it says. */
    private void alive(Watched primary, List<Action> actions) {
        primary.failures = 0;
        if (health == Health.DOWN && phase == Phase.WATCHING) {
            tellBack(actions);
        }
        health = Health.ALIVE;
    }

    private void tellBack(List<Action> actions) {
        boolean takesNobody =
                watchedPrimary().last instanceof Observation.Failed failed && failed.kind() == FailureKind.NOT_READY;
        actions.add(FailoverWords.back(servers.primary(), takesNobody));
        watchedPrimary().told = "";
        servers.promote().ifPresent(standby -> known(standby).told = ""); // Next time is another time.
    }

    private void primaryRefuses(Watched primary, FailureKind kind, String problem, List<Action> actions) {
        actions.add(new Action.Look(servers.primary(), true, retryMs()));
        if (kind != FailureKind.UNKNOWN_HOST && kind != FailureKind.LOCAL) { // These say nothing of the primary.
            alive(primary, actions);
        }
        primaryIsReady = kind != FailureKind.NOT_READY;
        if (primary.tellOnce(kind.name())) {
            actions.add(FailoverWords.notProbed(servers.primary(), kind, problem));
        }
    }

    /** The primary is dead, or is none: somebody else may be it already, or a standby may have to become it. */
    private void seekSuccessor(List<Action> actions) {
        for (ServerAddress server : all()) {
            if (server.equals(servers.primary()) || server.equals(former)) {
                continue;
            }
            boolean isCandidate = servers.promote().filter(server::equals).isPresent();
            actions.add(new Action.Look(server, isCandidate, 0));
        }
    }

    /** A server that is not ours to write to takes writes. */
    private void anotherPrimary(ServerAddress server, List<Action> actions) {
        Watched other = known(server);
        boolean isUntold = phase == Phase.PROMOTING && !told;
        if ((phase != Phase.WATCHING && !isUntold) || other.facts == null) {
            return;
        }
        if (other.facts.systemId() != state.systemId()) {
            stranger(server, other.facts, actions);
            return;
        }
        List<ServerAddress> others = otherPrimaries();
        boolean isDead = health == Health.DOWN || (isUntold && !wasSwitchover(state));
        boolean isDemoted = health == Health.ALIVE && watchedPrimary().isStandby();
        if ((isDead || isDemoted) && others.size() == 1) {
            adopt(server, actions);
        } else if (!isDead && health == Health.ALIVE && watchedPrimary().isPrimary()) {
            if (other.tellOnce("two")) {
                actions.add(FailoverWords.primaryAndAnother(server, servers.primary()));
            }
        } else if (isDead || isDemoted) {
            if (other.tellOnce("several")) {
                actions.add(FailoverWords.severalOthers(server, others));
            }
        }
    }

    /** Servers that take writes and belong to our primary, which nobody here has made primaries. */
    private List<ServerAddress> otherPrimaries() {
        // One on an older timeline was a primary before: it is behind, and not ahead.
        ServerFacts primary = watchedPrimary().facts;
        int primaryTimeline = primary == null || primary.systemId() != state.systemId() ? 0 : primary.timeline();
        return all().stream()
                .filter(each -> !each.equals(servers.primary()) && !each.equals(former))
                .filter(each -> {
                    Watched other = known(each);
                    return other.isPrimary()
                            && other.facts != null
                            && other.facts.systemId() == state.systemId()
                            && other.facts.timeline() >= primaryTimeline;
                })
                .toList();
    }

    /** Whether it is known of all servers but this one how they are since the primary was suspected. */
    private boolean hasSeenOthers(ServerAddress standby) {
        return all().stream()
                .filter(each -> !each.equals(servers.primary()) && !each.equals(former) && !each.equals(standby))
                .allMatch(each -> known(each).seen);
    }

    /** A server that takes writes may be a copy of our primary, or anything else. */
    private void stranger(ServerAddress server, ServerFacts facts, List<Action> actions) {
        if (health == Health.DOWN && known(server).tellOnce("stranger")) {
            actions.add(FailoverWords.stranger(server, facts.systemId(), servers.primary(), state.systemId()));
        }
    }

    private void adopt(ServerAddress server, List<Action> actions) {
        if (phase == Phase.PROMOTING && candidate != null) {
            actions.add(FailoverWords.overtaken(candidate, servers.primary(), server));
        }
        phase = Phase.FINISHING;
        candidate = server;
        save(decide(FailoverState.Phase.DONE, FailoverState.Cause.ADOPTION, server), actions);
    }

    private FailoverState decide(FailoverState.Phase made, FailoverState.Cause cause, ServerAddress successor) {
        String at = wallClock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        return state.with(new FailoverState.Decision(made, cause, servers.primary(), successor, at));
    }

    private Action.Save saveNow(FailoverState now) {
        return new Action.Save(++saves, now);
    }

    /** Has a decision saved, whose next step waits for that. */
    private void save(FailoverState decided, List<Action> actions) {
        actions.add(saveNow(decided));
        pendingSave = saves;
    }

    private void consider(ServerAddress standby, Observation observation, List<Action> actions) {
        if (health != Health.DOWN || phase != Phase.WATCHING) {
            return;
        }
        if (!otherPrimaries().isEmpty()) {
            otherPrimaries().forEach(each -> actions.add(new Action.Look(each, true, 0)));
            return; // Somebody was faster: that one is used, or an operator is told why not.
        }
        PromotionCheck.Primary primary = primaryForCheck();
        String objection = PromotionCheck.objection(observation, primary, rules);
        if (objection != null) {
            tellRefused(standby, objection, actions);
            return;
        }
        if (known(standby).noWay != null) {
            actions.add(new Action.Examine(standby)); // It may have been repaired since.
            return;
        }
        if (!hasSeenOthers(standby)) {
            return; // One of them may be a primary already; the last look at them brings this here again.
        }
        ServerFacts facts = ((Observation.Answered) observation).facts();
        phase = Phase.INTENDING;
        actions.add(
                FailoverWords.promoting(standby, servers.primary(), facts, PromotionCheck.lagWords(facts, primary)));
        save(decide(FailoverState.Phase.INTENT, FailoverState.Cause.FAILOVER, standby), actions);
    }

    private void tellRefused(ServerAddress standby, String objection, List<Action> actions) {
        if (known(standby).tellOnce(objection.replaceAll("\\d+", ""))) {
            actions.add(FailoverWords.refused(standby, servers.primary(), objection));
        }
    }

    /**
     * It was found out whether the standby could be told to become the primary.
     *
     * @param problem why it could not; null when it could
     */
    List<Action> examined(ServerAddress standby, @Nullable String problem) {
        List<Action> actions = new ArrayList<>();
        Watched known = watched.get(standby);
        if (known == null) {
            return actions;
        }
        known.noWay = problem;
        if (health == Health.DOWN && phase == Phase.WATCHING) {
            if (problem == null) {
                lookAtCandidate(actions);
            } else {
                tellRefused(standby, "could not be told to become the primary: " + problem, actions);
            }
        }
        return actions;
    }

    /** The state is durable. */
    List<Action> saved(long number, FailoverState saved, long nowNs) {
        List<Action> actions = new ArrayList<>();
        if (number == saves) {
            unsaved = false;
            failedToSave = false;
        }
        if (number != pendingSave || saved.decision().isEmpty()) {
            return actions;
        }
        pendingSave = 0;
        FailoverState.Decision decision = saved.decision().get();
        if (phase == Phase.INTENDING && decision.cause() == FailoverState.Cause.FAILOVER && !isStillNeeded(actions)) {
            phase = Phase.WATCHING; // Things have changed while the disk was busy, and nobody was told yet.
            actions.add(saveNow(state));
            return actions;
        }
        state = saved;
        if (phase == Phase.INTENDING) {
            actions.add(new Action.CutOff(servers.primary(), decision.newPrimary()));
            carryOut(decision, actions);
        } else if (phase == Phase.FINISHING) {
            change(decision, nowNs, actions);
        }
        return actions;
    }

    /** Whether the primary is dead as before, and nobody else has taken its place; else says what is done in place of a promotion. */
    private boolean isStillNeeded(List<Action> actions) {
        if (health != Health.DOWN) {
            tellBack(actions);
            return false;
        }
        List<ServerAddress> others = otherPrimaries();
        others.forEach(each -> actions.add(new Action.Look(each, true, 0)));
        return others.isEmpty();
    }

    /** The state could not be made durable. */
    List<Action> notSaved(long number, FailoverState lost, String problem, long nowNs) {
        List<Action> actions = new ArrayList<>();
        if (number != saves) {
            return actions; // A later one is under way, and counts.
        }
        boolean isNews = !failedToSave || number == pendingSave;
        unsaved = true;
        failedToSave = true;
        pendingSave = 0;
        if (isNews) {
            actions.add(FailoverWords.notSaved(servers.primary(), phase == Phase.INTENDING, problem));
        }
        switch (phase) {
            case INTENDING -> {
                if (wasSwitchover(lost)) {
                    actions.add(new Action.Resume(servers.primary()));
                    actions.add(new Action.Answer("the state file could not be written: " + problem));
                    candidate = null;
                }
                phase = Phase.WATCHING; // The next look at the primary begins anew.
                actions.add(saveNow(state)); // The file may be written for all that.
            }
            case FINISHING -> {
                // What takes writes is used: clients wait, and nobody is served by waiting for a disk.
                state = lost;
                lost.decision().ifPresent(decision -> change(decision, nowNs, actions));
                actions.add(new Action.SaveLater(retryMs()));
            }
            case WATCHING, QUIESCING, CATCHING_UP -> actions.add(new Action.SaveLater(probeMs()));
            case FENCING, PROMOTING -> {} // What is on the disk says so already.
        }
        return actions;
    }

    private static boolean wasSwitchover(FailoverState state) {
        return state.decision()
                .filter(decision -> decision.cause() == FailoverState.Cause.SWITCHOVER)
                .isPresent();
    }

    /** The time has come to save again what could not be saved. What is true by now is saved, and not what was true then. */
    List<Action> saveAgain() {
        return unsaved && pendingSave == 0 ? List.of(saveNow(state)) : List.of();
    }

    /** From here on there is no way back. */
    private void carryOut(FailoverState.Decision decision, List<Action> actions) {
        candidate = decision.newPrimary();
        if (decision.cause() == FailoverState.Cause.SWITCHOVER && rules.fencesOldPrimary()) {
            phase = Phase.FENCING;
            goalLsn = Long.MAX_VALUE;
            catchUpSinceNs = null;
            actions.add(new Action.Fence(servers.primary()));
        } else {
            promote(decision.newPrimary(), actions);
        }
    }

    /** The old primary is fenced, or could not be; what others have written to it by now the standby is to have, too. */
    List<Action> fenced(FenceResult result) {
        if (phase != Phase.FENCING) {
            return List.of();
        }
        fence = result;
        return List.of(FailoverWords.fenced(servers.primary(), result), flush());
    }

    /** The standby is behind the fence. It had everything that clients of pgproxy had written before that was raised. */
    private void catchUpWithFence(ServerAddress standby, Watched known, long nowNs, List<Action> actions) {
        boolean hasAll = known.facts != null && known.facts.replayedLsn() >= goalLsn;
        Long sinceNs = catchUpSinceNs;
        if (sinceNs == null) {
            sinceNs = nowNs;
            catchUpSinceNs = nowNs;
        }
        if (known.isPrimary() || (known.isStandby() && hasAll)) {
            hasAllOfOthers =
                    known.isStandby() && fence != null && fence.problem().isEmpty();
            promote(standby, actions);
        } else if (nowNs - sinceNs >= MAX_CATCH_UP_NS) {
            actions.add(FailoverWords.notCaughtUp(standby, servers.primary(), "it did not get that in time"));
            promote(standby, actions);
        } else {
            actions.add(new Action.Look(standby, false, POLL_MS));
        }
    }

    private void promote(ServerAddress standby, List<Action> actions) {
        phase = Phase.PROMOTING;
        candidate = standby;
        told = false;
        actions.add(new Action.Promote(standby, 0));
    }

    /** What is to become of an {@link Action.Promote} whose time has come. */
    enum Promotion {
        DUE,
        /** Whether somebody else was promoted is being found out. */
        NOT_YET,
        /** Another server was made the primary. */
        DROPPED
    }

    /** Whether the standby is to be told now to become the primary. */
    Promotion promotionOf(ServerAddress standby) {
        if (!isBeingPromoted(standby)) {
            return Promotion.DROPPED;
        }
        boolean isClear = wasSwitchover(state)
                || (hasSeenOthers(standby) && otherPrimaries().stream().allMatch(standby::equals));
        return isClear ? Promotion.DUE : Promotion.NOT_YET;
    }

    private boolean isBeingPromoted(ServerAddress standby) {
        return phase == Phase.PROMOTING && standby.equals(candidate);
    }

    /** The standby was told to become the primary. Whether it does is seen by looking at it. */
    List<Action> told(ServerAddress standby, long nowNs) {
        if (!isBeingPromoted(standby)) {
            return List.of(); // It is the primary already, or another one is.
        }
        told = true;
        toldNs = nowNs;
        return List.of(new Action.Look(standby, false, POLL_MS));
    }

    /** A look at the standby that is being promoted. */
    private void candidateLooked(ServerAddress standby, Watched known, long nowNs, List<Action> actions) {
        if (known.isPrimary()) {
            phase = Phase.FINISHING;
            state.decision().ifPresent(decision -> save(state.with(decision.done()), actions));
        } else if (told && nowNs - toldNs > rules.promoteTimeout().toNanos()) {
            told = false;
            String found = known.last instanceof Observation.Failed failed
                    ? "and cannot be asked: " + failed.problem()
                    : "and is still in recovery";
            actions.addAll(notTold(standby, "it was told, " + found + " after promote_timeout"));
        } else if (told) {
            actions.add(new Action.Look(standby, false, POLL_MS));
        }
    }

    /** The standby could not be told, or did not do it. */
    List<Action> notTold(ServerAddress server, String problem) {
        List<Action> actions = new ArrayList<>();
        if (!isBeingPromoted(server)) {
            return actions;
        }
        if (known(server).tellOnce(problem)) {
            actions.add(FailoverWords.promotionFailed(server, servers.primary(), problem));
        }
        if (wasSwitchover(state)) {
            actions.add(new Action.Answer(
                    "the standby could not be promoted yet: " + problem + "; pgproxy tries again, and clients wait"));
        }
        actions.add(new Action.Promote(server, retryMs()));
        actions.add(new Action.Look(server, true, 0)); // It may have been promoted all the same.
        return actions;
    }

    private void change(FailoverState.Decision decision, long nowNs, List<Action> actions) {
        ServerAddress old = servers.primary();
        ServerAddress successor = decision.newPrimary();
        servers = new ProxyConfig.Servers(
                successor,
                Optional.empty(),
                servers.standbys().stream()
                        .filter(standby -> !standby.equals(successor))
                        .toList());
        former = old;
        phase = Phase.WATCHING;
        candidate = null;
        health = Health.ALIVE;
        primaryIsReady = true;
        hasChanged = true;
        changedNs = nowNs;
        rememberAll();
        keepFormerOut();
        // After a switchover it takes writes still, as the operator is told below. Later that would be news.
        known(old).told = decision.cause() == FailoverState.Cause.SWITCHOVER ? OLD_PRIMARY_WRITES : "";
        known(successor).told = "";
        known(successor).failures = 0;
        actions.add(new Action.CutOff(old, successor));
        actions.add(new Action.Change(servers));
        actions.add(FailoverWords.changed(decision, fence, hasAllOfOthers));
        fence = null;
        hasAllOfOthers = false;
        actions.add(new Action.Answer(
                decision.cause() == FailoverState.Cause.SWITCHOVER
                        ? null
                        : successor + " became the primary by another way, and is used"));
        all().forEach(server -> actions.add(new Action.Look(server, true, 0)));
    }

    private void formerLooked(ServerAddress server, Watched known, boolean fresh, long nowNs, List<Action> actions) {
        StandbyRotation.Reference reference = reference(nowNs);
        if (servers.standbys().contains(server) && reference.primary() != null) {
            // However short a time there was to follow the new primary: until it does, what it has may be known to
            // nobody else.
            actions.addAll(StandbyRotation.looked(
                    server,
                    known,
                    fresh,
                    new StandbyRotation.Reference(reference.primary(), true),
                    rules,
                    standbyLimits));
        } else {
            actions.add(new Action.Look(server, false, probeMs()));
        }
        if (known.isPrimary() && known.tellOnce(OLD_PRIMARY_WRITES)) {
            actions.add(FailoverWords.oldPrimaryBack(server, servers.primary()));
        } else if (known.isStandby() && known.tellOnce("standby")) {
            actions.add(FailoverWords.oldPrimaryIsStandby(server));
            if (rules.fencesOldPrimary()) {
                actions.add(new Action.LiftFence(server));
            }
        } else if (known.last instanceof Observation.Failed) {
            known.told = "";
        }
        if (state.decision().isEmpty()) {
            forgetFormerIfItFollows(); // The configuration names it already.
        }
    }
}
