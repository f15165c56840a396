package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.BackendStatus;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ServerRoomTest {

    private final Rooms rooms = new Rooms();
    private final ServerRoom room = new ServerRoom(rooms.process.loop().clock(), rooms.ledger, rooms.idle);
    private final RoutedClient client = rooms.clients.routed(1, Rooms.DB, "ann", 1, Standing.PROVED);

    /** The refusal of a server with too many connections; it names the routine of its source that counted them. */
    private static byte[] refusalBy(String routine) {
        byte[] fields =
                ("C" + SqlState.TOO_MANY_CONNECTIONS + "\0R" + routine + "\0\0").getBytes(StandardCharsets.US_ASCII);
        return BackendMessage.wrap(BackendMessage.ERROR_RESPONSE, fields);
    }

    private List<BackendMessages.EvictBackend> evicted() {
        return rooms.one.received(BackendMessages.EvictBackend.class);
    }

    @Test
    void anIdleBackendIsClosedAndTheClientWaitsUntilItIsGone() {
        BackendEntry backend = rooms.idleBackend(rooms.one, 10, "bob");
        assertTrue(room.makeFor(client, refusalBy("InitProcess"), null));
        assertEquals(List.of(new BackendMessages.EvictBackend(10)), evicted());
        assertTrue(client.isWaitingForRoom());
        rooms.ledger.backendGone(1, backend.id);
        assertFalse(client.isWaitingForRoom());
    }

    /** The server counts the connection on which it refused the client until it is gone: tried before that, it may refuse again. */
    @Test
    void theClientWaitsForTheEndOfTheConnectionOnWhichItWasRefused() {
        BackendEntry backend = rooms.idleBackend(rooms.one, 10, "ann");
        rooms.ledger.assigned(
                1, 1, Rooms.key("ann"), 0, null, rooms.ledger.limits().scopes(Rooms.key("ann")));
        rooms.ledger.joined(1, 1, 11);
        BackendEntry refused = rooms.ledger.backendOf(1, 1);
        rooms.ledger.sessionClosed(1, 1);
        assertTrue(room.makeFor(client, refusalBy("InitializeSessionUserId"), refused));
        rooms.ledger.backendGone(1, backend.id);
        assertTrue(client.isWaitingForRoom());
        rooms.ledger.backendGone(1, 11);
        assertFalse(client.isWaitingForRoom());
    }

    @Test
    void theLimitOfARoleIsHelpedOnlyByTheSameRole() {
        rooms.idleBackend(rooms.one, 10, "bob");
        assertFalse(room.makeFor(client, refusalBy("InitializeSessionUserId"), null));
        assertEquals(List.of(), evicted());
        rooms.idleBackend(rooms.one, 11, "ann");
        assertTrue(room.makeFor(client, refusalBy("InitializeSessionUserId"), null));
        assertEquals(List.of(new BackendMessages.EvictBackend(11)), evicted());
    }

    @Test
    void oneBackendMakesRoomForOneClient() {
        rooms.idleBackend(rooms.one, 10, "bob");
        assertTrue(room.makeFor(client, refusalBy("InitProcess"), null));
        assertFalse(room.makeFor(
                rooms.clients.routed(2, Rooms.DB, "ann", 1, Standing.PROVED), refusalBy("InitProcess"), null));
    }

    /** It will soon be closed or idle, so waiting for it is enough. */
    @Test
    void whatIsInResetIsWaitedForAndNotClosed() {
        BackendEntry backend = rooms.idleBackend(rooms.one, 10, "bob");
        rooms.ledger.backendStatus(1, backend.id, BackendStatus.RESETTING);
        assertTrue(room.makeFor(client, refusalBy("InitProcess"), null));
        assertEquals(List.of(), evicted());
    }

    @Test
    void roomForTheNextClientKeepsThisOneWaitingForNothing() {
        rooms.idleBackend(rooms.one, 10, "bob");
        room.makeAfter(client, refusalBy("InitProcess"));
        assertEquals(List.of(new BackendMessages.EvictBackend(10)), evicted());
        assertFalse(client.isWaitingForRoom());
    }
}
