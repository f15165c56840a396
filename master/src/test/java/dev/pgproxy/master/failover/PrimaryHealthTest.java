package dev.pgproxy.master.failover;

import static dev.pgproxy.master.failover.PlayedProbes.PRIMARY;
import static dev.pgproxy.master.failover.PlayedProbes.REFUSED;
import static dev.pgproxy.master.failover.PlayedProbes.STANDBY;
import static dev.pgproxy.master.failover.PolicyParts.RETRIES;
import static dev.pgproxy.master.failover.PolicyParts.X;
import static dev.pgproxy.master.failover.PolicyParts.Y;
import static dev.pgproxy.master.failover.PolicyParts.Z;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrimaryHealthTest {

    private final PolicyParts parts = new PolicyParts();
    private final Situation situation = parts.situation;

    @Test
    void itIsDownAfterAllRetriesAndTheOthersAreAskedMeanwhile() {
        parts.probePrimary(REFUSED);
        assertFalse(situation.isAlive());
        assertFalse(situation.isDown());
        assertTrue(parts.done.contains(new Action.Probe(Y, false, 0)));
        assertTrue(parts.done.contains(new Action.Probe(Z, false, 0)));
        assertFalse(situation.hasSeenOthers(Y), "what was seen before says nothing about now");
        parts.probePrimary(REFUSED);
        assertFalse(situation.isDown());
        assertEquals(List.of(), parts.told());
        parts.probePrimary(REFUSED);
        assertTrue(situation.isDown());
        assertEquals(List.of(Alert.Kind.PRIMARY_DOWN), parts.told());
    }

    /** A connection that was kept may have ended for a reason of its own. */
    @Test
    void aFailureOverTheKeptConnectionOnlyLeadsToAnotherProbe() {
        for (int i = 0; i < 2 * RETRIES; i++) {
            parts.primary.probed(parts.see(X, REFUSED), REFUSED, false, parts.done);
        }
        assertFalse(situation.isDown());
        assertTrue(parts.done.contains(new Action.Probe(X, true, 0)));
    }

    @Test
    void aLostConnectionMakesItSuspectOnce() {
        parts.primary.connectionLost(parts.done);
        assertFalse(situation.isAlive());
        assertEquals(new Action.Probe(X, true, 0), parts.done.get(parts.done.size() - 1));
        parts.done.clear();
        parts.primary.connectionLost(parts.done);
        assertEquals(List.of(), parts.done);
    }

    @Test
    void anAnswerEndsTheSuspicionAndTheCountStartsAgain() {
        parts.probePrimary(REFUSED);
        parts.probePrimary(REFUSED);
        parts.probePrimary(PRIMARY);
        assertTrue(situation.isAlive());
        parts.probePrimary(REFUSED);
        parts.probePrimary(REFUSED);
        assertFalse(situation.isDown());
    }

    @Test
    void aPrimaryThatComesBackIsReported() {
        parts.primaryDies();
        parts.probePrimary(PRIMARY);
        assertTrue(situation.isAlive());
        assertEquals(List.of(Alert.Kind.PRIMARY_BACK), parts.told());
    }

    /** It responds, so it is alive; its clients wait until it is ready. */
    @Test
    void aPrimaryThatStartsUpIsAliveAndNotReady() {
        parts.primaryDies();
        Observation starting = new Observation.Failed(FailureKind.NOT_READY, "the database system is starting up");
        parts.probePrimary(starting);
        assertTrue(situation.isAlive());
        assertFalse(situation.isPrimaryReady());
        parts.probePrimary(PRIMARY);
        assertTrue(situation.isPrimaryReady());
    }

    /** A name that does not resolve here says nothing about the server, in either direction. */
    @Test
    void aFailureOfOurOwnNeitherEndsNorDeepensASuspicion() {
        parts.probePrimary(REFUSED);
        for (int i = 0; i < 2 * RETRIES; i++) {
            parts.probePrimary(new Observation.Failed(FailureKind.UNKNOWN_HOST, "unknown host x"));
        }
        assertFalse(situation.isAlive());
        assertFalse(situation.isDown());
    }

    @Test
    void aPrimaryInRecoveryIsReportedOnceAndASuccessorIsSought() {
        parts.probePrimary(STANDBY);
        parts.probePrimary(STANDBY);
        assertEquals(1, parts.told().size());
        assertTrue(parts.done.contains(new Action.Probe(Y, true, 0)));
        assertTrue(situation.isAlive());
    }

    @Test
    void everySixthProbeIsOverANewConnection() {
        int fresh = 0;
        for (int i = 0; i < 12; i++) {
            parts.done.clear();
            parts.primary.probed(parts.see(X, PRIMARY), PRIMARY, fresh == i, parts.done);
            fresh = parts.done(Action.Probe.class).get(0).fresh() ? i + 1 : fresh;
        }
        assertEquals(12, fresh);
    }
}
