package dev.pgproxy.master.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class OperatorDeskTest {

    private static final String HERE = "127.0.0.1";
    private static final String ELSEWHERE = "192.0.2.1";

    private long nowMs = 1_000;
    private final SimulatedProcess process = new SimulatedProcess(new Random(1), () -> nowMs * 1_000_000L);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final PlayedWorker adminWorker = new PlayedWorker(ChildKind.ADMIN, 0);
    private boolean hasDefaultPassword;
    private int demanded;
    private final OperatorDesk desk = new OperatorDesk(
            process.loop(),
            workers,
            new Refusals(
                    process.loop().clock(), new LingeringClose(process.loop().scheduler()), new Counters()),
            () -> hasDefaultPassword,
            () -> demanded++);

    private SimulatedTransport submit(long id, String ip) {
        SimulatedTransport connection = process.connect();
        StartupPacket.Startup startup = new StartupPacket.Startup(
                3 << 16,
                new StartupParameters(List.of(
                        new StartupParameters.Parameter("database", "pg_proxy"),
                        new StartupParameters.Parameter("user", "pgproxy"))));
        desk.submit(new Client(id, connection, new Peer.Tcp(ip, 40_000), startup, 0));
        return connection;
    }

    private List<Long> handed() {
        return adminWorker.received(CommandMessages.AssignOperator.class).stream()
                .map(CommandMessages.AssignOperator::sessionId)
                .toList();
    }

    private void passMs(long ms) {
        nowMs += ms;
        for (int turn = 0; turn < 100; turn++) {
            process.tick();
        }
    }

    private static void assertRefused(SimulatedTransport connection, String sqlState, String words) {
        byte[] heard = connection.farRead();
        assertEquals(sqlState, BackendMessage.sqlState(heard));
        assertTrue(BackendMessage.errorField(heard, 'M').contains(words), () -> BackendMessage.errorField(heard, 'M'));
    }

    @Test
    void theFirstOneStartsTheAdminWorkerAndWaitsForIt() {
        SimulatedTransport connection = submit(1, HERE);
        assertEquals(1, demanded);
        workers.ready(adminWorker);
        assertEquals(List.of(1L), handed());
        adminWorker
                .received(CommandMessages.AssignOperator.class)
                .get(0)
                .client()
                .close();
        assertTrue(connection.isConnectionClosed(), "its only descriptor went along");
    }

    @Test
    void anAdminWorkerThatDoesNotStartIsNotWaitedForForEver() {
        SimulatedTransport connection = submit(1, HERE);
        passMs(60_000);
        assertRefused(connection, SqlState.CANNOT_CONNECT_NOW, "has not started in time");
        workers.ready(adminWorker);
        assertEquals(List.of(), handed());
    }

    @Test
    void nobodyWaitsForAClientThatLeft() {
        SimulatedTransport connection = submit(1, HERE);
        connection.farLeave();
        passMs(0);
        assertTrue(connection.isConnectionClosed());
        workers.ready(adminWorker);
        assertEquals(List.of(), handed());
    }

    @Test
    void ofTooManyTheOneThatHasWaitedLongestGivesWay() {
        SimulatedTransport first = submit(1, HERE);
        for (long id = 2; id <= 65; id++) {
            submit(id, HERE);
        }
        assertRefused(first, SqlState.CANNOT_CONNECT_NOW, "too many clients");
        workers.ready(adminWorker);
        assertEquals(64, handed().size());
    }

    @Test
    void aPasswordThatEverybodyKnowsIsGoodOnThisHostOnly() {
        hasDefaultPassword = true;
        workers.ready(adminWorker);
        assertRefused(submit(1, ELSEWHERE), SqlState.INVALID_AUTHORIZATION_SPECIFICATION, "its default password");
        submit(2, HERE);
        hasDefaultPassword = false;
        submit(3, ELSEWHERE);
        assertEquals(List.of(2L, 3L), handed());
    }

    @Test
    void anAdminWorkerThatDoesNotKeepUpGetsNobody() {
        workers.ready(adminWorker);
        adminWorker.hasRoom(false);
        assertRefused(submit(1, HERE), SqlState.CANNOT_CONNECT_NOW, "too busy");
        desk.onCancel(new StartupPacket.CancelRequest(7, new byte[4]));
        assertEquals(List.of(), adminWorker.received());
    }

    @Test
    void aCancelMayBeForAnOperatorsStatement() {
        desk.onCancel(new StartupPacket.CancelRequest(7, new byte[4])); // No admin-worker, no statement.
        workers.ready(adminWorker);
        desk.onCancel(new StartupPacket.CancelRequest(7, new byte[4]));
        assertEquals(
                1, adminWorker.received(CommandMessages.CancelStatement.class).size());
    }

    @Test
    void whoWaitsWhenTheProxyStopsHearsSo() {
        SimulatedTransport connection = submit(1, HERE);
        desk.refuseAll(BackendMessage.fatal(SqlState.ADMIN_SHUTDOWN, "stopping", ""));
        assertRefused(connection, SqlState.ADMIN_SHUTDOWN, "stopping");
        passMs(60_000);
        assertEquals(0, connection.farRead().length, "and hears it once");
    }
}
