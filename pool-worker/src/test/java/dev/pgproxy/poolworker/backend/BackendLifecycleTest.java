package dev.pgproxy.poolworker.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.poolworker.backend.BackendLifecycle.Action;
import dev.pgproxy.poolworker.backend.BackendLifecycle.Event;
import dev.pgproxy.poolworker.backend.BackendLifecycle.Facts;
import dev.pgproxy.poolworker.backend.BackendLifecycle.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackendLifecycleTest {

    private static final Facts GOOD = new Facts(true, true, false, false, false, false, false);
    private static final Facts UNTRUSTED = new Facts(false, true, false, false, false, false, false);
    private static final Facts HALF_SENT = new Facts(true, false, false, false, false, false, false);
    private static final Facts BUSY = new Facts(true, false, false, true, false, false, false);
    private static final Facts RUNNING = new Facts(true, true, true, true, false, false, false);
    private static final Facts ENDED = new Facts(true, true, false, false, true, false, false);
    private static final Facts IN_TRANSACTION = new Facts(true, true, false, false, false, true, false);
    private static final Facts CANCELLED = new Facts(true, true, false, false, false, false, true);
    private static final List<Facts> ALL =
            List.of(GOOD, UNTRUSTED, HALF_SENT, BUSY, RUNNING, ENDED, IN_TRANSACTION, CANCELLED);

    private static void expect(BackendState from, Event event, Facts facts, BackendState to, Action... actions) {
        Step step = BackendLifecycle.next(from, event, facts);
        assertEquals(to, step.state());
        assertEquals(List.of(actions), step.actions());
    }

    @Test
    void cleanBackendIsDiscardedAndParked() {
        expect(
                BackendState.IN_SESSION,
                Event.FRONTEND_LEFT,
                GOOD,
                BackendState.DISCARDING,
                Action.START_RESET_TIMER,
                Action.SEND_DISCARD_ALL);
        expect(BackendState.DISCARDING, Event.READY, GOOD, BackendState.IDLE, Action.PARK);
        expect(BackendState.IDLE, Event.CLAIMED, GOOD, BackendState.IN_SESSION);
    }

    @Test
    void transactionIsRolledBackInAQueryOfItsOwn() {
        expect(
                BackendState.IN_SESSION,
                Event.FRONTEND_LEFT,
                IN_TRANSACTION,
                BackendState.ROLLING_BACK,
                Action.START_RESET_TIMER,
                Action.SEND_ROLLBACK);
        expect(BackendState.ROLLING_BACK, Event.READY, GOOD, BackendState.DISCARDING, Action.SEND_DISCARD_ALL);
        expect(BackendState.ROLLING_BACK, Event.READY, IN_TRANSACTION, BackendState.CLOSING, Action.PART);
    }

    @Test
    void runningQueryIsCancelledAndAwaited() {
        expect(
                BackendState.IN_SESSION,
                Event.FRONTEND_LEFT,
                RUNNING,
                BackendState.DRAINING,
                Action.START_RESET_TIMER,
                Action.CANCEL_QUERY);
        expect(BackendState.DRAINING, Event.READY, RUNNING, BackendState.DRAINING);
        expect(BackendState.DRAINING, Event.READY, GOOD, BackendState.DISCARDING, Action.SEND_DISCARD_ALL);
        expect(BackendState.DRAINING, Event.READY, HALF_SENT, BackendState.CLOSING, Action.PART);
    }

    @Test
    void resetWaitsForACancelOnItsWay() {
        expect(
                BackendState.IN_SESSION,
                Event.FRONTEND_LEFT,
                CANCELLED,
                BackendState.DRAINING,
                Action.START_RESET_TIMER);
        expect(BackendState.DRAINING, Event.CANCEL_FINISHED, GOOD, BackendState.DISCARDING, Action.SEND_DISCARD_ALL);
    }

    @Test
    void doubtCloses() {
        for (Facts facts : List.of(UNTRUSTED, HALF_SENT)) {
            expect(BackendState.IN_SESSION, Event.FRONTEND_LEFT, facts, BackendState.CLOSING, Action.PART);
        }
        expect(BackendState.DISCARDING, Event.READY, UNTRUSTED, BackendState.CLOSING, Action.PART);
        expect(BackendState.DISCARDING, Event.READY, IN_TRANSACTION, BackendState.CLOSING, Action.PART);
    }

    @Test
    void whatMayStillRunIsCancelledBeforeItIsGivenUp() {
        expect(
                BackendState.IN_SESSION,
                Event.FRONTEND_LEFT,
                BUSY,
                BackendState.CLOSING,
                Action.CANCEL_QUERY,
                Action.PART);
    }

    @Test
    void aPlaceIsFreeOnlyWhenTheServerHasEndedTheConnection() {
        expect(BackendState.IDLE, Event.FAILED, GOOD, BackendState.CLOSING, Action.PART);
        expect(BackendState.CLOSING, Event.READY, GOOD, BackendState.CLOSING);
        expect(BackendState.CLOSING, Event.CANCEL_FINISHED, GOOD, BackendState.CLOSING);
        expect(BackendState.CLOSING, Event.LOST, GOOD, BackendState.CLOSED, Action.CLOSE);
        expect(BackendState.CLOSING, Event.FAILED, GOOD, BackendState.CLOSED, Action.CLOSE);
        expect(BackendState.IN_SESSION, Event.FRONTEND_LEFT, ENDED, BackendState.CLOSED, Action.CLOSE);
    }

    @Test
    void onlyReadyAfterDiscardLeadsToThePool() {
        for (BackendState state : BackendState.values()) {
            for (Event event : Event.values()) {
                for (Facts facts : ALL) {
                    Step step = BackendLifecycle.next(state, event, facts);
                    if (step.actions().contains(Action.PARK)) {
                        assertEquals(BackendState.DISCARDING, state);
                        assertEquals(Event.READY, event);
                        assertTrue(facts.reusable() && !facts.inTransaction());
                    }
                    if (event == Event.LOST || event == Event.ABANDONED) {
                        assertEquals(BackendState.CLOSED, step.state());
                    }
                    if (event == Event.FAILED) {
                        assertTrue(step.state() == BackendState.CLOSED || step.state() == BackendState.CLOSING);
                    }
                    assertEquals(
                            step.state() == BackendState.CLOSED && state != BackendState.CLOSED,
                            step.actions().contains(Action.CLOSE));
                    assertEquals(
                            step.state() == BackendState.CLOSING && state != BackendState.CLOSING,
                            step.actions().contains(Action.PART));
                }
            }
        }
    }
}
