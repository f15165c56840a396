package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.util.List;
import org.junit.jupiter.api.Test;

class WaitingRoomTest {

    private static final long WAIT_MS = 7_000;
    private static final byte[] WORDS = BackendMessage.fatal(SqlState.ADMIN_SHUTDOWN, "going", "");

    private final Rooms rooms = new Rooms("query_wait_timeout = 7", "max_server_conn = 1");
    private final SimulatedTransport connection = rooms.process.connect();

    private void assertHeard(String sqlState, String hint) {
        byte[] heard = connection.farRead();
        assertEquals(sqlState, BackendMessage.sqlState(heard));
        assertTrue(BackendMessage.errorField(heard, 'H').contains(hint), () -> BackendMessage.errorField(heard, 'H'));
    }

    @Test
    void aClientWaitsForQueryWaitTimeoutAndNotLonger() {
        rooms.enter(connection, 1, "ann", Standing.PROVED);
        rooms.passMs(WAIT_MS - 1);
        assertEquals(1, rooms.waiting.count());
        assertEquals(0, connection.farRead().length);
        rooms.passMs(1);
        assertEquals(0, rooms.waiting.count());
        assertHeard(SqlState.TOO_MANY_CONNECTIONS, "raise the limit");
    }

    /** A client that comes back from a server has waited already. */
    @Test
    void timeCountsFromWhenTheClientCame() {
        rooms.nowMs = 1_000;
        rooms.enter(1, "ann", Standing.PROVED); // It arrived at 0.
        rooms.passMs(WAIT_MS - 1_000);
        assertEquals(0, rooms.waiting.count());
    }

    @Test
    void whoWaitsForAPausedServerHearsOfThat() {
        rooms.holds.pause(Rooms.DB);
        rooms.enter(connection, 1, "ann", Standing.PROVED);
        rooms.passMs(WAIT_MS);
        assertHeard(SqlState.CANNOT_CONNECT_NOW, "RESUME");
    }

    @Test
    void whoWaitsForAPrimaryThatDoesNotAnswerHearsOfThat() {
        rooms.holds.holdPrimary(true);
        rooms.enter(connection, 1, "ann", Standing.PROVED);
        rooms.passMs(WAIT_MS);
        assertHeard(SqlState.CANNOT_CONNECT_NOW, "The primary does not answer");
    }

    @Test
    void whoWaitsForAWorkerHearsOfThat() {
        rooms.workers.gone(rooms.one);
        rooms.workers.gone(rooms.two);
        rooms.enter(connection, 1, "ann", Standing.PROVED);
        rooms.passMs(WAIT_MS);
        assertHeard(SqlState.CANNOT_CONNECT_NOW, "No worker");
    }

    @Test
    void nobodyWaitsForAClientThatLeft() {
        rooms.enter(connection, 1, "ann", Standing.STRANGER);
        connection.farLeave();
        rooms.passMs(0);
        assertEquals(0, rooms.waiting.count());
        assertTrue(connection.isConnectionClosed());
        assertEquals(List.of(), rooms.unproved.first(0, true));
        connection.farRead();
        rooms.passMs(WAIT_MS);
        assertEquals(0, connection.farRead().length, "its time limit has ended with it");
    }

    @Test
    void aClientAtAWorkerIsToldByItsWorker() {
        rooms.enterAt(rooms.two, 1, "ann");
        assertEquals(1, rooms.waiting.line().size());
        assertEquals(0, rooms.waiting.count(), "its worker counts it");
        rooms.passMs(WAIT_MS);
        assertEquals(0, rooms.waiting.line().size());
        PlaceMessages.PlaceRefused refusal =
                rooms.two.received(PlaceMessages.PlaceRefused.class).get(0);
        assertEquals(SqlState.TOO_MANY_CONNECTIONS, BackendMessage.sqlState(refusal.lastWords()));
    }

    @Test
    void thoseOfADeadWorkerWaitForNothing() {
        rooms.enterAt(rooms.one, 1, "ann");
        rooms.enterAt(rooms.two, 2, "ann");
        rooms.waiting.forgetWorker(rooms.one);
        assertEquals(
                List.of(2L),
                rooms.waiting.line().all().stream().map(RoutedClient::sessionId).toList());
    }

    @Test
    void whoComesAfterTheEndHearsTheSameAsThoseWhoWaited() {
        rooms.enter(connection, 1, "ann", Standing.PROVED);
        rooms.waiting.close(WORDS);
        assertHeard(SqlState.ADMIN_SHUTDOWN, "");
        SimulatedTransport late = rooms.process.connect();
        rooms.enter(late, 2, "ann", Standing.PROVED);
        assertEquals(SqlState.ADMIN_SHUTDOWN, BackendMessage.sqlState(late.farRead()));
        assertEquals(0, rooms.waiting.count());
    }

    /** A client cannot be asked to prove who it is while its server is paused. */
    @Test
    void whoCannotBeAskedCountsAsUnprovedOnlyOnceThatIsOver() {
        rooms.holds.pause(Rooms.DB);
        rooms.enter(1, "ann", Standing.STRANGER);
        assertEquals(List.of(), rooms.unproved.first(0, true));
        rooms.holds.resume(Rooms.DB);
        rooms.waiting.canBeAskedNow();
        assertEquals(1, rooms.unproved.first(0, true).size());
    }

    @Test
    void whatIsLearntOfTheirKindChangesWhatThoseWhoWaitAreTakenFor() {
        RoutedClient ann = rooms.enter(1, "ann", Standing.STRANGER);
        RoutedClient bob = rooms.enter(2, "bob", Standing.STRANGER);
        rooms.known.letIn(Rooms.DB, ann.startup().parameters(), AuthenticationMethod.TRUST);
        rooms.waiting.standAgain(Rooms.DB, "ann", "shop");
        assertEquals(Standing.PROVED, ann.standing());
        assertEquals(Standing.STRANGER, bob.standing());
        assertTrue(rooms.waiting.line().has(ann));
        assertEquals(List.of(bob), rooms.unproved.first(0, true));
    }

    @Test
    void aReloadKeepsEverybodyInLine() {
        RoutedClient client = rooms.enter(1, "ann", Standing.PROVED);
        rooms.waiting.configure(1_000);
        assertTrue(rooms.waiting.leave(client));
        assertFalse(rooms.waiting.leave(client));
    }
}
