package dev.pgproxy.master.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Poller;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProbeDeskTest {

    private static final ServerAddress SERVER = new ServerAddress("server", 5432);

    private final Poller poller = new Poller() {
        @Override
        public void poll(long timeoutNs) {}

        @Override
        public void wakeUp() {}
    };
    private final List<Observation> observed = new ArrayList<>();
    private final List<ControlMessage.StandbyAnswered> answers = new ArrayList<>();
    private final List<ControlMessage> asked = new ArrayList<>();
    private final ProbeDesk desk = new ProbeDesk(new EventLoop(poller, () -> 0), new ProbeDesk.Listener() {
        @Override
        public void probed(ServerAddress server, ProbeKind kind, boolean fresh, Observation observation) {
            observed.add(observation);
        }

        @Override
        public void connectionLost(ServerAddress server) {}
    });

    private void ask(boolean promote) {
        desk.ask(
                new ControlMessage.AskStandby(0, SERVER, promote, ProxyConfig.PromoteMethod.AUTO, 9999, 1_000),
                answers::add);
    }

    @Test
    void leavesLooksAndQuestionsToTheNextWorker() {
        desk.taskWorkerReady(asked::add);
        desk.look(SERVER, ProbeKind.FRESH, 1_000);
        ask(false);
        desk.taskWorkerGone();
        assertEquals(List.of(), answers);
        asked.clear();
        desk.taskWorkerReady(asked::add);
        assertEquals(2, asked.size());
        assertEquals(List.of(), observed);
    }

    /** Whether it was told nobody knows, and whether it may be told again has to be seen first. */
    @Test
    void tellsNoStandbyAgainThatADeadWorkerWasToTell() {
        desk.taskWorkerReady(asked::add);
        ask(true);
        desk.taskWorkerGone();
        assertEquals(1, answers.size());
        assertFalse(answers.get(0).reached());
        asked.clear();
        desk.taskWorkerReady(asked::add);
        assertEquals(List.of(), asked);
        ask(true);
        assertInstanceOf(ControlMessage.AskStandby.class, asked.get(0));
    }
}
