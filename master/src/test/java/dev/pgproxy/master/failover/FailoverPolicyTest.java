package dev.pgproxy.master.failover;

import static dev.pgproxy.master.failover.PlayedProbes.ID;
import static dev.pgproxy.master.failover.PlayedProbes.NOWHERE;
import static dev.pgproxy.master.failover.PlayedProbes.ORPHAN;
import static dev.pgproxy.master.failover.PlayedProbes.PRIMARY;
import static dev.pgproxy.master.failover.PlayedProbes.REFUSED;
import static dev.pgproxy.master.failover.PlayedProbes.STANDBY;
import static dev.pgproxy.master.failover.PlayedProbes.primary;
import static dev.pgproxy.master.failover.PlayedProbes.standby;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FailoverPolicyTest {

    private static final Endpoint X = new Endpoint.Tcp("x", 1);
    private static final Endpoint Y = new Endpoint.Tcp("y", 1);
    private static final Endpoint Z = new Endpoint.Tcp("z", 1);
    private static final int RETRIES = 3;
    private static final long RETRY_MS = 500;
    private static final ProxyConfig.Servers SERVERS = new ProxyConfig.Servers(X, Optional.of(Y), List.of(Y, Z));
    private static final ProxyConfig.Failover RULES = rules(0);
    private static final ProxyConfig.StandbyLimits LIMITS =
            new ProxyConfig.StandbyLimits(2, 1_000, Duration.ofSeconds(5));

    private long nowNs;
    private final Set<Endpoint> paused = new HashSet<>();
    private final List<Action> done = new ArrayList<>();
    private FailoverPolicy policy = policy(SERVERS, FailoverState.initial(SERVERS));

    private FailoverPolicy policy(ProxyConfig.Servers servers, FailoverState state) {
        return new FailoverPolicy(servers, state, RULES, LIMITS, () -> Instant.EPOCH, paused::contains);
    }

    private static ProxyConfig.Failover rules(long maxLagBytes) {
        return rules(maxLagBytes, false);
    }

    private static ProxyConfig.Failover rules(long maxLagBytes, boolean fencesOldPrimary) {
        return new ProxyConfig.Failover(
                ProxyConfig.PromoteMethod.AUTO,
                Duration.ofSeconds(60),
                RETRIES,
                Duration.ofMillis(RETRY_MS),
                Duration.ofSeconds(30),
                Duration.ofSeconds(5),
                9999,
                Duration.ofSeconds(30),
                true,
                maxLagBytes,
                true,
                fencesOldPrimary);
    }

    private List<Action> note(List<Action> actions) {
        done.addAll(actions);
        return actions;
    }

    private List<Action> fresh(Endpoint server, Observation observation) {
        return note(policy.probed(server, observation, true, nowNs));
    }

    private List<Action> kept(Endpoint server, Observation observation) {
        return note(policy.probed(server, observation, false, nowNs));
    }

    private void allWell() {
        note(policy.start());
        fresh(X, PRIMARY);
        saveAll();
        fresh(Y, STANDBY);
        fresh(Z, STANDBY);
        done.clear();
    }

    /** Completes the last save. */
    private List<Action> saveAll() {
        Action.Save save = last(Action.Save.class);
        return note(policy.saved(save.number(), save.state(), nowNs));
    }

    private <A extends Action> A last(Class<A> type) {
        return done.stream()
                .filter(type::isInstance)
                .map(type::cast)
                .reduce((first, second) -> second)
                .orElseThrow(() -> new AssertionError("no " + type.getSimpleName() + " in " + done));
    }

    private long count(Class<? extends Action> type) {
        return done.stream().filter(type::isInstance).count();
    }

    private List<Alert.Kind> told() {
        return done.stream()
                .filter(Action.Tell.class::isInstance)
                .map(action -> ((Action.Tell) action).kind())
                .toList();
    }

    private void primaryDies() {
        primaryDies(STANDBY);
    }

    /** @param other what is observed of the standby that is not to be promoted */
    private void primaryDies(Observation other) {
        for (int i = 0; i < RETRIES; i++) {
            fresh(X, REFUSED);
            kept(Z, other);
        }
    }

    @Test
    void aDeadPrimaryIsReplacedAfterEnoughFailuresAndInThisOrder() {
        allWell();
        note(policy.connectionLost(X));
        assertTrue(policy.holdsPrimary(), "clients wait once the primary is suspected");
        assertEquals(new Action.Probe(X, true, 0), last(Action.Probe.class));
        fresh(X, REFUSED);
        kept(Z, STANDBY);
        fresh(X, REFUSED);
        assertEquals(0, count(Action.Tell.class));
        assertTrue(done.contains(new Action.Probe(X, true, RETRY_MS)));
        fresh(X, REFUSED);
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN), told());
        assertTrue(done.contains(new Action.Probe(Y, true, 0)), "the standby is probed again");

        fresh(Y, ORPHAN);
        FailoverState.Decision intent =
                last(Action.Save.class).state().decision().orElseThrow();
        assertEquals(FailoverState.Phase.INTENT, intent.phase());
        assertEquals(0, count(Action.Promote.class), "not before the intent is durable");
        assertEquals(0, count(Action.CutOff.class));

        saveAll();
        assertEquals(new Action.CutOff(X, Y), last(Action.CutOff.class));
        assertEquals(new Action.Promote(Y, 0), last(Action.Promote.class));
        note(policy.promoteSent(Y, nowNs));
        kept(Y, ORPHAN);
        assertEquals(0, count(Action.Change.class), "it is still in recovery");
        kept(Y, primary(2));
        assertEquals(
                FailoverState.Phase.DONE,
                last(Action.Save.class).state().decision().orElseThrow().phase());
        saveAll();
        assertEquals(
                new ProxyConfig.Servers(Y, Optional.empty(), List.of(Z)),
                last(Action.Change.class).servers());
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN, Alert.Kind.PROMOTED), told());
        assertFalse(policy.holdsPrimary());
        assertEquals(1, count(Action.Promote.class));
    }

    @ParameterizedTest
    @EnumSource(FailureKind.class)
    void onlyFailuresThatCountLeadToAPromotion(FailureKind kind) {
        allWell();
        for (int i = 0; i < 10 * RETRIES; i++) {
            fresh(X, new Observation.Failed(kind, "problem"));
            kept(Z, STANDBY);
            fresh(Y, ORPHAN);
        }
        boolean promotes = done.stream().anyMatch(Action.Save.class::isInstance);
        assertEquals(kind.countsAsDown(), promotes);
    }

    @Test
    void failuresCountOnlyInARow() {
        allWell();
        for (int i = 0; i < 10; i++) {
            fresh(X, REFUSED);
            fresh(X, REFUSED);
            fresh(X, i % 2 == 0 ? PRIMARY : new Observation.Failed(FailureKind.TOO_MANY_CONNECTIONS, "full"));
            fresh(Y, ORPHAN);
        }
        assertEquals(List.of(), told());
        assertEquals(0, count(Action.Save.class));
    }

    @Test
    void whatSaysNothingOfThePrimaryNeitherCountsNorResets() {
        allWell();
        fresh(X, REFUSED);
        fresh(X, REFUSED);
        fresh(X, new Observation.Failed(FailureKind.UNKNOWN_HOST, "no name"));
        fresh(X, new Observation.Failed(FailureKind.LOCAL, "no descriptor"));
        assertEquals(List.of(), told());
        fresh(X, REFUSED);
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN), told());
    }

    @Test
    void theKeptConnectionAloneProvesNothing() {
        allWell();
        for (int i = 0; i < RETRIES; i++) {
            kept(X, REFUSED);
            fresh(X, PRIMARY);
        }
        assertEquals(List.of(), told());
    }

    @Test
    void aStandbyThatHearsThePrimaryIsNotPromotedUntilItDoesNot() {
        allWell();
        primaryDies();
        fresh(Y, STANDBY);
        fresh(X, REFUSED);
        fresh(Y, STANDBY);
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN, Alert.Kind.PROMOTION_REFUSED), told(), "each is told once");
        assertEquals(0, count(Action.Save.class));
        fresh(X, REFUSED);
        fresh(Y, ORPHAN);
        assertEquals(1, count(Action.Save.class));
    }

    @Test
    void aPrimaryThatAnOperatorHasPausedIsNotReplaced() {
        paused.add(X);
        allWell();
        primaryDies();
        fresh(Y, ORPHAN);
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN, Alert.Kind.PROMOTION_REFUSED), told());
        assertEquals(0, count(Action.Save.class));
        paused.clear();
        fresh(X, REFUSED);
        fresh(Y, ORPHAN);
        assertEquals(1, count(Action.Save.class));
    }

    @Test
    void aPrimaryThatComesBackInTimeStaysThePrimary() {
        allWell();
        primaryDies();
        fresh(Y, STANDBY);
        fresh(X, PRIMARY);
        fresh(Y, ORPHAN);
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN, Alert.Kind.PROMOTION_REFUSED, Alert.Kind.PRIMARY_BACK), told());
        assertEquals(0, count(Action.Save.class));
        assertFalse(policy.holdsPrimary());
    }

    @Test
    void aPrimaryThatStartsIsBackAndItsClientsWaitForIt() {
        allWell();
        primaryDies();
        fresh(X, new Observation.Failed(FailureKind.NOT_READY, "the database system is starting up"));
        assertTrue(policy.holdsPrimary());
        String message = last(Action.Tell.class).message();
        assertTrue(message.endsWith("its clients continue once it accepts connections"), message);
        fresh(X, PRIMARY);
        assertFalse(policy.holdsPrimary());
    }

    @Test
    void nobodyIsPromotedWhileTheIntentCannotBeSaved() {
        allWell();
        primaryDies();
        fresh(Y, ORPHAN);
        Action.Save intent = last(Action.Save.class);
        note(policy.notSaved(intent.number(), intent.state(), "disk full", nowNs));
        assertEquals(0, count(Action.Promote.class));
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN, Alert.Kind.STATE_FILE_FAILED), told());
        assertTrue(last(Action.Save.class).state().decision().isEmpty(), "what may be half written is taken back");
        fresh(X, REFUSED);
        fresh(Y, ORPHAN);
        saveAll();
        assertEquals(1, count(Action.Promote.class), "it tries again");
    }

    @Test
    void aPrimaryThatComesBackWhileTheDiskIsBusyStaysThePrimary() {
        allWell();
        primaryDies();
        fresh(Y, ORPHAN);
        Action.Save intent = last(Action.Save.class);
        fresh(X, PRIMARY);
        assertTrue(policy.holdsPrimary(), "nobody knows yet");
        note(policy.saved(intent.number(), intent.state(), nowNs));
        assertEquals(0, count(Action.Promote.class));
        assertEquals(0, count(Action.CutOff.class));
        assertFalse(policy.holdsPrimary());
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN, Alert.Kind.PRIMARY_BACK), told());
        assertEquals(
                Optional.empty(), last(Action.Save.class).state().decision(), "a restart is not to promote anybody");
    }

    @Test
    void fromTheIntentOnThereIsNoWayBack() {
        allWell();
        primaryDies();
        fresh(Y, ORPHAN);
        saveAll();
        note(policy.promoteFailed(Y, "it does not answer"));
        fresh(X, PRIMARY);
        fresh(X, PRIMARY);
        assertEquals(new Action.Promote(Y, RETRY_MS), last(Action.Promote.class));
        assertTrue(policy.holdsPrimary());
        assertTrue(told().contains(Alert.Kind.PROMOTION_FAILED));
        note(policy.promoteSent(Y, nowNs));
        nowNs += Duration.ofSeconds(61).toNanos();
        kept(Y, ORPHAN);
        assertEquals(new Action.Promote(Y, RETRY_MS), last(Action.Promote.class));
        kept(Y, primary(2));
        saveAll();
        assertEquals(Y, policy.servers().primary());
        fresh(X, PRIMARY);
        assertEquals(Alert.Kind.OLD_PRIMARY_BACK, last(Action.Tell.class).kind());
    }

    @Test
    void aNewProcessCarriesOnFromTheIntent() {
        FailoverState state = FailoverState.initial(SERVERS)
                .withSystemId(ID)
                .with(new FailoverState.Decision(
                        FailoverState.Phase.INTENT, FailoverState.Cause.FAILOVER, X, Y, "2026-01-01T00:00:00Z"));
        policy = policy(SERVERS, state);
        note(policy.start());
        assertTrue(policy.holdsPrimary());
        assertEquals(new Action.Promote(Y, 0), last(Action.Promote.class));
        fresh(X, PRIMARY);
        note(policy.promoteSent(Y, nowNs));
        fresh(Y, primary(2));
        saveAll();
        assertEquals(Y, policy.servers().primary());
        assertEquals(List.of(Alert.Kind.PROMOTED), told());
    }

    @Test
    void whatSomebodyElsePromotedIsAdoptedOnceThePrimaryIsDown() {
        allWell();
        kept(Z, primary(2));
        kept(Z, primary(2));
        assertEquals(List.of(Alert.Kind.STANDBY_OUT, Alert.Kind.TWO_PRIMARIES), told());
        assertEquals(0, count(Action.Save.class), "never while both take writes");
        fresh(X, REFUSED);
        kept(Z, primary(2));
        assertEquals(0, count(Action.Save.class), "nor before the primary is certainly down");
        fresh(X, REFUSED);
        fresh(X, REFUSED);
        kept(Z, primary(2));
        saveAll();
        assertEquals(new ProxyConfig.Servers(Z, Optional.empty(), List.of(Y)), policy.servers());
        assertEquals(0, count(Action.Promote.class));
        assertEquals(Alert.Kind.ADOPTED, last(Action.Tell.class).kind());
    }

    @Test
    void orOnceThePrimaryWasDemoted() {
        allWell();
        kept(X, STANDBY);
        kept(Y, primary(2));
        saveAll();
        assertEquals(Y, policy.servers().primary());
    }

    @Test
    void ofSeveralPrimariesNoneIsAdopted() {
        allWell();
        kept(Z, primary(2));
        kept(Y, primary(2));
        primaryDies(primary(2));
        kept(Y, primary(2));
        kept(Z, primary(2));
        assertEquals(0, count(Action.Save.class));
        assertEquals(X, policy.servers().primary());
    }

    @Test
    void nobodyIsPromotedBesideServersThatTakeWrites() {
        Endpoint w = new Endpoint.Tcp("w", 1);
        ProxyConfig.Servers many = new ProxyConfig.Servers(X, Optional.of(Y), List.of(Y, Z, w));
        policy = policy(many, FailoverState.initial(many).withSystemId(ID));
        note(policy.start());
        fresh(X, PRIMARY);
        done.clear();
        for (int i = 0; i < RETRIES; i++) {
            fresh(X, REFUSED);
            kept(Z, primary(2));
            kept(w, primary(2));
        }
        fresh(Y, ORPHAN);
        assertEquals(0, count(Action.Save.class), "which of the two is the primary only an operator can tell");
        kept(w, REFUSED);
        fresh(Y, ORPHAN);
        assertEquals(new Action.Probe(Z, true, 0), last(Action.Probe.class));
        kept(Z, primary(2));
        assertEquals(
                FailoverState.Cause.ADOPTION,
                last(Action.Save.class).state().decision().orElseThrow().cause());
    }

    @Test
    void nobodyIsPromotedBeforeItIsKnownHowTheOthersAre() {
        allWell();
        for (int i = 0; i < RETRIES; i++) {
            fresh(X, REFUSED);
        }
        fresh(Y, ORPHAN);
        assertEquals(0, count(Action.Save.class));
        kept(Z, REFUSED);
        assertEquals(new Action.Probe(Y, true, 0), last(Action.Probe.class), "now it can be decided");
        fresh(Y, ORPHAN);
        assertEquals(1, count(Action.Save.class));
    }

    @Test
    void nobodyIsPromotedWhenSomebodyElseWasWhileTheDiskWasBusy() {
        allWell();
        primaryDies();
        fresh(Y, ORPHAN);
        Action.Save intent = last(Action.Save.class);
        kept(Z, primary(2));
        note(policy.saved(intent.number(), intent.state(), nowNs));
        assertEquals(0, count(Action.Promote.class));
        fresh(Z, primary(2));
        saveAll();
        assertEquals(Z, policy.servers().primary());
    }

    @Test
    void whatSomebodyPromotedIsAdoptedInPlaceOfAStandbyThatCannotBeTold() {
        allWell();
        primaryDies();
        fresh(Y, ORPHAN);
        saveAll();
        assertEquals(Promotion.Due.NOW, policy.promotionOf(Y));
        note(policy.promoteFailed(Y, "it does not answer"));
        fresh(Y, REFUSED);
        kept(Z, primary(2));
        saveAll();
        assertEquals(Z, policy.servers().primary());
        assertFalse(policy.holdsPrimary());
        assertEquals(Promotion.Due.DROPPED, policy.promotionOf(Y), "it would be a second primary");
        assertEquals(List.of(), policy.promoteSent(Y, nowNs));
        assertEquals(List.of(), policy.promoteFailed(Y, "it does not answer still"));
        assertEquals(Alert.Kind.ADOPTED, last(Action.Tell.class).kind());
    }

    @Test
    void aNewProcessLooksAtTheOthersBeforeItCarriesOn() {
        FailoverState state = FailoverState.initial(SERVERS)
                .withSystemId(ID)
                .with(new FailoverState.Decision(
                        FailoverState.Phase.INTENT, FailoverState.Cause.FAILOVER, X, Y, "2026-01-01T00:00:00Z"));
        policy = policy(SERVERS, state);
        note(policy.start());
        assertEquals(Promotion.Due.NOT_YET, policy.promotionOf(Y));
        fresh(Z, primary(2));
        saveAll();
        assertEquals(Z, policy.servers().primary());
    }

    @Test
    void aStandbyThatCannotBeToldIsNotDecidedFor() {
        allWell();
        note(policy.examined(Y, "no such large object: 1"));
        primaryDies();
        fresh(Y, ORPHAN);
        assertEquals(0, count(Action.Save.class));
        assertEquals(new Action.Examine(Y), last(Action.Examine.class), "it may have been repaired");
        note(policy.examined(Y, "no such large object: 1"));
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN, Alert.Kind.PROMOTION_REFUSED), told());
        note(policy.examined(Y, null));
        assertEquals(new Action.Probe(Y, true, 0), last(Action.Probe.class));
        fresh(Y, ORPHAN);
        assertEquals(1, count(Action.Save.class));
    }

    @Test
    void theOldPrimaryIsReadFromOnlyOnceItFollowsTheNewOne() {
        ProxyConfig.Servers all = new ProxyConfig.Servers(X, Optional.of(Y), List.of(X, Y, Z));
        policy = policy(all, FailoverState.initial(all).withSystemId(ID));
        note(policy.start());
        fresh(X, PRIMARY);
        primaryDies();
        fresh(Y, ORPHAN);
        saveAll();
        note(policy.promoteSent(Y, nowNs));
        kept(Y, primary(2));
        saveAll();
        fresh(Y, primary(2));
        assertEquals(List.of(Z), policy.readable());
        fresh(X, PRIMARY);
        assertEquals(List.of(Z), policy.readable(), "it takes writes that nobody else has");
        fresh(X, ORPHAN);
        assertEquals(List.of(Z), policy.readable(), "it is on its own timeline");
        fresh(X, standby(2, true, 500));
        assertEquals(List.of(X, Z), policy.readable());
    }

    @Test
    void aDecisionThatWasTakenOverIsGoneFromTheFile() throws StartDecision.ContradictionException {
        FailoverState decided = FailoverState.initial(SERVERS)
                .withSystemId(ID)
                .with(new FailoverState.Decision(
                        FailoverState.Phase.DONE, FailoverState.Cause.FAILOVER, X, Y, "2026-01-01T00:00:00Z"));
        ProxyConfig.Servers repaired = new ProxyConfig.Servers(Y, Optional.of(X), List.of(Z));
        policy = policy(repaired, StartDecision.of(repaired, Optional.of(decided)));
        note(policy.start());
        assertEquals(Optional.empty(), last(Action.Save.class).state().decision());
        assertEquals(ID, last(Action.Save.class).state().systemId());
    }

    @Test
    void anIntentKeepsThePrimaryThatItWasMadeFor() {
        FailoverState back = FailoverState.initial(SERVERS)
                .with(new FailoverState.Decision(
                        FailoverState.Phase.INTENT, FailoverState.Cause.SWITCHOVER, Y, X, "2026-01-01T00:00:00Z"));
        assertEquals(Y, StartDecision.servers(SERVERS, back).primary());
    }

    @Test
    void aLimitOfWhatMayBeLostCountsAlsoWhenNobodyKnowsIt() {
        PromotionCheck.Primary unseen = new PromotionCheck.Primary(ID, 0, false);
        assertEquals(null, PromotionCheck.objection(ORPHAN, unseen, RULES));
        assertTrue(String.valueOf(PromotionCheck.objection(ORPHAN, unseen, rules(1)))
                .contains("was not seen since pgproxy was started"));
    }

    @Test
    void aStrangerIsNotAdopted() {
        allWell();
        primaryDies();
        fresh(
                Y,
                new Observation.Answered(
                        new ServerFacts(false, ID + 1, 2, 500, 500, 0, ServerFacts.WalReceiver.DOWN, NOWHERE)));
        assertEquals(0, count(Action.Save.class));
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN, Alert.Kind.STANDBY_OUT, Alert.Kind.PROMOTION_REFUSED), told());
    }

    @Test
    void aSwitchoverWaitsForSessionsAndForTheStandbyInThisOrder() {
        allWell();
        assertEquals(null, policy.objectionToSwitchover(Y));
        note(policy.switchover(Y));
        assertTrue(policy.holdsPrimary());
        assertEquals(new Action.Quiesce(X), last(Action.Quiesce.class));
        assertEquals("another change of the primary is under way", policy.objectionToSwitchover(Z));
        kept(Y, STANDBY);
        assertEquals(0, count(Action.Save.class));
        note(policy.quiesced());
        kept(Y, STANDBY);
        assertEquals(0, count(Action.Save.class), "what is on the primary's disk is not known yet");
        ServerFacts behind = new ServerFacts(false, ID, 1, 700, 700, 0, ServerFacts.WalReceiver.DOWN, NOWHERE);
        note(policy.flushed(new Observation.Answered(behind)));
        kept(Y, STANDBY);
        assertEquals(0, count(Action.Save.class), "it has not replayed everything");
        kept(Y, standby(1, true, 700));
        assertEquals(0, count(Action.Promote.class));
        saveAll();
        assertEquals(new Action.Promote(Y, 0), last(Action.Promote.class));
        note(policy.promoteSent(Y, nowNs));
        kept(Y, primary(2));
        saveAll();
        assertEquals(new Action.Answer(null), last(Action.Answer.class));
        assertEquals(List.of(Alert.Kind.SWITCHED_OVER), told());
        assertEquals(new ProxyConfig.Servers(Y, Optional.empty(), List.of(Z)), policy.servers());
    }

    @Test
    void aSwitchoverIsCalledOffWhenThePrimaryFailsAndAFailoverFollows() {
        allWell();
        note(policy.switchover(Z));
        note(policy.quiesced());
        fresh(X, REFUSED);
        assertEquals(new Action.Resume(X), last(Action.Resume.class));
        assertTrue(String.valueOf(last(Action.Answer.class).problem()).contains("refused"));
        kept(Z, STANDBY);
        fresh(X, REFUSED);
        fresh(X, REFUSED);
        fresh(Y, ORPHAN);
        saveAll();
        assertEquals(new Action.Promote(Y, 0), last(Action.Promote.class));
    }

    @Test
    void aSwitchoverCannotBeCalledOffOnceTheStandbyMayHaveBeenTold() {
        allWell();
        note(policy.switchover(Y));
        note(policy.quiesced());
        note(policy.flushed(PRIMARY));
        kept(Y, STANDBY);
        assertEquals(List.of(), policy.callOff("too late"));
        saveAll();
        assertEquals(List.of(), policy.callOff("too late"));
    }

    @Test
    void withoutAStandbyToPromoteClientsDoNotWait() {
        ProxyConfig.Servers alone = new ProxyConfig.Servers(X, Optional.empty(), List.of(Z));
        policy = policy(alone, FailoverState.initial(alone));
        note(policy.start());
        fresh(X, PRIMARY);
        primaryDies();
        assertFalse(policy.holdsPrimary());
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN), told());
    }

    @Test
    void aStandbyGoesOutAfterEnoughFailuresAndComesBack() {
        allWell();
        assertEquals(List.of(Y, Z), policy.readable());
        note(policy.suspected(Z));
        assertEquals(List.of(Y), policy.readable(), "others are better at once");
        fresh(Z, REFUSED);
        assertEquals(List.of(Y), policy.readable());
        assertEquals(List.of(), told());
        fresh(Z, REFUSED);
        assertEquals(List.of(Y), policy.readable());
        fresh(Z, STANDBY);
        assertEquals(List.of(Y, Z), policy.readable());
        assertEquals(List.of(Alert.Kind.STANDBY_OUT, Alert.Kind.STANDBY_BACK), told());
    }

    @Test
    void aStandbyThatLagsIsNotReadFromWhileThePrimaryIsThere() {
        ServerFacts far = new ServerFacts(false, ID, 1, 5_000, 5_000, 0, ServerFacts.WalReceiver.DOWN, NOWHERE);
        allWell();
        kept(X, new Observation.Answered(far));
        kept(Z, STANDBY);
        assertEquals(List.of(Y), policy.readable());
        kept(Z, standby(1, true, 4_500));
        assertEquals(List.of(Y, Z), policy.readable());
        ServerFacts late =
                new ServerFacts(true, ID, 1, 5_000, 4_900, 6, new ServerFacts.WalReceiver(true, 0, 0), NOWHERE);
        kept(Z, new Observation.Answered(late));
        assertEquals(List.of(Y), policy.readable());
        primaryDies();
        kept(Z, new Observation.Answered(late));
        assertEquals(List.of(Y), policy.readable(), "nobody can tell that it has caught up");
    }

    @Test
    void aStaleStandbyStaysOutWhileThePrimaryDoesNotAnswer() {
        allWell();
        failOverToY();
        nowNs += Duration.ofSeconds(61).toNanos();
        kept(Z, ORPHAN);
        assertEquals(List.of(), policy.readable());
        done.clear();
        kept(Y, REFUSED);
        kept(Z, ORPHAN);
        fresh(Z, REFUSED);
        fresh(Z, REFUSED);
        fresh(Z, ORPHAN);
        assertEquals(List.of(), policy.readable(), "also when it was away in between");
        fresh(Y, primary(2));
        kept(Z, ORPHAN);
        assertEquals(List.of(), policy.readable());
        assertEquals(List.of(), told());
        kept(Z, standby(2, true, 500));
        assertEquals(List.of(Z), policy.readable());
        assertEquals(List.of(Alert.Kind.STANDBY_BACK), told());
    }

    private void failOverToY() {
        primaryDies();
        fresh(Y, ORPHAN);
        saveAll();
        fresh(Y, primary(2));
        saveAll();
        fresh(Y, primary(2));
    }

    /** A new connection for each probe would fill the server's log. A client that cannot connect has the server probed at once. */
    @Test
    void aPrimaryThatIsWellIsLookedAtOverTheKeptConnection() {
        allWell();
        for (int i = 0; i < 4; i++) {
            kept(X, PRIMARY);
            assertFalse(last(Action.Probe.class).fresh());
        }
        kept(X, PRIMARY);
        assertTrue(last(Action.Probe.class).fresh(), "now and then");
        fresh(X, PRIMARY);
        assertFalse(last(Action.Probe.class).fresh());
        note(policy.suspected(X));
        assertEquals(new Action.Probe(X, true, 0), last(Action.Probe.class));
    }

    @Test
    void theNextStandbyCanBeNamedWithoutARestart() {
        allWell();
        failOverToY();
        ProxyConfig.Servers next = new ProxyConfig.Servers(Y, Optional.of(Z), List.of(Z));
        note(policy.configure(next, true, RULES, LIMITS));
        assertEquals(
                FailoverState.initial(next).withSystemId(ID),
                last(Action.Save.class).state());
        saveAll();
        done.clear();
        Observation follower = standby(2, false, 500);
        fresh(Z, follower);
        for (int i = 0; i < RETRIES; i++) {
            fresh(Y, REFUSED);
        }
        fresh(Z, follower);
        FailoverState.Decision decision =
                last(Action.Save.class).state().decision().orElseThrow();
        assertEquals(Y, decision.oldPrimary());
        assertEquals(Z, decision.newPrimary());
    }

    @Test
    void aFileThatStillNamesTheOldPrimaryChangesNothing() {
        allWell();
        failOverToY();
        done.clear();
        note(policy.configure(new ProxyConfig.Servers(Y, Optional.empty(), List.of(Z)), false, RULES, LIMITS));
        assertEquals(0, count(Action.Save.class));
        for (int i = 0; i < RETRIES; i++) {
            fresh(Y, REFUSED);
        }
        assertTrue(
                last(Action.Tell.class).hint().contains("RELOAD"),
                last(Action.Tell.class).hint());
        assertFalse(policy.holdsPrimary());
    }

    /** The old primary was made a standby, and is configured as one; no alert that it is back is needed. */
    @Test
    void theOldPrimaryCanBeNamedAsTheNextStandby() {
        allWell();
        failOverToY();
        fresh(X, standby(2, true, 500));
        ProxyConfig.Servers next = new ProxyConfig.Servers(Y, Optional.of(X), List.of(X, Z));
        note(policy.configure(next, true, RULES, LIMITS));
        saveAll();
        fresh(X, standby(2, true, 500));
        assertTrue(policy.readable().contains(X));
        done.clear();
        for (int i = 0; i < RETRIES; i++) {
            fresh(Y, REFUSED);
        }
        fresh(Z, standby(2, false, 500));
        fresh(X, standby(2, false, 500));
        assertEquals(X, last(Action.Save.class).state().decision().orElseThrow().newPrimary());
    }

    /** It was configured as a standby before it was made one, and lacks all that was committed since. */
    @Test
    void anOldPrimaryThatTakesWritesStillIsNotAdopted() {
        allWell();
        failOverToY();
        fresh(X, PRIMARY);
        note(policy.configure(new ProxyConfig.Servers(Y, Optional.of(Z), List.of(X, Z)), true, RULES, LIMITS));
        saveAll();
        fresh(X, PRIMARY);
        done.clear();
        for (int i = 0; i < RETRIES; i++) {
            fresh(Y, REFUSED);
        }
        fresh(X, PRIMARY);
        fresh(Z, standby(2, false, 500));
        assertEquals(Z, last(Action.Save.class).state().decision().orElseThrow().newPrimary());
    }

    /** The server that an operator has replaced still accepts writes, as the alert of the switchover says. */
    @Test
    void aPlannedSwitchoverRaisesNoAlarmAboutTheOldPrimary() {
        allWell();
        note(policy.switchover(Y));
        note(policy.quiesced());
        note(policy.flushed(PRIMARY));
        kept(Y, STANDBY);
        saveAll();
        kept(Y, primary(2));
        saveAll();
        fresh(X, PRIMARY);
        kept(X, PRIMARY);
        assertEquals(List.of(Alert.Kind.SWITCHED_OVER), told());
        kept(X, REFUSED);
        kept(X, PRIMARY);
        assertEquals(List.of(Alert.Kind.SWITCHED_OVER, Alert.Kind.OLD_PRIMARY_BACK), told());
    }

    /** Decides on a switchover to Y, with all servers healthy and the old primary about to be fenced. */
    private void decideWithFence() {
        policy = new FailoverPolicy(
                SERVERS, FailoverState.initial(SERVERS), rules(0, true), LIMITS, () -> Instant.EPOCH, paused::contains);
        allWell();
        note(policy.switchover(Y));
        note(policy.quiesced());
        note(policy.flushed(PRIMARY));
        kept(Y, STANDBY);
        assertEquals(0, count(Action.Fence.class), "the decision is not on the disk");
        saveAll();
        assertEquals(new Action.Fence(X), last(Action.Fence.class));
        assertTrue(policy.holdsPrimary());
    }

    @Test
    void aFencedPrimaryIsLeftWithAllThatOthersWrote() {
        decideWithFence();
        kept(Y, STANDBY);
        assertEquals(0, count(Action.Promote.class), "others may be writing");
        assertEquals(List.of(), policy.callOff("too late"));
        note(policy.fenced(new FenceResult(2, "", "")));
        ServerFacts more = new ServerFacts(false, ID, 1, 700, 700, 0, ServerFacts.WalReceiver.DOWN, NOWHERE);
        note(policy.flushed(new Observation.Answered(more)));
        kept(Y, STANDBY);
        assertEquals(0, count(Action.Promote.class), "it lacks what others wrote");
        kept(Y, standby(1, true, 700));
        assertEquals(new Action.Promote(Y, 0), last(Action.Promote.class));
        note(policy.promoteSent(Y, nowNs));
        kept(Y, primary(2));
        saveAll();
        assertTrue(
                last(Action.Tell.class).hint().contains("read only by default"),
                last(Action.Tell.class).hint());
        kept(X, standby(2, true, 700));
        assertEquals(new Action.LiftFence(X), last(Action.LiftFence.class));
    }

    @Test
    void whatCannotBeFencedHoldsNobodyUpForEver() {
        decideWithFence();
        note(policy.fenced(new FenceResult(0, "postgres may not", "GRANT")));
        note(policy.flushed(new Observation.Failed(FailureKind.LOCAL, "busy")));
        assertEquals(0, count(Action.Promote.class), "that says nothing of the server");
        assertTrue(policy.awaitsFlush());
        note(policy.flushed(REFUSED));
        assertEquals("fence_incomplete", last(Action.Log.class).name());
        assertEquals(new Action.Promote(Y, 0), last(Action.Promote.class));
        note(policy.promoteSent(Y, nowNs));
        kept(Y, primary(2));
        saveAll();
        assertTrue(
                last(Action.Tell.class).hint().contains("was not fenced"),
                last(Action.Tell.class).hint());

        decideWithFence();
        done.clear();
        note(policy.fenced(new FenceResult(0, "", "")));
        ServerFacts more = new ServerFacts(false, ID, 1, 700, 700, 0, ServerFacts.WalReceiver.DOWN, NOWHERE);
        note(policy.flushed(new Observation.Answered(more)));
        kept(Y, REFUSED);
        nowNs += Duration.ofMillis(4_900).toNanos();
        kept(Y, STANDBY);
        assertEquals(0, count(Action.Promote.class));
        nowNs += Duration.ofMillis(100).toNanos();
        kept(Y, STANDBY);
        assertEquals(new Action.Promote(Y, 0), last(Action.Promote.class));
    }

    @Test
    void aStandbyThatDoesNotFollowTheNewPrimaryGoesOutAfterAWhile() {
        allWell();
        failOverToY();
        fresh(Z, ORPHAN);
        assertEquals(List.of(Z), policy.readable());
        nowNs += Duration.ofSeconds(61).toNanos();
        kept(Z, ORPHAN);
        assertEquals(List.of(), policy.readable());
        assertEquals(Alert.Kind.STANDBY_OUT, last(Action.Tell.class).kind());
        kept(Z, standby(2, true, 500));
        assertEquals(List.of(Z), policy.readable());
    }
}
