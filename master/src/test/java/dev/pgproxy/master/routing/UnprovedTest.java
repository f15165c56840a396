package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class UnprovedTest {

    private static final Endpoint SERVER = new Endpoint.Tcp("server", 5432);

    private final PlayedClients clients = new PlayedClients(new SimulatedProcess(new Random(1), () -> 0)::connect);
    private final Unproved unproved = new Unproved();

    private RoutedClient stranger(long id, int neighbour) {
        return clients.routed(id, SERVER, "x", neighbour, Standing.STRANGER);
    }

    private RoutedClient visitor(long id, String user) {
        return clients.routed(id, SERVER, user, 1, Standing.VISITOR);
    }

    private List<Long> first(int bytes, boolean evenAtWorkers) {
        return unproved.first(bytes, evenAtWorkers).stream()
                .map(RoutedClient::sessionId)
                .toList();
    }

    @Test
    void theLargestGroupGivesWayInOrderOfArrival() {
        unproved.addHere(stranger(1, 1));
        unproved.addHere(stranger(3, 2));
        unproved.addHere(stranger(2, 2));
        assertEquals(List.of(2L), first(0, true));
        unproved.remove(2);
        unproved.remove(3);
        assertEquals(List.of(1L), first(0, true));
        unproved.remove(1);
        assertEquals(List.of(), first(0, true));
    }

    @Test
    void thoseWithOneNameAreAGroupOfTheirOwn() {
        unproved.addHere(visitor(1, "ann"));
        unproved.addHere(visitor(2, "flooded"));
        unproved.addHere(visitor(3, "flooded"));
        assertEquals(List.of(2L), first(0, true));
    }

    @Test
    void thoseAtWorkersAreSparedWhenOnlySomebodyHereIsWanted() {
        unproved.addAtWorker(stranger(1, 1));
        unproved.addAtWorker(stranger(2, 1));
        unproved.addHere(stranger(3, 2));
        assertEquals(List.of(1L), first(0, true));
        assertEquals(List.of(3L), first(0, false));
    }

    @Test
    void whoIsSentToAWorkerIsInOnePlace() {
        RoutedClient client = stranger(1, 1);
        unproved.addHere(client);
        unproved.addAtWorker(client);
        assertEquals(List.of(), first(0, false));
        assertEquals(List.of(1L), first(0, true));
    }

    @Test
    void aFewSmallOnesMakeRoomForALargeOneOrNobodyDoes() {
        for (long id = 1; id <= 6; id++) {
            unproved.addHere(stranger(id, 1));
        }
        int weight = stranger(7, 1).weight();
        assertEquals(List.of(1L, 2L, 3L), first(3 * weight, true));
        assertEquals(List.of(1L, 2L, 3L, 4L), first(4 * weight, false));
        assertEquals(List.of(), first(4 * weight + 1, true));
    }
}
