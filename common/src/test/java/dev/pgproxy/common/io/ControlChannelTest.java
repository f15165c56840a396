package dev.pgproxy.common.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.PermittedMessages;
import dev.pgproxy.common.loop.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both ends of a real AF_UNIX socket in one loop. */
class ControlChannelTest {

    private static final ClientOrigin ORIGIN = new ClientOrigin("127.0.0.1", 1, 0);
    private static final ServerAddress SERVER = new ServerAddress("127.0.0.1", 5432);

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

    private static final class Recorder implements ControlChannel.Listener {
        private final List<ControlMessage> messages = new ArrayList<>();
        private final List<OwnedFd> fds = new ArrayList<>();
        private @Nullable String closed;

        @Override
        public void onMessage(ControlMessage message, @Nullable OwnedFd fd) {
            messages.add(message);
            if (fd != null) {
                fds.add(fd);
            }
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
        List<ControlSockets.Connection> accepted = new ArrayList<>();
        listener = ControlSockets.listen(directory.resolve("ipc/s"), loop, poller, accepted::add);
        child = ControlSockets.connect(
                directory.resolve("ipc/s"), loop, poller, PermittedMessages.to(ChildKind.POOL), atChild);
        while (accepted.isEmpty()) {
            loop.tick();
        }
        master = accepted.get(0).open(loop, poller, PermittedMessages.EXPECTING_HELLO, atMaster);
        fdsBefore = openFds();
    }

    @AfterEach
    void close() throws IOException {
        master.close();
        child.close();
        listener.close();
        poller.close();
    }

    /** Sockets and their like; the JVM opens jars by itself whenever it first needs a class of one. */
    private static int openFds() {
        String[] names = Path.of("/proc/self/fd").toFile().list();
        int open = 0;
        for (String name : names == null ? new String[0] : names) {
            try {
                String target =
                        Files.readSymbolicLink(Path.of("/proc/self/fd", name)).toString();
                open += target.startsWith("/") ? 0 : 1;
            } catch (IOException e) {
                open += 0; // The directory's own, which is closed by now.
            }
        }
        return open;
    }

    private void tickUntil(java.util.function.BooleanSupplier condition) {
        loop.scheduler().afterMs(10_000, () -> {
            throw new AssertionError(
                    "waited in vain; master heard " + atMaster.messages + ", child " + atChild.messages);
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
        assertEquals(ProcessHandle.current().pid(), master.peer().pid());
        assertEquals(ProcessTuning.userId(), master.peer().userId());
        Files.createDirectory(
                directory.resolve("open"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        IOException refused = assertThrows(
                IOException.class,
                () -> ControlSockets.listen(directory.resolve("open/s"), loop, poller, accepted -> {}));
        assertTrue(String.valueOf(refused.getMessage()).contains("must belong to"), refused::toString);
    }

    @Test
    void passesDescriptorsWithTheirMessages() throws IOException {
        try (OwnedFd sent = TcpSockets.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1)) {
            InetSocketAddress address = TcpSockets.localAddress(sent);
            int count = 200; // More than one socket buffer holds.
            for (int i = 0; i < count; i++) {
                master.sendWithFd(
                        new ControlMessage.AssignFrontend(
                                i,
                                SERVER,
                                0,
                                AuthenticationMethod.OTHER,
                                0,
                                false,
                                false,
                                ORIGIN,
                                new byte[9_000],
                                null),
                        sent);
                master.send(new ControlMessage.EvictBackend(i));
            }
            tickUntil(() -> atChild.messages.size() == 2 * count);
            assertEquals(count, atChild.fds.size());
            for (OwnedFd received : atChild.fds) {
                assertEquals(address, TcpSockets.localAddress(received));
                received.close();
            }
            for (int i = 0; i < count; i++) {
                assertEquals(i, ((ControlMessage.AssignFrontend) atChild.messages.get(2 * i)).frontendId());
                assertEquals(new ControlMessage.EvictBackend(i), atChild.messages.get(2 * i + 1));
            }
            assertEquals(fdsBefore + 1, openFds());
        }
        assertEquals(fdsBefore, openFds());
    }

    @Test
    void tellsWhenAMessageCannotBeLostAnyMore() {
        boolean[] written = {false};
        child.send(new ControlMessage.Hello(1, ChildKind.POOL, 1, 2), () -> written[0] = true);
        assertTrue(!written[0]);
        tickUntil(() -> atMaster.messages.size() == 1);
        assertTrue(written[0]);
    }

    @Test
    void whatIsSentAtOnceDoesNotWaitForTheEndOfTheTick() {
        master.permit(PermittedMessages.FROM_POOL_WORKER);
        child.send(new ControlMessage.CancelUnknown(1));
        child.sendAtOnce(new ControlMessage.RolesChanged(SERVER));
        loop.tick();
        assertEquals(
                List.of(new ControlMessage.CancelUnknown(1), new ControlMessage.RolesChanged(SERVER)),
                atMaster.messages);
    }

    @Test
    void messageOutOfItsPlaceEndsTheChannel() {
        child.send(new ControlMessage.SessionClosed(1));
        tickUntil(() -> atMaster.closed != null);
        assertEquals(List.of(), atMaster.messages);
        assertTrue(String.valueOf(atMaster.closed).contains("SESSION_CLOSED is not allowed"));
        tickUntil(() -> atChild.closed != null);
    }

    @Test
    void everythingSaidBeforeTheEndIsDelivered() {
        master.permit(PermittedMessages.FROM_POOL_WORKER);
        for (int i = 0; i < 1000; i++) {
            child.send(new ControlMessage.SessionClosed(i));
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
            child.send(new ControlMessage.CancelTarget(i, i, SERVER, i, large));
        }
        tickUntil(() -> atChild.closed != null);
        assertTrue(String.valueOf(atChild.closed).contains("does not read"));
    }

    @Test
    void descriptorsOfAChannelThatEndsAreClosed() throws IOException {
        try (OwnedFd sent = TcpSockets.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1)) {
            for (int i = 0; i < 10; i++) {
                master.sendWithFd(
                        new ControlMessage.AssignFrontend(
                                i, SERVER, 0, AuthenticationMethod.OTHER, 0, false, false, ORIGIN, new byte[0], null),
                        sent);
            }
            master.close();
        }
        child.close();
        assertTrue(openFds() <= fdsBefore);
    }
}
