package dev.pgproxy.master.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.routing.Dispatcher;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.config.TestConfig;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** One client of the primary is at a worker. */
class PauseDeskTest {

    private static final long COMMAND = 3;
    private static final long TIMEOUT_MS = 1_000;
    private static final Endpoint PRIMARY = new Endpoint.Tcp("db", 5432);
    private static final ProxyConfig CONFIG = TestConfig.of("master = db:5432", "conninfo.user = postgres");

    private long nowMs = 1_000;
    private final SimulatedProcess process = new SimulatedProcess(new Random(1), () -> nowMs * 1_000_000L);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final PlayedWorker worker = new PlayedWorker(ChildKind.POOL, 1);
    private final Dispatcher dispatcher = PlayedDispatcher.of(process.loop(), CONFIG, workers);
    private final List<String> answers = new ArrayList<>();
    private int reconnects;
    private final PauseDesk desk =
            new PauseDesk(process.loop(), dispatcher, servers -> reconnects++, new WrittenDown());

    private final class WrittenDown implements Answers {
        @Override
        public void notice(long commandId, String message) {
            answers.add("notice " + message);
        }

        @Override
        public void done(long commandId, int count, String message) {
            answers.add("done");
        }

        @Override
        public void failed(long commandId, String sqlState, String message, String hint) {
            answers.add(sqlState + " " + message);
        }
    }

    PauseDeskTest() {
        workers.ready(worker);
        StartupPacket.Startup startup = new StartupPacket.Startup(
                3 << 16,
                new StartupParameters(List.of(
                        new StartupParameters.Parameter("database", "shop"),
                        new StartupParameters.Parameter("user", "ann"))));
        dispatcher.submit(new Client(1, process.connect(), new Peer.Tcp("10.0.0.1", 40_000), startup, 0));
        passMs(1);
        assertEquals(1, worker.received(SessionMessages.AssignSession.class).size());
        dispatcher.pause(PRIMARY);
    }

    private void passMs(long ms) {
        for (long end = nowMs + ms; nowMs < end; nowMs++) {
            process.tick();
        }
        process.tick();
    }

    private void leave() {
        dispatcher.sessions().onSessionAccepted(worker, new SessionMessages.SessionAccepted(1, 0));
        dispatcher.sessions().onSessionClosed(worker, new SessionMessages.SessionClosed(1));
    }

    @Test
    void itSaysWhoIsThereAndAnswersWhenTheyHaveLeft() {
        desk.await(COMMAND, Set.of(PRIMARY), TIMEOUT_MS);
        assertEquals(1, answers.size());
        assertTrue(answers.get(0).startsWith("notice PAUSE is in force and waits for"), answers::toString);
        assertTrue(answers.get(0).contains("ann on shop"), answers::toString);
        passMs(100);
        assertEquals(1, answers.size());
        leave();
        passMs(20);
        assertEquals("done", answers.get(1));
    }

    @Test
    void whereNobodyIsItAnswersAtOnce() {
        leave();
        desk.await(COMMAND, Set.of(PRIMARY), TIMEOUT_MS);
        assertEquals(List.of("done"), answers);
    }

    @Test
    void afterItsTimeItNamesThoseThatAreStillThere() {
        desk.await(COMMAND, Set.of(PRIMARY), TIMEOUT_MS);
        passMs(TIMEOUT_MS - 21);
        assertEquals(1, answers.size());
        passMs(41);
        assertTrue(answers.get(1).startsWith(SqlState.OBJECT_IN_USE + " PAUSE is in force"), answers::toString);
        assertTrue(answers.get(1).contains("ann on shop"), answers::toString);
        assertTrue(dispatcher.isPaused(PRIMARY), "the pause stays");
    }

    @Test
    void connectionsThatAreOpenedMeanwhileAreClosedToo() {
        desk.await(COMMAND, Set.of(PRIMARY), TIMEOUT_MS);
        passMs(TIMEOUT_MS / 2);
        assertEquals(1, reconnects);
    }

    @Test
    void aResumeFromAnywhereEndsTheWait() {
        desk.await(COMMAND, Set.of(PRIMARY), TIMEOUT_MS);
        dispatcher.resume(PRIMARY);
        passMs(20);
        assertEquals(SqlState.QUERY_CANCELED + " RESUME has ended this PAUSE", answers.get(1));
    }

    @Test
    void anOperatorWhoLeavesGetsNoAnswer() {
        desk.await(COMMAND, Set.of(PRIMARY), TIMEOUT_MS);
        desk.abandon(COMMAND);
        passMs(2 * TIMEOUT_MS);
        assertEquals(1, answers.size());
        assertTrue(dispatcher.isPaused(PRIMARY));
    }
}
