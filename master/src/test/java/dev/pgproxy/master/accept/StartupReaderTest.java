package dev.pgproxy.master.accept;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StartupReaderTest {

    private static final long TIMEOUT_MS = 10_000;
    private static final Peer PEER = new Peer.Tcp("10.0.0.1", 40_000);
    private static final byte[] STARTUP = FrontendMessage.startup(
            3 << 16,
            List.of(
                    new StartupParameters.Parameter("user", "app"),
                    new StartupParameters.Parameter("database", "shop")));
    private static final byte[] SSL_REQUEST = request(80_877_103);
    private static final byte[] GSS_REQUEST = request(80_877_104);

    private long nowMs = 1_000;
    private final SimulatedProcess process = new SimulatedProcess(new Random(1), () -> nowMs * 1_000_000L);
    private final SimulatedTransport connection = process.connect();
    private final List<Client> clients = new ArrayList<>();
    private final List<StartupPacket.CancelRequest> cancels = new ArrayList<>();
    private final Owner owner = new Owner();

    /** Accepts every client, as long as there is memory. */
    private final class Owner implements StartupReader.Host, Arrivals {
        private final Refusals refusals = new Refusals(
                process.loop().clock(), new LingeringClose(process.loop().scheduler()), new Counters());
        private final ByteBuffer scratch = ByteBuffer.allocateDirect(StartupReader.MAX_READ_BYTES);
        private boolean hasMemory = true;
        private int ended;

        @Override
        public EventLoop loop() {
            return process.loop();
        }

        @Override
        public Refusals refusals() {
            return refusals;
        }

        @Override
        public Arrivals arrivals() {
            return this;
        }

        @Override
        public StartupPacket decode(byte[] packet) throws ProtocolViolation {
            return StartupPacketDecoder.decode(packet);
        }

        @Override
        public long timeoutMs() {
            return TIMEOUT_MS;
        }

        @Override
        public ByteBuffer scratch() {
            return scratch.clear();
        }

        @Override
        public long nextSessionId() {
            return 5;
        }

        @Override
        public boolean reserve(StartupReader reader, int bytes) {
            return hasMemory;
        }

        @Override
        public void faulted() {
            throw new IllegalStateException("nothing of this is a fault");
        }

        @Override
        public void ended(StartupReader reader) {
            ended++;
        }

        @Override
        public void onClient(Client client) {
            clients.add(client);
        }

        @Override
        public void onCancel(ClientConnection from, StartupPacket.CancelRequest request) {
            cancels.add(request);
        }

        @Override
        public boolean hasRoom(int pending) {
            return true;
        }

        @Override
        public boolean letGiveWay(int bytes) {
            return false;
        }
    }

    private static byte[] request(int code) {
        return ByteBuffer.allocate(8).putInt(8).putInt(code).array();
    }

    private void begin() {
        new StartupReader(connection, PEER, owner).start();
    }

    private void send(byte[] bytes) {
        connection.farWrite(bytes);
        run();
    }

    /** Runs until nothing more happens by itself. */
    private void run() {
        for (int i = 0; i < 1_000; i++) {
            process.tick();
        }
    }

    private void assertRefused(String sqlState, String words) {
        run();
        byte[] heard = connection.farRead();
        assertEquals(sqlState, BackendMessage.sqlState(heard), () -> new String(heard, StandardCharsets.ISO_8859_1));
        assertTrue(
                BackendMessage.errorField(heard, 'M').contains(words), () -> new String(heard, StandardCharsets.UTF_8));
        assertEquals(1, owner.ended);
        assertTrue(clients.isEmpty());
    }

    @Test
    void aPacketThatComesByteByByteIsRead() {
        begin();
        for (byte one : STARTUP) {
            assertTrue(clients.isEmpty());
            send(new byte[] {one});
        }
        assertEquals("app", clients.get(0).startup().parameters().user());
        assertEquals(5, clients.get(0).sessionId());
        assertEquals(1, owner.ended);
    }

    /** What follows belongs to the worker that gets the descriptor. */
    @Test
    void nothingAfterThePacketIsTouched() throws Exception {
        byte[] more = FrontendMessage.query("select 1");
        connection.farWrite(concat(STARTUP, more));
        begin();
        run();
        assertEquals(1, clients.size());
        ByteBuffer rest = ByteBuffer.allocate(100);
        while (connection.read(rest) > 0) {
            assertTrue(rest.position() <= more.length);
        }
        assertArrayEquals(more, Arrays.copyOf(rest.array(), rest.position()));
    }

    @Test
    void encryptionIsDeclinedOnceEach() {
        begin();
        send(SSL_REQUEST);
        assertArrayEquals(new byte[] {'N'}, connection.farRead());
        send(GSS_REQUEST);
        assertArrayEquals(new byte[] {'N'}, connection.farRead());
        send(STARTUP);
        assertEquals(1, clients.size());
    }

    @Test
    void encryptionIsNotAskedForTwice() {
        begin();
        send(SSL_REQUEST);
        connection.farRead();
        connection.farWrite(SSL_REQUEST);
        assertRefused(SqlState.PROTOCOL_VIOLATION, "SSL was requested twice");
    }

    /** An attacker may have injected them (CVE-2021-23214). */
    @Test
    void bytesThatCameWithTheRequestAreRefused() {
        connection.farWrite(concat(SSL_REQUEST, STARTUP));
        begin();
        assertRefused(SqlState.PROTOCOL_VIOLATION, "unencrypted data");
    }

    @Test
    void aCancelIsPassedOn() {
        connection.farWrite(FrontendMessage.cancelRequest(77, new byte[] {1, 2, 3, 4}));
        begin();
        run();
        assertEquals(77, cancels.get(0).pid());
        assertTrue(clients.isEmpty());
    }

    @Test
    void aLengthThatCannotBeIsRefused() {
        connection.farWrite(new byte[] {0, 1, 0, 0, 0, 3, 0, 0});
        begin();
        assertRefused(SqlState.PROTOCOL_VIOLATION, "invalid length of startup packet");
    }

    @Test
    void aPacketThatDoesNotComeIsNotWaitedForForEver() {
        begin();
        send(Arrays.copyOf(STARTUP, 10));
        nowMs += TIMEOUT_MS;
        assertRefused(SqlState.QUERY_CANCELED, "timeout");
    }

    @Test
    void thereMustBeMemoryForALargePacket() {
        owner.hasMemory = false;
        connection.farWrite(STARTUP);
        begin();
        assertRefused(SqlState.TOO_MANY_CONNECTIONS, "too many clients");
    }

    @Test
    void aHealthCheckLeavesNothingBehind() {
        begin();
        connection.farClose();
        run();
        assertEquals(1, owner.ended);
        assertTrue(connection.isConnectionClosed());
        assertFalse(clients.iterator().hasNext());
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
