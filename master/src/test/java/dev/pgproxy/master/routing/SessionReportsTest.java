package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.accept.ClientMemory;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.master.role.RoleMemory;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.config.TestConfig;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What workers report, and its effect on clients. */
class SessionReportsTest {

    private static final Endpoint PRIMARY = new Endpoint.Tcp("db", 5432);
    private static final Endpoint STANDBY = new Endpoint.Tcp("standby", 5432);
    private static final Endpoint OTHER_STANDBY = new Endpoint.Tcp("other", 5432);
    private static final byte[] SERVER_DIED = BackendMessage.fatal(SqlState.CONNECTION_FAILURE, "gone", "");
    private static final byte[] SERVER_FULL =
            BackendMessage.fatal(SqlState.TOO_MANY_CONNECTIONS, "sorry, too many clients already", "");

    private final SimulatedProcess process = new SimulatedProcess(new Random(1), () -> 1_000_000_000L);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final List<Endpoint> suspected = new ArrayList<>();
    private final Counters counters = new Counters();
    private final Dispatcher dispatcher = new Dispatcher(
            process.loop(),
            TestConfig.of("master = db:5432", "slaver_list = standby:5432,other:5432", "conninfo.user = postgres"),
            new Refusals(
                    process.loop().clock(), new LingeringClose(process.loop().scheduler()), counters),
            new ClientMemory(process.loop().clock(), Long.MAX_VALUE / 2),
            workers,
            new RoleMemory(process.loop().clock(), 0),
            new OwnUser("pgproxy", 1),
            descriptor -> ((SimulatedTransport.Passed) descriptor).arrive(),
            1_000,
            suspected::add,
            counters);
    private final SessionReports reports = dispatcher.sessions();
    private final PlayedWorker one = new PlayedWorker(ChildKind.POOL, 1);
    private final PlayedWorker two = new PlayedWorker(ChildKind.POOL, 2);

    /** A client of the first worker, which is the only one so far. */
    private SimulatedTransport submit(long id, String user) {
        SimulatedTransport connection = process.connect();
        dispatcher.submit(PlayedClients.on(connection, id, user, 1));
        return connection;
    }

    private static SessionMessages.AssignSession last(PlayedWorker worker) {
        List<SessionMessages.AssignSession> all = worker.received(SessionMessages.AssignSession.class);
        return all.get(all.size() - 1);
    }

    private void accept(long id) {
        reports.onSessionAccepted(one, new SessionMessages.SessionAccepted(id, 0));
    }

    private void giveBack(long id, byte[] lastWords) {
        reports.onSessionReturned(
                one,
                new SessionMessages.SessionReturned(id, lastWords, last(one).client()));
    }

    private static String heard(SimulatedTransport connection) {
        return BackendMessage.sqlState(connection.farRead());
    }

    @Test
    void aClientWhoseWorkerDiesBeforeItHasItNoticesNothing() {
        workers.ready(one);
        SimulatedTransport connection = submit(1, "ann");
        last(one).client().close(); // The worker's descriptor is closed when it dies.
        workers.ready(two);
        workers.gone(one);
        assertEquals(1, last(two).sessionId());
        assertFalse(connection.isTouched());
        assertEquals(1, dispatcher.clientCount());
    }

    /** The client that was handed over and the one that waits now are the same, but not the same object. */
    @Test
    void aClientWhoseWorkerDiesInTheTurnInWhichItCameWaitsForAnother() {
        workers.ready(one);
        SimulatedTransport connection = submit(5, "ann");
        last(one).client().close(); // The worker's descriptor is closed when it dies.
        workers.gone(one);
        process.tick();
        process.tick();
        assertFalse(connection.isClosed());
        workers.ready(two);
        assertEquals(5, last(two).sessionId());
    }

    @Test
    void aClientOfADeadWorkerIsGoneWithIt() {
        workers.ready(one);
        SimulatedTransport connection = submit(1, "ann");
        accept(1);
        last(one).client().close();
        assertTrue(connection.isConnectionClosed());
        workers.gone(one);
        assertEquals(0, dispatcher.clientCount());
    }

    @Test
    void anotherStandbyServesAClientThatOneCouldNotServe() {
        workers.ready(one);
        submit(1, "ann_r");
        assertEquals(STANDBY, last(one).server());
        accept(1);
        giveBack(1, SERVER_DIED);
        assertEquals(List.of(STANDBY), suspected);
        assertEquals(OTHER_STANDBY, last(one).server());
    }

    @Test
    void whenNoServerIsLeftTheClientHearsWhatTheLastOneSaid() {
        workers.ready(one);
        SimulatedTransport connection = submit(1, "ann_r");
        for (int server = 0; server < 3; server++) {
            accept(1);
            giveBack(1, SERVER_DIED);
        }
        assertEquals(SqlState.CONNECTION_FAILURE, heard(connection));
        assertEquals(List.of(STANDBY, OTHER_STANDBY, PRIMARY), suspected);
    }

    @Test
    void aClientOfThePrimaryWaitsOnlyWhenThePrimaryIsHeld() {
        workers.ready(one);
        SimulatedTransport refused = submit(1, "ann");
        accept(1);
        giveBack(1, SERVER_DIED);
        assertEquals(SqlState.CONNECTION_FAILURE, heard(refused));
        SimulatedTransport waiting = submit(2, "ann");
        accept(2);
        dispatcher.holdPrimary(true);
        giveBack(2, SERVER_DIED);
        assertEquals(1, dispatcher.waitingClients().size());
        assertEquals("", heard(waiting));
    }

    @Test
    void aStandbyThatIsFullIsNotSuspected() {
        workers.ready(one);
        submit(1, "ann_r");
        accept(1);
        giveBack(1, SERVER_FULL);
        assertEquals(List.of(), suspected);
        assertEquals(OTHER_STANDBY, last(one).server());
    }

    @Test
    void aPrimaryThatIsFullSaysSoItself() {
        workers.ready(one);
        SimulatedTransport connection = submit(1, "ann");
        accept(1);
        giveBack(1, SERVER_FULL);
        assertEquals(SqlState.TOO_MANY_CONNECTIONS, heard(connection));
    }

    /** The server counts the connection on which it refused until that is gone: tried before, it refuses again without need. */
    @Test
    void aClientForWhichAnIdleConnectionGivesWayIsTriedWhenTheRefusedOneIsGoneToo() {
        workers.ready(one);
        submit(1, "ann");
        reports.onSessionAccepted(one, new SessionMessages.SessionAccepted(1, 11));
        reports.onSessionOpened(one, new SessionMessages.SessionOpened(1, 11, AuthenticationMethod.OTHER));
        reports.onSessionClosed(one, new SessionMessages.SessionClosed(1));
        dispatcher.backends().onBackendIdle(one, new BackendMessages.BackendIdle(11));

        SimulatedTransport second = submit(2, "bob");
        reports.onSessionAccepted(one, new SessionMessages.SessionAccepted(2, 12));
        int before = one.received(SessionMessages.AssignSession.class).size();
        giveBack(2, SERVER_FULL);
        dispatcher.backends().onBackendGone(one, new BackendMessages.BackendGone(11));
        assertEquals(before, one.received(SessionMessages.AssignSession.class).size());
        dispatcher.backends().onBackendGone(one, new BackendMessages.BackendGone(12));
        assertEquals(
                before + 1, one.received(SessionMessages.AssignSession.class).size());
        assertEquals("", heard(second));
    }

    @Test
    void aClientThatNobodySentIsClosed() {
        workers.ready(one);
        SimulatedTransport connection = process.connect();
        reports.onSessionReturned(one, new SessionMessages.SessionReturned(77, SERVER_DIED, connection.release()));
        assertTrue(connection.isConnectionClosed());
    }

    @Test
    void aPlaceIsOnlyForAClientThatTheWorkerHas() {
        workers.ready(one);
        workers.ready(two);
        submit(1, "ann");
        accept(1);
        reports.onPlaceWanted(two, new PlaceMessages.PlaceWanted(1, true, new byte[0]));
        assertEquals(1, two.received(PlaceMessages.PlaceRefused.class).size());
        assertEquals(List.of(), one.received(PlaceMessages.PlaceGiven.class));
    }

    @Test
    void whatAServerAsksIsKnownForTheNextClient() {
        workers.ready(one);
        submit(1, "ann");
        assertEquals(AuthenticationMethod.OTHER, last(one).askFirst());
        accept(1);
        reports.onSessionOpened(one, new SessionMessages.SessionOpened(1, 10, AuthenticationMethod.MD5));
        reports.onSessionClosed(one, new SessionMessages.SessionClosed(1));
        submit(2, "ann");
        assertEquals(AuthenticationMethod.MD5, last(one).askFirst(), "the role has a connection");
        reports.onSessionAccepted(one, new SessionMessages.SessionAccepted(2, 0));
        reports.onPlaceWanted(one, new PlaceMessages.PlaceWanted(2, true, new byte[0]));
        assertEquals(1, one.received(PlaceMessages.PlaceGiven.class).size());
    }
}
