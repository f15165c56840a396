package dev.pgproxy.common.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.files.UnusablePathException;
import dev.pgproxy.common.io.ControlSockets;
import dev.pgproxy.common.io.DescriptorSocket;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.io.TcpSockets;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.ipc.UpkeepMessages;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.peer.Peer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both ends of a real AF_UNIX socket in one loop. */
class ControlChannelTest {

    private static final ClientOrigin ORIGIN = new ClientOrigin(new Peer.Tcp("127.0.0.1", 1), 0);
    private static final Endpoint SERVER = new Endpoint.Tcp("127.0.0.1", 5432);

    private static final int HAND_OVERS = 2_000;
    private static final int PACKET_BYTES = 4_000;

    /** The packet twice, sent and received, and the objects of a hand-over. */
    private static final int MAX_HAND_OVER_BYTES = 2 * PACKET_BYTES + 2_500;

    @TempDir
    private Path directory = Path.of("");

    private EpollPoller poller;
    private EventLoop loop;
    private ControlSockets.Listener listener;
    private final Recorder atMaster = new Recorder();
    private final Recorder atChild = new Recorder();
    private ControlChannel master;
    private ControlChannel child;
    private int fdsBefore;

    private static final class Recorder implements Link.Listener {
        private final List<ControlMessage> messages = new ArrayList<>();
        private @Nullable String closed;
        private Runnable onHearing = () -> {};

        @Override
        public void onMessage(ControlMessage message) {
            messages.add(message);
            onHearing.run();
        }

        @Override
        public void onClosed(String reason, boolean brokenHere) {
            closed = reason;
        }
    }

    @BeforeEach
    void connect() throws IOException {
        poller = new EpollPoller();
        loop = new EventLoop(poller, System::nanoTime);
        List<DescriptorSocket> accepted = new ArrayList<>();
        listener = ControlSockets.listen(directory.resolve("ipc/s"), loop, poller, accepted::add);
        Protocol protocol = new Protocol(List.of(
                UpkeepMessages.class,
                SessionMessages.class,
                BackendMessages.class,
                CancelMessages.class,
                RoleMessages.class,
                ControlChannelTest.class));
        child = new ControlChannel(
                ControlSockets.connect(directory.resolve("ipc/s"), poller),
                loop,
                protocol,
                PermittedMessages.to(ChildKind.POOL),
                atChild);
        while (accepted.isEmpty()) {
            loop.tick();
        }
        master = new ControlChannel(accepted.get(0), loop, protocol, PermittedMessages.EXPECTING_HELLO, atMaster);
        fdsBefore = openFds();
    }

    @AfterEach
    void close() throws IOException {
        master.close();
        child.close();
        listener.close();
        poller.close();
    }

    /** Counts sockets and the like, not files: the JVM opens a jar when it first needs a class from it. */
    private static int openFds() {
        String[] names = Path.of("/proc/self/fd").toFile().list();
        int open = 0;
        for (String name : names == null ? new String[0] : names) {
            try {
                String target =
                        Files.readSymbolicLink(Path.of("/proc/self/fd", name)).toString();
                open += target.startsWith("/") ? 0 : 1;
            } catch (IOException e) {
                open += 0; // The directory's own descriptor, which is closed by now.
            }
        }
        return open;
    }

    private void tickUntil(java.util.function.BooleanSupplier condition) {
        loop.scheduler().afterMs(10_000, () -> {
            throw new AssertionError("timed out; master heard " + atMaster.messages + ", child " + atChild.messages);
        });
        while (!condition.getAsBoolean()) {
            loop.tick();
        }
    }

    @Test
    void socketIsForItsOwnerOnly() throws IOException {
        assertEquals(
                "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("ipc"))));
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("ipc/s"))));
        assertTrue(master.isOf(ProcessHandle.current().pid()));
        assertTrue(!master.isOf(1));
        Files.createDirectory(
                directory.resolve("open"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        IOException refused = assertThrows(
                UnusablePathException.class,
                () -> ControlSockets.listen(directory.resolve("open/s"), loop, poller, accepted -> {}));
        assertTrue(String.valueOf(refused.getMessage()).contains("must belong to"), refused::toString);
    }

    /** What a peer has sent is heard before the loop gets there, but not within another message. */
    @Test
    void whatWasSentCanBeHeardAtOnce() {
        master.agree(Protocol.GREETING, PermittedMessages.FROM_POOL_WORKER);
        child.sendAtOnce(new SessionMessages.SessionClosed(1));
        child.sendAtOnce(new SessionMessages.SessionClosed(2));
        List<Boolean> nested = new ArrayList<>();
        atMaster.onHearing = () -> nested.add(master.hear());
        assertTrue(master.hear());
        assertEquals(
                List.of(new SessionMessages.SessionClosed(1), new SessionMessages.SessionClosed(2)), atMaster.messages);
        assertEquals(List.of(false, false), nested);
        child.close();
        assertTrue(master.hear());
        assertEquals("closed by the peer", atMaster.closed);
        assertTrue(master.hear(), "there is nothing more to hear");
    }

    /** Each descriptor ends a read, and the reads of one turn have a bound. */
    @Test
    void whoHasSentVeryMuchIsNotHeardToTheEnd() throws IOException {
        child.agree(Protocol.GREETING, PermittedMessages.TO_POOL_WORKER);
        try (OwnedFd client = listener()) {
            for (int i = 0; i < 40; i++) {
                master.sendAtOnce(assign(i, 10, client));
            }
            assertTrue(!child.hear(), "there may be more");
            while (!child.hear()) {
                assertTrue(atChild.messages.size() < 40, "and in the end there is not");
            }
            assertEquals(40, atChild.messages.size());
        }
        atChild.messages.forEach(
                message -> ((SessionMessages.AssignSession) message).client().close());
    }

    private static SessionMessages.AssignSession assign(long id, int packetBytes, OwnedFd client) throws IOException {
        return new SessionMessages.AssignSession(
                id,
                SERVER,
                0,
                AuthenticationMethod.OTHER,
                0,
                false,
                false,
                ORIGIN,
                new byte[packetBytes],
                Optional.empty(),
                Optional.empty(),
                client.duplicate());
    }

    private static OwnedFd listener() throws IOException {
        return TcpSockets.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
    }

    @Test
    void passesDescriptorsWithTheirMessages() throws IOException {
        try (OwnedFd sent = listener()) {
            InetSocketAddress address = TcpSockets.localAddress(sent);
            int count = 200; // More than one socket buffer holds.
            for (int i = 0; i < count; i++) {
                master.send(assign(i, 9_000, sent));
                master.send(new BackendMessages.EvictBackend(i));
            }
            tickUntil(() -> atChild.messages.size() == 2 * count);
            for (int i = 0; i < count; i++) {
                SessionMessages.AssignSession received = (SessionMessages.AssignSession) atChild.messages.get(2 * i);
                assertEquals(i, received.sessionId());
                assertEquals(address, TcpSockets.localAddress((OwnedFd) received.client()));
                received.client().close();
                assertEquals(new BackendMessages.EvictBackend(i), atChild.messages.get(2 * i + 1));
            }
            assertEquals(fdsBefore + 1, openFds());
        }
        assertEquals(fdsBefore, openFds());
    }

    @Test
    void oneMessageTakesSeveralDescriptorsAlong() throws IOException {
        try (OwnedFd one = listener();
                OwnedFd other = listener()) {
            for (int i = 0; i < 20; i++) {
                master.send(new TwoConnections(one.duplicate(), i, other.duplicate()));
                master.send(assign(i, 10, other));
            }
            tickUntil(() -> atChild.messages.size() == 40);
            for (int i = 0; i < 20; i++) {
                TwoConnections received = (TwoConnections) atChild.messages.get(2 * i);
                assertEquals(TcpSockets.localAddress(one), TcpSockets.localAddress((OwnedFd) received.client()));
                assertEquals(TcpSockets.localAddress(other), TcpSockets.localAddress((OwnedFd) received.backend()));
                received.client().close();
                received.backend().close();
                ((SessionMessages.AssignSession) atChild.messages.get(2 * i + 1))
                        .client()
                        .close();
            }
        }
        assertEquals(fdsBefore, openFds());
    }

    /** No real message has two descriptors yet. */
    public record TwoConnections(Descriptor client, long number, Descriptor backend)
            implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            throw new UnsupportedOperationException("it is only sent");
        }
    }

    /**
     * What a hand-over costs in garbage, at both ends together: the descriptors' objects, and the messages. The channel itself adds
     * nothing, however large the packet.
     */
    @Test
    void aHandOverAllocatesItsRecordsAndLittleMore() throws IOException {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        master.agree(Protocol.GREETING, PermittedMessages.FROM_POOL_WORKER);
        try (OwnedFd sent = listener()) {
            handOver(sent, HAND_OVERS); // One-time allocations happen here.
            long before = threads.getCurrentThreadAllocatedBytes();
            handOver(sent, HAND_OVERS);
            long bytes = (threads.getCurrentThreadAllocatedBytes() - before) / HAND_OVERS;
            assertTrue(bytes < MAX_HAND_OVER_BYTES, bytes + " bytes for each hand-over");
        }
    }

    private void handOver(OwnedFd client, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            master.send(assign(i, PACKET_BYTES, client));
            while (atChild.messages.isEmpty()) {
                loop.tick();
            }
            ((SessionMessages.AssignSession) atChild.messages.remove(0))
                    .client()
                    .close();
            child.send(new SessionMessages.SessionAccepted(i, i));
            while (atMaster.messages.isEmpty()) {
                loop.tick();
            }
            atMaster.messages.clear();
        }
    }

    @Test
    void whatIsSentToAClosedChannelIsClosed() throws IOException {
        try (OwnedFd sent = listener()) {
            master.close();
            master.send(assign(1, 10, sent));
            assertEquals(fdsBefore - 2 + 1, openFds());
        }
    }

    @Test
    void tellsWhenAMessageCannotBeLostAnyMore() {
        boolean[] written = {false};
        child.send(new UpkeepMessages.Hello(1, 2, 3, ChildKind.POOL, 1, 2), () -> written[0] = true);
        assertTrue(!written[0]);
        tickUntil(() -> atMaster.messages.size() == 1);
        assertTrue(written[0]);
    }

    @Test
    void whatIsSentAtOnceDoesNotWaitForTheEndOfTheTick() {
        master.agree(Protocol.GREETING, PermittedMessages.FROM_POOL_WORKER);
        child.send(new CancelMessages.CancelUnknown(1));
        child.sendAtOnce(new RoleMessages.RolesChanged(SERVER));
        loop.tick();
        assertEquals(
                List.of(new CancelMessages.CancelUnknown(1), new RoleMessages.RolesChanged(SERVER)), atMaster.messages);
    }

    @Test
    void messageOutOfItsPlaceEndsTheChannel() {
        child.send(new SessionMessages.SessionClosed(1));
        tickUntil(() -> atMaster.closed != null);
        assertEquals(List.of(), atMaster.messages);
        assertTrue(String.valueOf(atMaster.closed).contains("SessionClosed is not allowed"));
        tickUntil(() -> atChild.closed != null);
    }

    @Test
    void everythingSaidBeforeTheEndIsDelivered() {
        master.agree(Protocol.GREETING, PermittedMessages.FROM_POOL_WORKER);
        for (int i = 0; i < 1000; i++) {
            child.send(new SessionMessages.SessionClosed(i));
        }
        loop.tick();
        child.close();
        tickUntil(() -> atMaster.closed != null);
        assertEquals(1000, atMaster.messages.size());
    }

    @Test
    void peerThatDoesNotReadIsGivenUp() {
        byte[] large = new byte[10_000];
        for (int i = 0; i * large.length < 2 * ControlChannel.MAX_QUEUED_BYTES; i++) {
            child.send(new CancelMessages.CancelTarget(i, i, SERVER, i, large));
        }
        tickUntil(() -> atChild.closed != null);
        assertTrue(String.valueOf(atChild.closed).contains("does not read"));
    }

    @Test
    void descriptorsOfAChannelThatEndsAreClosed() throws IOException {
        try (OwnedFd sent = listener()) {
            for (int i = 0; i < 10; i++) {
                master.send(assign(i, 10, sent));
            }
            master.close();
        }
        child.close();
        assertTrue(openFds() <= fdsBefore);
    }
}
