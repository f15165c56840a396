package dev.pgproxy.poolworker.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.io.AcceptQueue;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.io.TcpSockets;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.PlayedServers;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import dev.pgproxy.poolworker.relay.Tally;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What passes between a client and its server costs no garbage in the pipes: real sockets, both pipes, and the inspectors of a session.
 * The build runs it with C1 alone: C2 would remove objects that are allocated until it has compiled their code.
 */
class RelayAllocationTest {

    private static final int QUERIES = 2_000;

    private static final SocketTuning UNTUNED = new SocketTuning(false, 0, 0, 0, 0);

    private static final byte[] SIMPLE =
            FrontendMessage.query("SELECT abalance FROM pgbench_accounts WHERE aid = 4711");
    private static final byte[] PREPARED = WireClient.concat(
            FrontendMessage.wrap(FrontendMessage.BIND, new byte[20]),
            FrontendMessage.wrap(FrontendMessage.EXECUTE, new byte[5]),
            FrontendMessage.wrap(FrontendMessage.SYNC, new byte[0]));
    private static final byte[] TO_SIMPLE = WireClient.concat(
            BackendMessage.wrap((byte) 'T', new byte[33]),
            BackendMessage.wrap((byte) 'D', new byte[11]),
            PlayedServers.complete("SELECT 1"),
            BackendMessage.readyForQueryIdle());
    private static final byte[] TO_PREPARED = WireClient.concat(
            BackendMessage.wrap((byte) '2', new byte[0]),
            BackendMessage.wrap((byte) 'D', new byte[11]),
            PlayedServers.complete("SELECT 1"),
            BackendMessage.readyForQueryIdle());

    private final com.sun.management.ThreadMXBean threads =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final EpollPoller poller = new EpollPoller();

    /** Of the far ends, which are other processes in real life. */
    private final EpollPoller elsewhere = new EpollPoller();

    private final EventLoop loop = new EventLoop(poller, System::nanoTime);
    private final Transport[] clients = pair();
    private final Transport[] servers = pair();
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(1024);
    private final QueryProgress progress = new QueryProgress();
    private final Tally tally = new Tally();
    private final RelayBuffers buffers = new RelayBuffers(16 * 1024);
    private final Pipe toServer = new Pipe(
            buffers,
            new FrontendTraffic(
                    progress,
                    tally,
                    loop.clock(),
                    new StateTrace(),
                    new DatabaseWait(loop.scheduler(), () -> true, name -> {}),
                    null));
    private final Pipe toClient = new Pipe(
            buffers, new BackendTraffic(new ServerIdentity(), progress, tally, loop.clock(), new SilentNews()));

    RelayAllocationTest() throws IOException {}

    /** A connection over loopback: the proxy's end, and the far end. */
    private Transport[] pair() throws IOException {
        try (OwnedFd listener = TcpSockets.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1)) {
            Transport far =
                    new SocketTransport(TcpSockets.connect(TcpSockets.localAddress(listener), UNTUNED), elsewhere);
            AcceptQueue.@Nullable Accepted accepted;
            do {
                accepted = new AcceptQueue(listener).accept();
            } while (accepted == null);
            return new Transport[] {new SocketTransport(accepted.fd(), poller), far};
        }
    }

    @BeforeEach
    void warmUp() throws IOException, ProtocolViolation {
        bytesFor(SIMPLE, TO_SIMPLE); // What is made once is made here.
        bytesFor(PREPARED, TO_PREPARED);
    }

    @AfterEach
    void close() {
        for (Transport each : new Transport[] {clients[0], clients[1], servers[0], servers[1]}) {
            each.close();
        }
        poller.close();
        elsewhere.close();
    }

    /** @return bytes that this thread allocated inside the relay, for all queries together */
    private long bytesFor(byte[] query, byte[] answer) throws IOException, ProtocolViolation {
        long bytes = 0;
        for (int i = 0; i < QUERIES; i++) {
            say(clients[1], query);
            bytes += bytesOfPump(toServer, clients[0], servers[0]);
            hear(servers[1], query.length);
            say(servers[1], answer);
            bytes += bytesOfPump(toClient, servers[0], clients[0]);
            hear(clients[1], answer.length);
        }
        return bytes;
    }

    private long bytesOfPump(Pipe pipe, Transport source, Transport sink) throws ProtocolViolation {
        long bytes = 0;
        Pipe.Outcome outcome;
        do {
            long before = threads.getCurrentThreadAllocatedBytes();
            outcome = pipe.pump(source, sink);
            bytes += threads.getCurrentThreadAllocatedBytes() - before;
        } while (outcome == Pipe.Outcome.IDLE);
        assertEquals(Pipe.Outcome.MOVED, outcome);
        return bytes;
    }

    private void say(Transport far, byte[] bytes) throws IOException {
        scratch.clear().put(bytes).flip();
        far.write(scratch);
    }

    private void hear(Transport far, int bytes) throws IOException {
        scratch.clear();
        while (scratch.position() < bytes) {
            assertTrue(far.read(scratch) >= 0, "the connection is closed");
        }
    }

    /** The JVM makes a few objects once, such as when a branch is taken for the first time; one for each query would have 16 bytes. */
    private static void assertNoObjectForEach(long bytes) {
        assertTrue(bytes >= 0 && bytes < QUERIES, bytes + " bytes for " + QUERIES + " queries");
    }

    @Test
    void theJvmCountsWhatAThreadAllocates() {
        long before = threads.getCurrentThreadAllocatedBytes();
        byte[] allocated = new byte[QUERIES];
        assertTrue(threads.getCurrentThreadAllocatedBytes() - before >= allocated.length);
    }

    @Test
    void aQueryAllocatesNothing() throws IOException, ProtocolViolation {
        assertNoObjectForEach(bytesFor(SIMPLE, TO_SIMPLE));
        assertEquals(3L * QUERIES, tally.queries());
    }

    @Test
    void aPreparedStatementAllocatesNothing() throws IOException, ProtocolViolation {
        assertNoObjectForEach(bytesFor(PREPARED, TO_PREPARED));
        assertEquals(3L * QUERIES, tally.queries());
    }
}
