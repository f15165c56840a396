package dev.pgproxy.master.failover;

import static dev.pgproxy.master.failover.PlayedProbes.ORPHAN;
import static dev.pgproxy.master.failover.PlayedProbes.PRIMARY;
import static dev.pgproxy.master.failover.PlayedProbes.STANDBY;
import static dev.pgproxy.master.failover.PlayedProbes.primary;
import static dev.pgproxy.master.failover.PolicyParts.X;
import static dev.pgproxy.master.failover.PolicyParts.Y;
import static dev.pgproxy.master.failover.PolicyParts.Z;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.Alert;
import java.util.List;
import org.junit.jupiter.api.Test;

class SuccessionTest {

    private final PolicyParts parts = new PolicyParts();
    private final Succession succession = parts.succession;

    private void consider() {
        succession.consider(Y, ORPHAN, parts.done);
    }

    @Test
    void theHeirOfADeadPrimaryIsChosen() {
        parts.primaryDies();
        consider();
        assertTrue(parts.situation.isIn(Phase.INTENDING));
        FailoverState.Decision decision =
                parts.done(Action.Save.class).get(0).state().decision().orElseThrow();
        assertEquals(FailoverState.Phase.INTENT, decision.phase());
        assertEquals(FailoverState.Cause.FAILOVER, decision.cause());
        assertEquals(Y, decision.newPrimary());
        assertEquals(List.of(), parts.done(Action.Promote.class), "not before the decision is durable");
    }

    @Test
    void aLivingPrimaryIsNotReplaced() {
        consider();
        assertEquals(List.of(), parts.done);
    }

    /** Another standby may have been promoted by hand meanwhile. */
    @Test
    void theOthersAreAskedFirst() {
        parts.primaryDies();
        parts.situation.known(Z).seen = false;
        consider();
        assertEquals(List.of(), parts.done);
        parts.see(Z, primary(2));
        consider();
        assertEquals(List.of(new Action.Probe(Z, true, 0)), parts.done);
        assertTrue(parts.situation.isIn(Phase.WATCHING));
    }

    @Test
    void aRefusalIsToldOnceEvenIfItsNumbersChange() {
        parts.primaryDies();
        succession.consider(Y, STANDBY, parts.done);
        succession.consider(Y, STANDBY, parts.done);
        assertEquals(List.of(Alert.Kind.PROMOTION_REFUSED), parts.told());
    }

    @Test
    void aStandbyThatCannotBeToldIsExaminedAgain() {
        parts.primaryDies();
        succession.examined(Y, "permission denied", parts.done);
        assertEquals(List.of(Alert.Kind.PROMOTION_REFUSED), parts.told());
        parts.done.clear();
        consider();
        assertEquals(List.of(new Action.Examine(Y)), parts.done);
        parts.done.clear();
        succession.examined(Y, null, parts.done);
        assertEquals(List.of(new Action.Probe(Y, true, 0)), parts.done);
    }

    @Test
    void aServerPromotedElsewhereIsAdoptedWhenThePrimaryIsDead() {
        parts.primaryDies();
        parts.see(Z, primary(2));
        succession.anotherPrimary(Z, parts.done);
        assertTrue(parts.situation.isIn(Phase.FINISHING));
        assertTrue(parts.situation.isCandidate(Z));
        FailoverState.Decision decision =
                parts.done(Action.Save.class).get(0).state().decision().orElseThrow();
        assertEquals(FailoverState.Cause.ADOPTION, decision.cause());

        succession.change(decision, 0, parts.done);
        assertEquals(Z, parts.situation.servers().primary());
        assertEquals(X, parts.situation.former());
        assertTrue(parts.situation.isIn(Phase.WATCHING));
        assertTrue(parts.done.contains(new Action.CutOff(X, Z)));
    }

    @Test
    void besideALivingPrimaryASecondOneIsToldOnceAndNotUsed() {
        parts.see(Z, primary(2));
        succession.anotherPrimary(Z, parts.done);
        succession.anotherPrimary(Z, parts.done);
        assertEquals(List.of(Alert.Kind.TWO_PRIMARIES), parts.told());
        assertTrue(parts.situation.isIn(Phase.WATCHING));
    }

    @Test
    void ofSeveralNewPrimariesNoneIsUsed() {
        parts.primaryDies();
        parts.see(Y, primary(2));
        parts.see(Z, primary(2));
        succession.anotherPrimary(Z, parts.done);
        assertTrue(parts.situation.isIn(Phase.WATCHING));
        assertEquals(1, parts.told().size());
    }

    @Test
    void oneThatOvertakesThePromotionIsAdoptedOnlyBeforeTheStandbyWasTold() {
        parts.primaryDies();
        consider();
        parts.promotion.begin(Y, parts.done);
        parts.promotion.sent(Y, 0);
        parts.see(Z, primary(2));
        succession.anotherPrimary(Z, parts.done);
        assertTrue(parts.situation.isIn(Phase.PROMOTING) && parts.situation.isCandidate(Y));

        long muchLater = 2 * parts.situation.rules().promoteTimeout().toNanos();
        parts.promotion.probed(Y, parts.see(Y, ORPHAN), muchLater, parts.done);
        succession.anotherPrimary(Z, parts.done);
        assertTrue(
                parts.situation.isIn(Phase.FINISHING) && parts.situation.isCandidate(Z), "it has not obeyed in time");
    }

    @Test
    void theObjectionSaysWhyTheHeirWouldNotBePromoted() {
        assertNull(succession.objection(Y));
        assertEquals("promote names y:5432", succession.objection(Z));
        succession.examined(Y, "permission denied", parts.done);
        assertEquals("it could not be told to become the primary: permission denied", succession.objection(Y));
        parts.see(Y, PRIMARY);
        assertEquals("it takes writes already", succession.objection(Y));
        parts.situation.change().proceed(Phase.QUIESCING, Z);
        assertEquals("a change of the primary is under way", succession.objection(Y));
    }
}
