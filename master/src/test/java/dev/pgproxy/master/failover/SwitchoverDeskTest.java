package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.SwitchoverMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.loop.StillPoller;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SwitchoverDeskTest {

    private static final Endpoint PRIMARY = new Endpoint.Tcp("primary", 5432);
    private static final Endpoint STANDBY = new Endpoint.Tcp("standby", 5432);
    private static final long TIMEOUT_MS = 10_000;

    private long nowMs = 1_000;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowMs * 1_000_000L);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final PlayedWorker one = new PlayedWorker(ChildKind.POOL, 1);
    private final PlayedWorker two = new PlayedWorker(ChildKind.POOL, 2);
    private final PlayedFailover failover = new PlayedFailover();
    private final SwitchoverDesk desk = new SwitchoverDesk(loop, workers, failover);
    private final List<String> said = new ArrayList<>();

    /** Records its calls. */
    private static final class PlayedFailover implements SwitchoverDesk.Failover {
        private @Nullable BooleanSupplier isWanted;
        private @Nullable Consumer<String> refused;
        private int quiesced;
        private final List<String> calledOff = new ArrayList<>();

        @Override
        public void switchover(Endpoint target, BooleanSupplier wanted, Consumer<String> ifRefused) {
            isWanted = wanted;
            refused = ifRefused;
        }

        @Override
        public void quiesced() {
            quiesced++;
        }

        @Override
        public String callOff(String problem) {
            calledOff.add(problem);
            return "";
        }

        private boolean isStillWanted() {
            assertNotNull(isWanted);
            return isWanted.getAsBoolean();
        }
    }

    SwitchoverDeskTest() {
        workers.ready(one);
        workers.ready(two);
    }

    private void begin() {
        desk.begin(STANDBY, TIMEOUT_MS, new SwitchoverDesk.ReplyListener() {
            @Override
            public void done() {
                said.add("done");
            }

            @Override
            public void failed(String problem) {
                said.add(problem);
            }
        });
    }

    private static long lastRequest(PlayedWorker worker) {
        List<SwitchoverMessages.HoldSessions> all = worker.received(SwitchoverMessages.HoldSessions.class);
        return all.get(all.size() - 1).requestId();
    }

    private void held(PlayedWorker worker, long request) {
        desk.onSessionsHeld(worker, new SwitchoverMessages.SessionsHeld(request));
    }

    private void passMs(long ms) {
        nowMs += ms;
        loop.tick();
    }

    @Test
    void itGoesOnWhenTheSessionsOfEveryWorkerAreAtRest() {
        begin();
        assertTrue(failover.isStillWanted());
        desk.holdSessions(PRIMARY, true);
        passMs(0);
        held(one, lastRequest(one));
        assertEquals(0, failover.quiesced);
        held(one, lastRequest(one));
        assertEquals(0, failover.quiesced, "one worker counts once");
        held(two, lastRequest(two));
        assertEquals(1, failover.quiesced);
        desk.end(null);
        assertEquals(List.of("done"), said);
        passMs(TIMEOUT_MS);
        assertEquals(List.of(), failover.calledOff, "its time ended with it");
    }

    @Test
    void aWorkerThatDiesHasNoSessionsLeft() {
        begin();
        desk.holdSessions(PRIMARY, true);
        held(one, lastRequest(one));
        workers.gone(two);
        assertEquals(1, failover.quiesced);
    }

    @Test
    void withoutWorkersEverythingIsAtRest() {
        workers.gone(one);
        workers.gone(two);
        begin();
        desk.holdSessions(PRIMARY, true);
        passMs(0);
        assertEquals(1, failover.quiesced);
    }

    @Test
    void anAnswerToAnEarlierSwitchoverIsNone() {
        begin();
        desk.holdSessions(PRIMARY, true);
        long earlier = lastRequest(one);
        desk.end("called off");
        begin();
        desk.holdSessions(PRIMARY, true);
        held(one, earlier);
        held(two, earlier);
        assertEquals(0, failover.quiesced);
    }

    @Test
    void oneAtATime() {
        begin();
        begin();
        assertEquals(List.of("another switchover is under way"), said);
    }

    @Test
    void whatCannotBeginSaysWhy() {
        begin();
        assertNotNull(failover.refused);
        failover.refused.accept("it is the primary already");
        assertEquals(List.of("it is the primary already"), said);
        assertEquals("no switchover is under way", desk.cancel());
    }

    @Test
    void beforeItHasBegunItIsSimplyNotWantedAnyMore() {
        begin();
        assertEquals("", desk.cancel());
        assertFalse(failover.isStillWanted());
        assertEquals(List.of("an operator called it off"), said);
        assertEquals(List.of(), failover.calledOff);
    }

    @Test
    void afterItHasBegunFailoverSaysWhetherItCanEnd() {
        begin();
        desk.holdSessions(PRIMARY, true);
        assertEquals("", desk.cancel());
        assertEquals(List.of("an operator called it off"), failover.calledOff);
        assertEquals(List.of(), said, "the end is failover's to tell");
    }

    @Test
    void whatTheTimeoutEndedIsNamed() {
        begin();
        passMs(TIMEOUT_MS);
        assertTrue(said.get(0).startsWith("the standby, or the disk of state_file"), said::toString);
        begin();
        desk.holdSessions(PRIMARY, true);
        passMs(TIMEOUT_MS);
        assertTrue(failover.calledOff.get(0).startsWith("transactions on the primary"), failover.calledOff::toString);
        desk.end("that");
        begin();
        desk.holdSessions(PRIMARY, true);
        held(one, lastRequest(one));
        held(two, lastRequest(two));
        passMs(TIMEOUT_MS);
        assertTrue(failover.calledOff.get(1).startsWith("the standby did not receive"), failover.calledOff::toString);
    }

    @Test
    void sessionsThatContinueAreNotWaitedFor() {
        desk.holdSessions(PRIMARY, false);
        passMs(0);
        assertEquals(0, failover.quiesced);
        assertEquals(
                List.of(new SwitchoverMessages.HoldSessions(0, PRIMARY, false)),
                one.received(SwitchoverMessages.HoldSessions.class));
    }
}
