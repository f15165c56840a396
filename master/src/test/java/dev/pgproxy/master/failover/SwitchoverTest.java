package dev.pgproxy.master.failover;

import static dev.pgproxy.master.failover.PlayedProbes.ORPHAN;
import static dev.pgproxy.master.failover.PlayedProbes.PRIMARY;
import static dev.pgproxy.master.failover.PlayedProbes.REFUSED;
import static dev.pgproxy.master.failover.PlayedProbes.STANDBY;
import static dev.pgproxy.master.failover.PlayedProbes.primary;
import static dev.pgproxy.master.failover.PlayedProbes.standby;
import static dev.pgproxy.master.failover.PolicyParts.X;
import static dev.pgproxy.master.failover.PolicyParts.Y;
import static dev.pgproxy.master.failover.PolicyParts.Z;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SwitchoverTest {

    private static final long CATCH_UP_NS = TimeUnit.SECONDS.toNanos(5);
    private static final Observation LOCAL = new Observation.Failed(FailureKind.LOCAL, "no file descriptors are left");

    private final PolicyParts parts = new PolicyParts("failover.fence_old_primary = true");
    private final Switchover switchover = parts.switchover;

    private void begin() {
        switchover.begin(Y);
        switchover.quiesced();
    }

    /** Up to the fence, which is in force. */
    private void fence() {
        begin();
        switchover.flushed(PRIMARY);
        switchover.catchUp(Y, parts.see(Y, STANDBY), parts.done);
        switchover.beginFence(Y, parts.done);
        switchover.fenced(new FenceResult(0, "", ""));
        parts.done.clear();
    }

    @Test
    void thereIsAnObjectionToEveryServerButAGoodStandby() {
        assertNull(switchover.objection(Y));
        assertNull(switchover.objection(Z), "promote need not name it");
        assertEquals("it is the primary already", switchover.objection(X));
        parts.see(Y, ORPHAN);
        assertEquals("its WAL receiver is not connected", switchover.objection(Y));
        parts.see(Y, REFUSED);
        assertEquals("it does not answer as a standby", switchover.objection(Y));
        parts.probePrimary(REFUSED);
        assertEquals("the primary x:5432 does not answer as one", switchover.objection(Z));
    }

    @Test
    void theDecisionWaitsForTheStandbyToHaveAllThatThePrimaryFlushed() {
        assertEquals(List.of(new Action.Quiesce(X)), switchover.begin(Y));
        assertEquals(List.of(new Action.Flush(X)), switchover.quiesced());
        switchover.catchUp(Y, parts.see(Y, STANDBY), parts.done);
        assertEquals(List.of(), parts.done(Action.Save.class), "it is not known yet how much that is");
        assertEquals(List.of(new Action.Probe(Y, false, 0)), switchover.flushed(PRIMARY));
        switchover.catchUp(Y, parts.see(Y, standby(1, true, 499)), parts.done);
        assertTrue(parts.situation.isIn(Phase.CATCHING_UP));
        switchover.catchUp(Y, parts.see(Y, STANDBY), parts.done);
        assertTrue(parts.situation.isIn(Phase.INTENDING));
        FailoverState.Decision decision =
                parts.done(Action.Save.class).get(0).state().decision().orElseThrow();
        assertEquals(FailoverState.Cause.SWITCHOVER, decision.cause());
    }

    @Test
    void itIsCalledOffWhenThePrimaryStopsAnswering() {
        begin();
        List<Action> next = switchover.flushed(REFUSED);
        assertTrue(next.contains(new Action.Resume(X)));
        assertTrue(next.contains(new Action.Answer("the primary does not answer any more")));
        assertTrue(parts.situation.isIn(Phase.WATCHING));
        assertFalse(switchover.awaitsFlush());
        assertEquals(List.of(), switchover.flushed(PRIMARY), "the answer is too late");
    }

    @Test
    void aFlushThatFailedForAReasonOfOurOwnIsTriedOnceMore() {
        begin();
        assertEquals(List.of(new Action.Flush(X)), switchover.flushed(LOCAL));
        assertTrue(switchover.awaitsFlush());
        switchover.flushed(LOCAL);
        assertTrue(parts.situation.isIn(Phase.WATCHING));
    }

    @Test
    void onceTheDecisionIsMadeItIsNotCalledOff() {
        begin();
        switchover.flushed(PRIMARY);
        switchover.catchUp(Y, parts.see(Y, STANDBY), parts.done);
        assertEquals(List.of(), switchover.callOff("a problem"));
        assertTrue(parts.situation.isIn(Phase.INTENDING));
        assertTrue(switchover.objectionToCallingOff().contains("state_file"));
    }

    @Test
    void afterTheFenceTheStandbyReceivesWhatOthersWrote() {
        fence();
        switchover.catchUpWithFence(Y, parts.see(Y, STANDBY), 0, parts.done);
        assertEquals(List.of(), parts.done, "it is not known yet how much that is");
        switchover.flushed(primary(1));
        switchover.catchUpWithFence(Y, parts.see(Y, standby(1, true, 499)), 1, parts.done);
        assertTrue(parts.situation.isIn(Phase.FENCING));
        switchover.catchUpWithFence(Y, parts.see(Y, STANDBY), 2, parts.done);
        assertTrue(parts.situation.isIn(Phase.PROMOTING));
    }

    /** Clients wait, so a standby that cannot get the rest is promoted without it, and operators are told. */
    @Test
    void theWaitAfterTheFenceHasABound() {
        fence();
        switchover.flushed(PRIMARY);
        Observation behind = standby(1, true, 499);
        switchover.catchUpWithFence(Y, parts.see(Y, behind), 0, parts.done);
        switchover.catchUpWithFence(Y, parts.see(Y, behind), CATCH_UP_NS - 1, parts.done);
        assertTrue(parts.situation.isIn(Phase.FENCING));
        switchover.catchUpWithFence(Y, parts.see(Y, behind), CATCH_UP_NS, parts.done);
        assertTrue(parts.situation.isIn(Phase.PROMOTING));
        assertTrue(parts.done.stream().anyMatch(Action.Log.class::isInstance));
    }

    @Test
    void afterTheFenceThereIsNoWayBackWhenThePrimaryStopsAnswering() {
        fence();
        List<Action> next = switchover.flushed(REFUSED);
        assertTrue(parts.situation.isIn(Phase.PROMOTING));
        assertTrue(next.contains(new Action.Promote(Y, 0)));
    }
}
