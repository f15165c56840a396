package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.ClientMemory;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.testkit.config.TestConfig;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ParkedClientsTest {

    private static final Resumption RESUMPTION = new Resumption(1, new byte[4], Map.of(), Map.of(), new byte[0]);
    private static final long MEMORY_BYTES = 100_000;

    private long nowMs = 1_000;
    private final SimulatedProcess process = new SimulatedProcess(new Random(1), () -> nowMs * 1_000_000L);
    private final SimulatedTransport connection = process.connect();
    private final List<Long> awake = new ArrayList<>();
    private long othersBytes;
    private final ParkedClients parked = new ParkedClients(
            process.loop(),
            config("active_cnn_timeout = 60"),
            new Refusals(
                    process.loop().clock(), new LingeringClose(process.loop().scheduler()), new Counters()),
            memory(),
            descriptor -> ((SimulatedTransport.Passed) descriptor).arrive(),
            (client, resumption) -> awake.add(client.sessionId()));

    private static ProxyConfig config(String... lines) {
        return TestConfig.of("master = db:5432\nconninfo.user = postgres", String.join("\n", lines));
    }

    private ClientMemory memory() {
        ClientMemory memory = new ClientMemory(process.loop().clock(), MEMORY_BYTES);
        memory.add(new ClientMemory.Holder() {
            @Override
            public long heldBytes() {
                return othersBytes;
            }

            @Override
            public int clientCount() {
                return 1;
            }
        });
        return memory;
    }

    private void park(long idleMs, byte[] closedBecause) {
        parked.park(parking(idleMs), closedBecause);
    }

    private SessionMessages.SessionParked parking(long idleMs) {
        byte[] packet = FrontendMessage.startup(
                3 << 16, PlayedClients.startup("ann").parameters().sorted());
        return new SessionMessages.SessionParked(
                7,
                new ClientOrigin(new Peer.Tcp("10.0.0.1", 40_000), 0),
                idleMs,
                packet,
                RESUMPTION,
                connection.release());
    }

    private void passMs(long ms) {
        nowMs += ms;
        for (int turn = 0; turn < 100; turn++) {
            process.tick();
        }
    }

    private void rest(long idleMs) {
        parked.park(parking(idleMs), null);
        assertEquals(1, parked.size());
    }

    @Test
    void aClientThatSaysSomethingIsAwake() {
        rest(0);
        passMs(59_999);
        assertEquals(List.of(), awake);
        connection.farWrite(FrontendMessage.query("select 1"));
        passMs(0);
        assertEquals(List.of(7L), awake);
        assertEquals(0, parked.size());
        assertEquals(0, parked.heldBytes());
        assertTrue(connection.unreadBytes() > 0, "what it says is for its worker");
    }

    @Test
    void aClientThatLeavesIsForgotten() {
        rest(0);
        connection.farLeave();
        passMs(0);
        assertEquals(0, parked.size());
        assertEquals(List.of(), awake);
        assertTrue(connection.isConnectionClosed());
    }

    @Test
    void whatItWasIdleBeforeCounts() {
        rest(50_000);
        passMs(9_999);
        assertEquals(1, parked.size());
        passMs(1);
        assertEquals(0, parked.size());
        assertEquals(SqlState.IDLE_SESSION_TIMEOUT, BackendMessage.sqlState(connection.farRead()));
    }

    @Test
    void whoIsExemptMayBeIdleForEver() {
        parked.configure(config("active_cnn_timeout = 60", "disable_conds_list.1 = user=ann"));
        rest(50_000);
        passMs(1_000_000_000);
        assertEquals(1, parked.size());
    }

    @Test
    void withoutMemoryNobodyStays() {
        othersBytes = MEMORY_BYTES;
        parked.park(parking(0), null);
        assertEquals(0, parked.size());
        byte[] heard = connection.farRead();
        assertEquals(SqlState.ADMIN_SHUTDOWN, BackendMessage.sqlState(heard));
        assertTrue(BackendMessage.errorField(heard, 'M').contains("no memory to keep it"));
    }

    @Test
    void whoComesWhileTheProxyStopsHearsSo() {
        park(0, BackendMessage.fatal(SqlState.ADMIN_SHUTDOWN, "stopping", ""));
        assertEquals(0, parked.size());
        assertEquals("stopping", BackendMessage.errorField(connection.farRead(), 'M'));
    }

    @Test
    void takenIsTaken() {
        rest(0);
        assertTrue(parked.heldBytes() > 0);
        List<Client> all = parked.takeAll();
        assertEquals(1, all.size());
        assertNull(parked.take(7));
        assertEquals(0, parked.heldBytes());
        passMs(1_000_000);
        assertFalse(connection.isClosed(), "who took it has it");
    }

    @Test
    void itIsShownWithTheTimeSinceWhenItDoesNothing() {
        rest(400);
        List<Long> since = new ArrayList<>();
        parked.forEach((client, sinceNs) -> {
            assertNotNull(client);
            since.add(sinceNs);
        });
        assertEquals(List.of(600_000_000L), since);
    }
}
