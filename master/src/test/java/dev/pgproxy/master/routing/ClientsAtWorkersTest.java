package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ClientsAtWorkersTest {

    private long nowMs;
    private final SimulatedProcess process =
            new SimulatedProcess(new Random(1), () -> TimeUnit.MILLISECONDS.toNanos(nowMs));
    private final SimulatedTransport connection = process.connect();
    private final RoutedClient client = PlayedClients.routed(
            PlayedClients.on(connection, 7, "ann", 1), new Endpoint.Tcp("server", 5432), Standing.STRANGER);
    private final PlayedWorker one = new PlayedWorker(ChildKind.POOL, 1);
    private final PlayedWorker two = new PlayedWorker(ChildKind.POOL, 2);
    private final Counter micros = new Counters().counter("micros", "");
    private final ClientsAtWorkers at = new ClientsAtWorkers(process.loop().clock(), micros);

    @Test
    void theConnectionIsOursUntilTheWorkerHasAcknowledgedIt() {
        at.sent(client, one);
        assertFalse(connection.isClosed());
        assertNull(at.loggingIn(7));
        assertNotNull(at.acknowledged(7));
        assertTrue(connection.isClosed());
        assertNull(at.acknowledged(7), "it says so once");
        ClientsAtWorkers.Placed placed = at.loggingIn(7);
        assertNotNull(placed);
        assertEquals(one, placed.worker());
    }

    @Test
    void handOversAreTimedOnceTheWorkerHasTheClient() {
        at.sent(client, one);
        nowMs = 3;
        assertEquals(0, micros.value());
        at.acknowledged(7);
        nowMs = 9;
        at.acknowledged(7);
        assertEquals(3_000, micros.value());
    }

    @Test
    void aHandOverThatFailedHasNoTime() {
        at.sent(client, one);
        nowMs = 3;
        at.takeUnacknowledged(one);
        at.sent(client, two);
        nowMs = 9;
        at.closedUnacknowledged(7);
        assertEquals(0, micros.value());
    }

    @Test
    void aWorkerThatDiesLeavesUsThoseWhomItHadNotAcknowledged() {
        at.sent(client, one);
        assertEquals(List.of(), at.takeUnacknowledged(two));
        assertEquals(List.of(client), at.takeUnacknowledged(one));
        assertEquals(List.of(), at.takeUnacknowledged(one));
        assertFalse(connection.isClosed());
    }

    @Test
    void thoseWhomItHadAcknowledgedEndWithIt() {
        at.sent(client, one);
        at.acknowledged(7);
        assertEquals(List.of(), at.takeUnacknowledged(one));
        assertEquals(List.of(7L), at.loggingInAt(one));
        assertEquals(List.of(), at.loggingInAt(two));
        assertNotNull(at.done(7));
        assertEquals(List.of(), at.loggingInAt(one));
    }

    @Test
    void aClientThatAWorkerClosedAtOnceIsNotOursAnyMore() {
        at.sent(client, one);
        at.closedUnacknowledged(7);
        assertTrue(connection.isClosed());
        assertNull(at.find(7));
    }

    @Test
    void thoseWhoAreLeavingAreCountedUntilTheyAreGone() {
        at.sent(client, one);
        at.leaves(client);
        assertTrue(at.isLeaving(7));
        assertEquals(1, at.leavingCount());
        assertEquals(client.weight(), at.leavingBytes());
        at.acknowledged(7);
        assertTrue(at.isLeaving(7));
        at.done(7);
        at.done(7);
        assertEquals(0, at.leavingCount());
        assertEquals(0, at.leavingBytes());
    }
}
