package dev.pgproxy.master.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.Errand;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.loop.StillPoller;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProbeDeskTest {

    private static final Endpoint SERVER = new Endpoint.Tcp("server", 5432);

    private final StillPoller poller = new StillPoller();
    private long nowNs;
    private final List<Observation> observed = new ArrayList<>();
    private final List<ProbeMessages.ErrandDone> answers = new ArrayList<>();
    private final WorkerRegistry workers = new WorkerRegistry();
    private final PlayedWorker taskWorker = new PlayedWorker(ChildKind.TASK, 1);
    private final List<ControlMessage> asked = taskWorker.received();
    private final ProbeDesk desk = new ProbeDesk(new EventLoop(poller, () -> nowNs), workers, new ProbeDesk.Listener() {
        @Override
        public void probed(Endpoint server, ProbeKind kind, boolean fresh, Observation observation) {
            observed.add(observation);
        }

        @Override
        public void connectionLost(Endpoint server) {}
    });

    private void ask(Errand errand) {
        desk.ask(
                new ProbeMessages.RunErrand(0, SERVER, errand, ProxyConfig.PromoteMethod.AUTO, 9999, 1_000, 0),
                answers::add);
    }

    @Test
    void leavesProbesAndErrandsToTheNextWorker() {
        workers.ready(taskWorker);
        desk.probe(SERVER, ProbeKind.FRESH, 1_000);
        ask(Errand.EXAMINE);
        workers.gone(taskWorker);
        assertEquals(List.of(), answers);
        asked.clear();
        workers.ready(taskWorker);
        assertEquals(2, asked.size());
        assertEquals(List.of(), observed);
    }

    /** It is not known whether the standby was told; the servers must be probed before it is told again. */
    @Test
    void tellsNoStandbyAgainThatADeadWorkerWasToTell() {
        workers.ready(taskWorker);
        ask(Errand.PROMOTE);
        workers.gone(taskWorker);
        assertEquals(1, answers.size());
        assertFalse(answers.get(0).reached());
        asked.clear();
        workers.ready(taskWorker);
        assertEquals(List.of(), asked);
        ask(Errand.PROMOTE);
        assertInstanceOf(ProbeMessages.RunErrand.class, asked.get(0));
    }

    @Test
    void whatAProbeHasSeenThatTookTooLongIsNotTakenForTheNextOnes() {
        EventLoop loop = new EventLoop(poller, () -> nowNs);
        List<Observation> seen = new ArrayList<>();
        ProbeDesk late = new ProbeDesk(loop, workers, new ProbeDesk.Listener() {
            @Override
            public void probed(Endpoint server, ProbeKind kind, boolean fresh, Observation observation) {
                seen.add(observation);
            }

            @Override
            public void connectionLost(Endpoint server) {}
        });
        workers.ready(taskWorker);
        late.probe(SERVER, ProbeKind.FRESH, 1_000);
        nowNs += 20_000_000_000L;
        loop.tick();
        late.probe(SERVER, ProbeKind.FRESH, 1_000);
        long first = ((ProbeMessages.ProbeServer) asked.get(0)).probeId();
        long second = ((ProbeMessages.ProbeServer) asked.get(1)).probeId();
        Observation old = new Observation.Failed(FailureKind.REFUSED, "an hour ago");
        Observation present = new Observation.Failed(FailureKind.REFUSED, "now");
        late.onServerProbed(taskWorker, new ProbeMessages.ServerProbed(first, SERVER, ProbeKind.FRESH, true, old));
        late.onServerProbed(taskWorker, new ProbeMessages.ServerProbed(second, SERVER, ProbeKind.FRESH, true, present));
        assertEquals(2, seen.size());
        assertEquals(present, seen.get(1));
    }
}
