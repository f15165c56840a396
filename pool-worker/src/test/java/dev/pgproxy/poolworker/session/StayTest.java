package dev.pgproxy.poolworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.poolworker.LoneWorker;
import dev.pgproxy.poolworker.PlayedServers;
import dev.pgproxy.poolworker.traffic.SessionState;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** A client's stay at a worker: its phases, and its end, of which the master hears once. */
class StayTest {

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);
    private final LoneWorker.Frontend client = new LoneWorker.Frontend();

    private Session assigned() {
        lone.assign(1, client);
        return lone.worker.clients().all().iterator().next();
    }

    private Session active() {
        Session session = assigned();
        lone.findRoles();
        servers.last().accept();
        servers.last().letIn();
        client.written.reset();
        assertEquals(SessionState.ACTIVE, session.state());
        return session;
    }

    private int closed() {
        return lone.master.heard(SessionMessages.SessionClosed.class).size();
    }

    private int returned() {
        return lone.master.heard(SessionMessages.SessionReturned.class).size();
    }

    private String sqlState() {
        return BackendMessage.sqlState(client.written.toByteArray());
    }

    @Test
    void lastWordsWaitUntilTheClientMayBeWrittenTo() {
        lone.master.linkIsFull = true;
        Session session = assigned();
        session.endByOperator();
        assertEquals(SessionState.ACCEPTED, session.state());
        assertEquals(0, client.written.size());
        lone.master.linkTakesAll();
        lone.loop.tick();
        assertEquals(SqlState.ADMIN_SHUTDOWN, sqlState());
        assertEquals(SessionState.CLOSED, session.state());
        assertEquals(1, closed());
    }

    @Test
    void aClientThatHeardNothingIsGivenBack() {
        Session session = assigned();
        session.endMoved();
        assertEquals(1, returned());
        assertEquals(0, closed());
        assertTrue(client.open);
        assertTrue(session.isOver());
        assertFalse(session.wasIn());
    }

    @Test
    void aClientThatIsInIsToldWhyItEnds() {
        Session session = active();
        session.endMoved();
        assertEquals(0, returned());
        assertEquals(1, closed());
        assertTrue(sqlState().startsWith("57P"), sqlState());
        assertTrue(session.lastWords().length > 0);
        assertTrue(session.wasIn());
    }

    @Test
    void withoutTheMasterNoClientIsGivenBack() {
        Session session = assigned();
        lone.worker.masterLost("test");
        assertFalse(session.isOver());
        session.endMoved();
        assertEquals(0, returned());
        assertEquals(SessionState.CLOSED, session.state());
    }

    @Test
    void anEndedSessionIgnoresWhatWasOnItsWay() {
        Session session = active();
        session.endByOperator();
        client.written.reset();
        servers.last().heard();
        session.endByOperator();
        session.hold(true, true);
        session.askToShutDown();
        session.backendReady(Interest.READ);
        session.begin();
        client.isReady(Interest.READ | Interest.HANGUP);
        assertEquals(1, closed());
        assertEquals(0, client.written.size());
        assertFalse(session.isBusy() || session.isReadyToLeave());
    }

    @Test
    void aShutdownWaitsForTheQueryThatRuns() {
        Session session = active();
        client.say(FrontendMessage.query("SELECT 1"));
        session.askToShutDown();
        assertEquals(SessionState.ACTIVE, session.state());
        servers.last().answer("SELECT 1");
        assertEquals(SessionState.CLOSED, session.state());
        assertTrue(client.written.toString(StandardCharsets.ISO_8859_1).contains(SqlState.ADMIN_SHUTDOWN));
    }

    @Test
    void aLoginDoesNotWaitForAShutdown() {
        Session session = assigned();
        session.askToShutDown();
        assertEquals(SessionState.CLOSED, session.state());
        assertEquals(SqlState.ADMIN_SHUTDOWN, sqlState());
    }

    @Test
    void aFaultInAStepEndsTheSessionAndItsBackend() {
        Session session = active();
        session.contained(() -> {
            throw new IllegalStateException("a fault");
        });
        assertEquals(SessionState.CLOSED, session.state());
        assertEquals(1, lone.worker.containedFaults());
        assertFalse(servers.last().heard().contains("DISCARD ALL"), "it is not known what it is in the middle of");
        assertEquals(1, closed());
    }
}
