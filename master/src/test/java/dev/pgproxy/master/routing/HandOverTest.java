package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class HandOverTest {

    private static final long LOGIN_MS = 60_000;
    private static final Admission.Decision.Assign TO_ONE = new Admission.Decision.Assign(1, null);

    private static Rooms rooms(String... limits) {
        return new Rooms("client_login_timeout = 60", String.join("\n", limits));
    }

    private static SessionMessages.AssignSession assigned(Rooms rooms) {
        List<SessionMessages.AssignSession> all = rooms.one.received(SessionMessages.AssignSession.class);
        assertEquals(1, all.size());
        return all.get(0);
    }

    @Test
    void theWorkerGetsADuplicateAndTheClientIsOutOfTheLine() {
        Rooms rooms = rooms();
        SimulatedTransport connection = rooms.process.connect();
        RoutedClient client = rooms.enter(connection, 5, "ann", Standing.PROVED);
        rooms.nowMs += 20;
        assertTrue(rooms.handOver.give(client, rooms.one, TO_ONE));
        assertEquals(0, rooms.waiting.count());
        assertFalse(connection.isClosed(), "ours until the worker has acknowledged it");
        assertNotNull(rooms.atWorkers.find(5));
        assertEquals(1, rooms.ledger.connections(PlaceLimits.server(Rooms.DB)));
        SessionMessages.AssignSession sent = assigned(rooms);
        assertEquals(5, sent.sessionId());
        assertEquals(Rooms.DB, sent.server());
        assertEquals(0, sent.expectedBackendId());
        assertEquals(20, sent.origin().waitedMs());
        assertEquals(LOGIN_MS, sent.loginTimeLeftMs());
        sent.client().close();
    }

    @Test
    void aWarmBackendIsNamed() {
        Rooms rooms = rooms();
        BackendEntry warm = rooms.idleBackend(rooms.one, 10, "ann");
        RoutedClient client = rooms.enter(5, "ann", Standing.PROVED);
        rooms.handOver.give(client, rooms.one, new Admission.Decision.Assign(1, warm));
        assertEquals(10, assigned(rooms).expectedBackendId());
        assertFalse(warm.isUnused());
    }

    @Test
    void aVisitorIsAskedInTheWayThatIsKnown() {
        Rooms rooms = rooms();
        RoutedClient client = rooms.enter(5, "ann", Standing.VISITOR);
        rooms.known.letIn(Rooms.DB, client.startup().parameters(), AuthenticationMethod.SCRAM_SHA_256);
        rooms.handOver.give(client, rooms.one, TO_ONE);
        assertEquals(AuthenticationMethod.SCRAM_SHA_256, assigned(rooms).askFirst());
        assertEquals(0, rooms.ledger.connections(PlaceLimits.server(Rooms.DB)), "it has no place yet");
    }

    @Test
    void aStrangerHasLittleTimeWhereOthersMayWaitForItsPlace() {
        Rooms plenty = rooms();
        plenty.handOver.give(plenty.enter(5, "ann", Standing.STRANGER), plenty.one, TO_ONE);
        assertEquals(LOGIN_MS, assigned(plenty).loginTimeLeftMs());
        Rooms scarce = rooms("max_server_conn = 10");
        scarce.handOver.give(scarce.enter(5, "ann", Standing.STRANGER), scarce.one, TO_ONE);
        assertEquals(LOGIN_MS / 10, assigned(scarce).loginTimeLeftMs());
    }

    @Test
    void whatTheStartupPacketTookIsOffTheTimeForTheLogin() {
        Rooms rooms = rooms();
        Client slow = rooms.clients.client(5, "ann", 1);
        RoutedClient client = PlayedClients.routed(
                new Client(5, slow.connection(), slow.peer(), slow.startup(), LOGIN_MS + 1), Rooms.DB, Standing.PROVED);
        rooms.waiting.enter(client);
        rooms.handOver.give(client, rooms.one, TO_ONE);
        assertEquals(1, assigned(rooms).loginTimeLeftMs());
    }

    @Test
    void aClientThatItsWorkerHasAlreadyIsGivenItsPlaceThere() {
        Rooms rooms = rooms();
        RoutedClient client = rooms.enterAt(rooms.two, 5, "ann");
        rooms.handOver.give(client, rooms.two, new Admission.Decision.Assign(2, null));
        assertEquals(
                List.of(new PlaceMessages.PlaceGiven(5, 0, LOGIN_MS)),
                rooms.two.received(PlaceMessages.PlaceGiven.class));
        assertEquals(0, rooms.waiting.line().size());
        assertEquals(1, rooms.ledger.connections(PlaceLimits.server(Rooms.DB)));
    }

    @Test
    void withoutADescriptorForTheDuplicateTheClientWaits() {
        Rooms rooms = rooms();
        RoutedClient client = PlayedClients.routed(
                PlayedClients.on(new NoDuplicate(rooms.process.connect()), 5, "ann", 1), Rooms.DB, Standing.PROVED);
        rooms.waiting.enter(client);
        assertFalse(rooms.handOver.give(client, rooms.one, TO_ONE));
        assertTrue(rooms.waiting.line().has(client));
        assertEquals(List.of(), rooms.one.received());
        assertEquals(0, rooms.ledger.sessionCount());
    }

    /** A connection of a process that has no descriptor left. */
    private record NoDuplicate(ClientConnection itself) implements ClientConnection {
        @Override
        public Descriptor duplicate() throws IOException {
            throw new IOException("too many open files");
        }

        @Override
        public Descriptor release() {
            return itself.release();
        }

        @Override
        public boolean hasInput(ByteBuffer scratch) throws IOException {
            return itself.hasInput(scratch);
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
            return itself.read(into);
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            return itself.write(from);
        }

        @Override
        public void finishConnect() throws IOException {
            itself.finishConnect();
        }

        @Override
        public void onReady(ReadyHandler handler) {
            itself.onReady(handler);
        }

        @Override
        public void interest(int interest) {
            itself.interest(interest);
        }

        @Override
        public void shutdownOutput() {
            itself.shutdownOutput();
        }

        @Override
        public void close() {
            itself.close();
        }
    }
}
