package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.util.List;
import org.junit.jupiter.api.Test;

class GivingWayTest {

    private final Rooms rooms = new Rooms();
    private final GivingWay givingWay = new GivingWay(rooms.refusals, rooms.waiting, rooms.atWorkers, rooms.unproved);

    private List<Long> told() {
        return rooms.one.received(PlaceMessages.PlaceRefused.class).stream()
                .map(PlaceMessages.PlaceRefused::sessionId)
                .toList();
    }

    private RoutedClient sent(long id) {
        RoutedClient client = rooms.clients.routed(id, Rooms.DB, "x", 1, Standing.STRANGER);
        rooms.atWorkers.sent(client, rooms.one);
        rooms.unproved.addAtWorker(client);
        return client;
    }

    @Test
    void aClientThatWaitsHereIsRefused() {
        SimulatedTransport connection = rooms.process.connect();
        rooms.enter(connection, 1, "x", Standing.STRANGER);
        assertTrue(givingWay.makeRoom(0));
        rooms.passMs(0);
        assertEquals(SqlState.TOO_MANY_CONNECTIONS, BackendMessage.sqlState(connection.farRead()));
        assertEquals(0, rooms.waiting.count());
        assertFalse(givingWay.makeRoom(0), "nobody else is there");
    }

    @Test
    void nobodyWhoHasProvedItselfGivesWay() {
        rooms.enter(1, "ann", Standing.PROVED);
        assertFalse(givingWay.makeRoom(0));
        assertEquals(1, rooms.waiting.count());
    }

    @Test
    void aClientAtAWorkerIsAskedToLeaveOnceItsWorkerHasIt() {
        sent(1);
        assertTrue(givingWay.makeRoom(0));
        assertTrue(rooms.atWorkers.isLeaving(1));
        assertEquals(List.of(), told(), "its worker has not acknowledged it");
        sent(2);
        rooms.atWorkers.acknowledged(2);
        assertTrue(givingWay.makeRoom(0));
        assertEquals(List.of(2L), told());
    }

    @Test
    void whileManyLeaveOnlyClientsHereGiveWay() {
        for (long id = 1; id <= Turns.MAX_LEAVING; id++) {
            rooms.atWorkers.leaves(rooms.clients.routed(id, Rooms.DB, "x", 1, Standing.STRANGER));
        }
        sent(1_000);
        assertFalse(givingWay.makeRoom(0));
        rooms.enter(1_001, "y", Standing.STRANGER);
        assertTrue(givingWay.makeRoom(0));
        assertEquals(0, rooms.waiting.count());
    }
}
