package dev.pgproxy.master.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.ipc.OperatorCommand;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.failover.SwitchoverDesk;
import dev.pgproxy.master.routing.Dispatcher;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.config.TestConfig;
import dev.pgproxy.testkit.loop.StillPoller;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CommandDeskTest {

    private static final Endpoint PRIMARY = new Endpoint.Tcp("db", 5432);
    private static final Endpoint STANDBY = new Endpoint.Tcp("standby", 5432);
    private static final ProxyConfig CONFIG =
            TestConfig.of("master = db:5432", "slaver_list = standby:5432", "conninfo.user = postgres");

    private long nowMs = 1_000;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowMs * 1_000_000L);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final PlayedWorker adminWorker = new PlayedWorker(ChildKind.ADMIN, 0);
    private final PlayedWorker poolWorker = new PlayedWorker(ChildKind.POOL, 1);
    private final Dispatcher dispatcher = PlayedDispatcher.of(loop, CONFIG, workers);
    private final PlayedFailover failover = new PlayedFailover();
    private final PlayedProxy proxy = new PlayedProxy();
    private final CommandDesk desk =
            new CommandDesk(loop, workers, dispatcher, new SwitchoverDesk(loop, workers, failover), proxy, 1);

    private static final class PlayedProxy implements CommandDesk.Proxy {
        private CommandDesk.ReloadResult result = new CommandDesk.ReloadResult("", "nothing changed");
        private final List<String> stopped = new ArrayList<>();

        @Override
        public ProxyConfig config() {
            return CONFIG;
        }

        @Override
        public CommandDesk.ReloadResult reload() {
            return result;
        }

        @Override
        public void stop(String why) {
            stopped.add(why);
        }
    }

    CommandDeskTest() {
        workers.ready(adminWorker);
        workers.ready(poolWorker);
    }

    private void run(OperatorCommand command, String argument) {
        desk.onRunCommand(adminWorker, new CommandMessages.RunCommand(3, command, argument));
    }

    private List<CommandMessages.CommandDone> answers() {
        return adminWorker.received(CommandMessages.CommandDone.class);
    }

    private void assertFailed(String sqlState, String words) {
        assertEquals(1, answers().size());
        CommandMessages.CommandDone answer = answers().get(0);
        assertEquals(sqlState, answer.sqlState());
        assertTrue(answer.message().contains(words), answer::message);
    }

    private void assertDone() {
        assertEquals(1, answers().size());
        assertEquals("", answers().get(0).sqlState(), answers().get(0)::message);
    }

    @Test
    void pauseHoldsTheServerAndResumeLetsItGo() {
        run(OperatorCommand.PAUSE, "DB:5432");
        assertDone();
        assertEquals(Set.of(PRIMARY), dispatcher.paused());
        assertEquals(
                List.of(new BackendMessages.Reconnect(PRIMARY)), poolWorker.received(BackendMessages.Reconnect.class));
        run(OperatorCommand.RESUME, "");
        assertEquals(Set.of(), dispatcher.paused());
        assertEquals(2, answers().size());
    }

    @Test
    void withoutANameACommandIsForAllServers() {
        run(OperatorCommand.RECONNECT, "");
        assertDone();
        assertEquals(
                List.of(new BackendMessages.Reconnect(PRIMARY), new BackendMessages.Reconnect(STANDBY)),
                poolWorker.received(BackendMessages.Reconnect.class));
    }

    @Test
    void aNameThatNoServerHasIsAnsweredWithThoseThatThereAre() {
        run(OperatorCommand.PAUSE, "db");
        assertFailed(SqlState.UNDEFINED_OBJECT, "is not a server of this proxy");
        assertTrue(
                answers().get(0).hint().contains("db:5432, standby:5432"),
                answers().get(0)::hint);
        assertEquals(Set.of(), dispatcher.paused());
    }

    @Test
    void aReloadSaysWhatItDid() {
        run(OperatorCommand.RELOAD, "");
        assertDone();
        assertEquals("nothing changed", answers().get(0).message());
    }

    @Test
    void aFileWithManyProblemsIsAnsweredInBounds() {
        proxy.result = new CommandDesk.ReloadResult("x".repeat(10_000), "");
        run(OperatorCommand.RELOAD, "");
        assertFailed(SqlState.CONFIG_FILE_ERROR, "nothing was changed: xxx");
        int length = answers().get(0).message().length();
        assertTrue(length < 3_100, () -> length + " chars");
    }

    @Test
    void aSwitchoverThatCannotBeginSaysWhy() {
        run(OperatorCommand.SWITCHOVER, "standby:5432");
        assertEquals(List.of(STANDBY), failover.wanted);
        assertEquals(List.of(), answers());
        assertEquals(
                1, adminWorker.received(CommandMessages.CommandNotice.class).size());
        failover.refused.accept("its WAL receiver is not connected");
        assertFailed(SqlState.OBJECT_NOT_IN_PREREQUISITE_STATE, "its WAL receiver is not connected");
    }

    @Test
    void whereNothingIsUnderWayNothingIsCalledOff() {
        run(OperatorCommand.SWITCHOVER_CANCEL, "");
        assertFailed(SqlState.OBJECT_NOT_IN_PREREQUISITE_STATE, "no switchover is under way");
    }

    @Test
    void shutdownIsAnsweredFirst() {
        run(OperatorCommand.SHUTDOWN, "");
        assertDone();
        assertEquals(List.of(), proxy.stopped);
        loop.tick();
        assertEquals(List.of("SHUTDOWN"), proxy.stopped);
    }

    @Test
    void aStatementThatRanAwayKeepsReadersOutForAWhile() {
        assertEquals(0, desk.readersWaitMs());
        desk.onReaderRanAway(adminWorker, new CommandMessages.ReaderRanAway());
        long waitMs = desk.readersWaitMs();
        assertTrue(waitMs > 0);
        nowMs += waitMs;
        assertEquals(0, desk.readersWaitMs());
    }
}
