package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import dev.pgproxy.master.probe.ProbeDesk;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.loop.StillPoller;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ProbePlanTest {

    private static final Endpoint ONE = new Endpoint.Tcp("one", 5432);
    private static final Endpoint TWO = new Endpoint.Tcp("two", 5432);

    private long nowMs = 1_000;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowMs * 1_000_000L);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final PlayedWorker taskWorker = new PlayedWorker(ChildKind.TASK, 1);
    private final ProbeDesk probes = new ProbeDesk(loop, workers, new ProbeDesk.Listener() {
        @Override
        public void probed(Endpoint server, ProbeKind kind, boolean fresh, Observation observation) {}

        @Override
        public void connectionLost(Endpoint server) {}
    });
    private final Set<Endpoint> ours = new HashSet<>(Set.of(ONE, TWO));
    private final ProbePlan plan = new ProbePlan(loop, probes, ours::contains, 5_000);

    ProbePlanTest() {
        workers.ready(taskWorker);
    }

    private List<ProbeMessages.ProbeServer> asked() {
        return taskWorker.received(ProbeMessages.ProbeServer.class);
    }

    private void passMs(long ms) {
        nowMs += ms;
        loop.tick();
    }

    @Test
    void thePauseCountsFromTheBeginningOfTheLastProbe() {
        plan.probe(ONE, true, 0);
        assertEquals(1, asked().size());
        passMs(400);
        plan.probe(ONE, false, 1_000); // The answer took that long.
        passMs(599);
        assertEquals(1, asked().size());
        passMs(1);
        assertEquals(2, asked().size());
    }

    @Test
    void aPlanTakesThePlaceOfTheOneBefore() {
        plan.probe(ONE, true, 0);
        plan.probe(ONE, false, 1_000);
        plan.probe(ONE, false, 100);
        passMs(100);
        passMs(2_000);
        assertEquals(2, asked().size());
    }

    @Test
    void whatIsNotOursAnyMoreIsNotProbed() {
        plan.probe(ONE, true, 0);
        plan.probe(ONE, false, 100);
        ours.remove(ONE);
        passMs(100);
        assertEquals(1, asked().size());
    }

    @Test
    void forgottenServersAreForgottenByTheTaskWorkerToo() {
        plan.probe(ONE, true, 0);
        plan.probe(TWO, true, 0);
        plan.probe(ONE, false, 100);
        plan.retainAll(Set.of(TWO));
        passMs(100);
        assertEquals(2, asked().size());
        assertFalse(plan.isWatched(ONE));
        assertTrue(plan.isWatched(TWO));
        assertEquals(
                List.of(new ProbeMessages.ForgetServer(ONE)), taskWorker.received(ProbeMessages.ForgetServer.class));
    }

    @Test
    void thoseWhoWaitShareOneProbe() {
        assertFalse(plan.isAwaited());
        plan.probeForSomebody(ONE);
        plan.probeForSomebody(ONE);
        plan.probeForSomebody(TWO);
        assertEquals(2, asked().size());
        assertFalse(plan.probed(ONE), "the other is awaited still");
        assertFalse(plan.probed(ONE));
        assertTrue(plan.probed(TWO));
        assertFalse(plan.isAwaited());
    }

    @Test
    void otherSettingsAreForNewConnections() {
        plan.probe(ONE, true, 0);
        plan.restart(2_000);
        ProbeMessages.ProbeServer last = asked().get(asked().size() - 1);
        assertEquals(ProbeKind.FRESH, last.kind());
        assertEquals(2_000, last.timeoutMs());
    }
}
