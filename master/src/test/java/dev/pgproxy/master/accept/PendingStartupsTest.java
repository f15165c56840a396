package dev.pgproxy.master.accept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PendingStartupsTest {

    private static final int MAX_PENDING = 3;
    private static final long MEMORY_BYTES = 20_000;
    private static final byte[] STARTUP = packet("app");

    private final SimulatedProcess process = new SimulatedProcess(new Random(1), () -> 1L);
    private final List<Client> clients = new ArrayList<>();
    private final PendingStartups pending = new PendingStartups(
            process.loop(),
            new Refusals(
                    process.loop().clock(), new LingeringClose(process.loop().scheduler()), new Counters()),
            new ClientMemory(process.loop().clock(), MEMORY_BYTES),
            10_000,
            new Arriving(),
            new Counters());

    private final class Arriving implements Arrivals {
        @Override
        public void onClient(Client client) {
            clients.add(client);
        }

        @Override
        public void onCancel(ClientConnection connection, StartupPacket.CancelRequest request) {
            throw new IllegalStateException("nobody cancels");
        }

        @Override
        public boolean hasRoom(int alreadyPending) {
            return alreadyPending < MAX_PENDING;
        }

        @Override
        public boolean letGiveWay(int bytes) {
            return false;
        }
    }

    private static byte[] packet(String user) {
        return FrontendMessage.startup(
                3 << 16,
                List.of(
                        new StartupParameters.Parameter("user", user),
                        new StartupParameters.Parameter("database", "shop")));
    }

    /** @param neighbour the last byte of its address */
    private SimulatedTransport connect(int neighbour) {
        SimulatedTransport connection = process.connect();
        pending.begin(connection, new Peer.Tcp("10.0.0." + neighbour, 40_000));
        run();
        return connection;
    }

    private void send(SimulatedTransport connection, byte[] bytes) {
        connection.farWrite(bytes);
        run();
    }

    private void run() {
        for (int i = 0; i < 500; i++) {
            process.tick();
        }
    }

    private static String refusal(SimulatedTransport connection) {
        byte[] heard = connection.farRead();
        return heard.length == 0 ? "" : BackendMessage.sqlState(heard);
    }

    @Test
    void clientsGoOnInTheOrderOfTheirPacketsWithNumbersThatGrow() {
        SimulatedTransport first = connect(1);
        SimulatedTransport second = connect(2);
        assertEquals(2, pending.clientCount());
        send(second, STARTUP);
        send(first, STARTUP);
        assertEquals(List.of(1L, 2L), clients.stream().map(Client::sessionId).toList());
        assertEquals(0, pending.clientCount());
        assertEquals(0, pending.heldBytes());
    }

    @Test
    void theOldestOfTheNeighbourWithTheMostGivesWay() {
        SimulatedTransport alone = connect(1);
        SimulatedTransport oldest = connect(2);
        SimulatedTransport second = connect(2);
        SimulatedTransport newcomer = connect(3);
        assertEquals(SqlState.TOO_MANY_CONNECTIONS, refusal(oldest));
        assertEquals(MAX_PENDING, pending.clientCount());
        for (SimulatedTransport left : List.of(alone, second, newcomer)) {
            send(left, STARTUP);
        }
        assertEquals(3, clients.size());
    }

    @Test
    void aLargePacketOnItsWayGivesWayToAnother() {
        byte[] large = packet("x".repeat(5_000));
        SimulatedTransport slow = connect(1);
        send(slow, Arrays.copyOf(large, 4_000));
        assertTrue(pending.heldBytes() > 0);
        SimulatedTransport quick = connect(2);
        send(quick, large);
        assertEquals(SqlState.TOO_MANY_CONNECTIONS, refusal(slow));
        assertEquals(1, clients.size());
        assertEquals(0, pending.heldBytes());
    }

    @Test
    void whatFitsNowhereIsRefusedAndCostsNobodyElseAnything() {
        SimulatedTransport small = connect(1);
        SimulatedTransport large = connect(2);
        send(large, packet("x".repeat(9_500)));
        assertEquals(SqlState.TOO_MANY_CONNECTIONS, refusal(large));
        send(small, STARTUP);
        assertEquals(1, clients.size());
    }

    @Test
    void whenTheProxyStopsAllAreToldWhy() {
        SimulatedTransport first = connect(1);
        SimulatedTransport second = connect(2);
        pending.refuseAll(BackendMessage.fatal(SqlState.ADMIN_SHUTDOWN, "the proxy stops", ""));
        run();
        assertEquals(SqlState.ADMIN_SHUTDOWN, refusal(first));
        assertEquals(SqlState.ADMIN_SHUTDOWN, refusal(second));
        assertEquals(0, pending.clientCount());
    }
}
