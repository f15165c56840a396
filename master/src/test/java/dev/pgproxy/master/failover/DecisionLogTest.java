package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.testkit.config.TestConfig;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class DecisionLogTest {

    private static final Endpoint PRIMARY = new Endpoint.Tcp("db", 5432);
    private static final Endpoint STANDBY = new Endpoint.Tcp("standby", 5432);
    private static final ProxyConfig CONFIG =
            TestConfig.of("master = db:5432", "promote = standby:5432", "conninfo.user = postgres");

    private final Situation situation = new Situation(
            CONFIG.servers(),
            FailoverState.initial(CONFIG.servers()),
            CONFIG.failover(),
            CONFIG.standbyLimits(),
            server -> false);
    private final DecisionLog decisions = new DecisionLog(situation, () -> Instant.EPOCH);

    private Action.Save decide() {
        return (Action.Save) decisions.decide(FailoverState.Phase.INTENT, FailoverState.Cause.FAILOVER, STANDBY);
    }

    @Test
    void aDecisionNamesBothServersAndWhen() {
        FailoverState.Decision made = decide().state().decision().orElseThrow();
        assertEquals(
                new FailoverState.Decision(
                        FailoverState.Phase.INTENT,
                        FailoverState.Cause.FAILOVER,
                        PRIMARY,
                        STANDBY,
                        "1970-01-01T00:00:00Z"),
                made);
    }

    @Test
    void theNextStepWaitsForItsOwnSaveAndForNoOther() {
        Action.Save note = (Action.Save) decisions.saveNow();
        Action.Save decision = decide();
        assertFalse(decisions.saved(note.number(), note.state()));
        assertTrue(decisions.saved(decision.number(), decision.state()));
        assertFalse(decisions.saved(decision.number(), decision.state()), "once");
    }

    @Test
    void anOlderSaveIsOutdated() {
        Action.Save first = decide();
        Action.Save second = (Action.Save) decisions.saveNow();
        assertTrue(decisions.isOutdated(first.number()));
        assertFalse(decisions.isOutdated(second.number()));
    }

    @Test
    void aFailureIsNewsOnceAndADecisionsAlways() {
        Action.Save note = (Action.Save) decisions.saveNow();
        assertTrue(decisions.notSaved(note.number()));
        assertFalse(decisions.notSaved(((Action.Save) decisions.saveNow()).number()));
        assertTrue(decisions.hasFailed());
        assertTrue(decisions.notSaved(decide().number()));
    }

    @Test
    void whatFailedIsSavedAgainUntilItIsDurable() {
        Action.Save note = (Action.Save) decisions.saveNow();
        assertEquals(List.of(), decisions.saveAgain());
        decisions.notSaved(note.number());
        Action.Save again = (Action.Save) decisions.saveAgain().get(0);
        assertTrue(again.number() > note.number());
        decisions.saved(again.number(), again.state());
        assertFalse(decisions.hasFailed());
        assertEquals(List.of(), decisions.saveAgain());
    }

    /** A second save would be about another state. */
    @Test
    void whileADecisionIsBeingSavedNothingElseIs() {
        decisions.noteUnsaved();
        decide();
        assertEquals(List.of(), decisions.saveAgain());
    }
}
