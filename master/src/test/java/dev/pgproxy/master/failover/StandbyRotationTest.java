package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;
import dev.pgproxy.testkit.config.TestConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StandbyRotationTest {

    private static final Endpoint STANDBY = new Endpoint.Tcp("standby", 5432);
    private static final Topology NOWHERE = new Topology(List.of(), "", List.of(), List.of(), true, true, List.of());
    private static final ProxyConfig CONFIG = TestConfig.of(
            "master = db:5432",
            "conninfo.user = postgres",
            "conninfo.conn_retry_interval = 1",
            "conninfo.query_interval = 30",
            "standby_retry_num = 2",
            "standby_max_lag_bytes = 100",
            "standby_max_lag_seconds = 5");

    private final ServerHealth standby = new ServerHealth();

    private static ServerFacts facts(boolean inRecovery, long systemId, int timeline, long lsn, double lagSeconds) {
        return new ServerFacts(
                inRecovery, systemId, timeline, lsn, lsn, lagSeconds, ServerFacts.WalReceiver.DOWN, NOWHERE);
    }

    private static final ServerFacts PRIMARY = facts(false, 1, 2, 1_000, 0);

    private List<Action> probed(
            Observation observation, boolean fresh, @Nullable ServerFacts primary, boolean mustFollow) {
        standby.probed(observation, 0);
        return StandbyRotation.probed(
                STANDBY,
                standby,
                fresh,
                new StandbyRotation.Reference(primary, mustFollow),
                CONFIG.failover(),
                CONFIG.standbyLimits());
    }

    private List<Action> answers(ServerFacts facts) {
        return probed(new Observation.Answered(facts), true, PRIMARY, true);
    }

    private List<Action> fails(FailureKind kind, boolean fresh) {
        return probed(new Observation.Failed(kind, "a problem"), fresh, PRIMARY, true);
    }

    private static List<Alert.Kind> told(List<Action> actions) {
        return actions.stream()
                .filter(Action.Tell.class::isInstance)
                .map(action -> ((Action.Tell) action).kind())
                .toList();
    }

    private static Action.Probe next(List<Action> actions) {
        return actions.stream()
                .filter(Action.Probe.class::isInstance)
                .map(Action.Probe.class::cast)
                .findFirst()
                .orElseThrow();
    }

    private void assertOut(String reason) {
        assertNotNull(standby.outBecause);
        assertTrue(standby.outBecause.contains(reason), standby.outBecause);
    }

    @Test
    void oneThatKeepsUpIsProbedNowAndThen() {
        List<Action> actions = answers(facts(true, 1, 2, 950, 1));
        assertEquals(List.of(new Action.Probe(STANDBY, false, 30_000)), actions);
        assertNull(standby.outBecause);
    }

    @Test
    void itLeavesAfterEnoughFailuresOnNewConnectionsAndThatIsToldOnce() {
        assertEquals(new Action.Probe(STANDBY, true, 0), next(fails(FailureKind.REFUSED, false)));
        assertEquals(List.of(), told(fails(FailureKind.REFUSED, true)));
        List<Action> second = fails(FailureKind.REFUSED, true);
        assertEquals(List.of(Alert.Kind.STANDBY_OUT), told(second));
        assertEquals(new Action.Probe(STANDBY, true, 1_000), next(second));
        assertEquals(List.of(), told(fails(FailureKind.REFUSED, true)));
        assertEquals(List.of(Alert.Kind.STANDBY_BACK), told(answers(facts(true, 1, 2, 1_000, 0))));
        assertNull(standby.outBecause);
    }

    @Test
    void aWrongPasswordSaysNothingOfTheServer() {
        fails(FailureKind.AUTHENTICATION, true);
        fails(FailureKind.AUTHENTICATION, true);
        assertNull(standby.outBecause);
    }

    @Test
    void oneThatLagsLeavesInBytesOrInTime() {
        answers(facts(true, 1, 2, 899, 0));
        assertOut("101 bytes");
        standby.outBecause = null;
        answers(facts(true, 1, 2, 1_000, 6));
        assertOut("6 s");
    }

    @Test
    void oneOfAnotherClusterOrTimelineLeaves() {
        answers(facts(true, 7, 2, 1_000, 0));
        assertOut("system identifier");
        standby.outBecause = null;
        answers(facts(true, 1, 1, 1_000, 0));
        assertOut("does not follow the new primary");
        standby.outBecause = null;
        answers(facts(false, 1, 3, 1_000, 0));
        assertOut("is a primary");
    }

    @Test
    void anOlderTimelineIsForgivenForAWhileButNotTwice() {
        Observation old = new Observation.Answered(facts(true, 1, 1, 1_000, 0));
        probed(old, true, PRIMARY, false);
        assertNull(standby.outBecause);
        probed(old, true, PRIMARY, true);
        assertOut("does not follow");
        probed(old, true, PRIMARY, false);
        assertOut("does not follow");
    }

    /** Lag cannot be judged then. */
    @Test
    void whileThePrimaryDoesNotAnswerNoneComesBackThatLagged() {
        answers(facts(true, 1, 2, 800, 0));
        assertOut("200 bytes");
        List<Action> actions = probed(new Observation.Answered(facts(true, 1, 2, 1_000, 0)), true, null, true);
        assertEquals(List.of(), told(actions));
        assertOut("200 bytes");
        assertEquals(List.of(Alert.Kind.STANDBY_BACK), told(answers(facts(true, 1, 2, 1_000, 0))));
    }
}
