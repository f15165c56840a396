package dev.pgproxy.master.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.ChildKind;
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

class ServerCommandsTest {

    private static final long COMMAND = 3;
    private static final Endpoint PRIMARY = new Endpoint.Tcp("db", 5432);
    private static final Endpoint STANDBY = new Endpoint.Tcp("standby", 5432);
    private static final ProxyConfig BOTH =
            TestConfig.of("master = db:5432", "slaver_list = standby:5432", "conninfo.user = postgres");
    private static final ProxyConfig PRIMARY_ALONE = TestConfig.of("master = db:5432", "conninfo.user = postgres");

    private final EventLoop loop = new EventLoop(new StillPoller(), () -> 0);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final PlayedWorker worker = new PlayedWorker(ChildKind.POOL, 1);
    private final Dispatcher dispatcher = PlayedDispatcher.of(loop, BOTH, workers);
    private final PlayedFailover failover = new PlayedFailover();
    private ProxyConfig inForce = BOTH;
    private final List<String> answers = new ArrayList<>();
    private final ServerCommands commands = new ServerCommands(
            loop, workers, dispatcher, new SwitchoverDesk(loop, workers, failover), () -> inForce, new Answers() {
                @Override
                public void notice(long commandId, String message) {
                    answers.add("notice " + message);
                }

                @Override
                public void done(long commandId, int count, String message) {
                    answers.add("done " + message);
                }

                @Override
                public void failed(long commandId, String sqlState, String message, String hint) {
                    answers.add(sqlState + " " + message + " " + hint);
                }
            });

    ServerCommandsTest() {
        workers.ready(worker);
    }

    private List<BackendMessages.Reconnect> reconnects() {
        return worker.received(BackendMessages.Reconnect.class);
    }

    @Test
    void aPausedServerLosesItsIdleConnectionsAtOnce() {
        commands.pause(COMMAND, "STANDBY:5432");
        assertEquals(Set.of(STANDBY), dispatcher.paused());
        assertEquals(List.of(new BackendMessages.Reconnect(STANDBY)), reconnects());
        assertEquals(List.of("done "), answers);
    }

    @Test
    void aUnixSocketMayBeWrittenEitherWay() {
        inForce = TestConfig.of("master = unix:/run/postgresql:5432", "conninfo.user = postgres");
        Endpoint server = new Endpoint.Unix("/run/postgresql/.s.PGSQL.5432");
        commands.reconnect(COMMAND, "unix:/run/postgresql:5432");
        commands.reconnect(COMMAND, "unix:/run/postgresql/.s.PGSQL.5432");
        commands.reconnect(COMMAND, "unix:/run/PostgreSQL:5432");
        assertEquals(
                List.of(new BackendMessages.Reconnect(server), new BackendMessages.Reconnect(server)), reconnects());
        assertTrue(answers.get(2).startsWith(SqlState.UNDEFINED_OBJECT), answers::toString);
    }

    /** It may have been taken out of the configuration while it was paused. */
    @Test
    void aPausedServerThatIsNoLongerConfiguredCanBeResumed() {
        commands.pause(COMMAND, "standby:5432");
        inForce = PRIMARY_ALONE;
        commands.resume(COMMAND, "standby:5432");
        assertEquals(Set.of(), dispatcher.paused());
        commands.resume(COMMAND, "standby:5432");
        assertTrue(answers.get(2).startsWith(SqlState.UNDEFINED_OBJECT), answers::toString);
    }

    @Test
    void aNameThatIsNoServerIsAnsweredWithThoseThatAre() {
        commands.reconnect(COMMAND, "elsewhere:5432");
        assertEquals(
                List.of(SqlState.UNDEFINED_OBJECT + " \"elsewhere:5432\" is not a server of this proxy"
                        + " Its servers are db:5432, standby:5432; without a name the command is for all of them."),
                answers);
        assertEquals(List.of(), reconnects());
    }

    @Test
    void withoutANameTheCommandIsForAll() {
        commands.reconnect(COMMAND, "");
        assertEquals(
                List.of(new BackendMessages.Reconnect(PRIMARY), new BackendMessages.Reconnect(STANDBY)), reconnects());
        commands.resume(COMMAND, "");
        assertEquals(List.of("done ", "done nothing was paused"), answers);
    }

    @Test
    void aRefusedSwitchoverSaysWhyAndWhereToLook() {
        commands.switchover(COMMAND, "standby:5432");
        assertEquals(List.of(STANDBY), failover.wanted);
        assertTrue(answers.get(0).startsWith("notice transactions on db:5432 may end"), answers::toString);
        failover.refused.accept("its WAL receiver is not connected");
        assertTrue(
                answers.get(1)
                        .startsWith(SqlState.OBJECT_NOT_IN_PREREQUISITE_STATE
                                + " no switchover to standby:5432: its WAL receiver is not connected"),
                answers::toString);
    }

    @Test
    void aSwitchoverToAStrangerIsNotTried() {
        commands.switchover(COMMAND, "elsewhere:5432");
        assertEquals(List.of(), failover.wanted);
        assertTrue(answers.get(0).startsWith(SqlState.UNDEFINED_OBJECT), answers::toString);
    }
}
