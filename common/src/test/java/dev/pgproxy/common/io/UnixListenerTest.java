package dev.pgproxy.common.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.UnixSocketAccess;
import dev.pgproxy.common.files.UnusablePathException;
import dev.pgproxy.common.peer.Peer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixListenerTest {

    private static final UnixSocketAccess FOR_ITS_GROUP = new UnixSocketAccess(0770, Optional.empty());
    private static final int BACKLOG = 2;

    @TempDir
    private Path directory = Path.of("");

    private Path path() {
        return directory.resolve(".s.PGSQL.9999");
    }

    private UnixListener open() throws IOException {
        return UnixListener.open(path(), FOR_ITS_GROUP, BACKLOG);
    }

    private OwnedFd connect() throws IOException {
        OwnedFd connected = UnixSockets.connect(path().toString());
        assertNotNull(connected);
        return connected;
    }

    @Test
    void hasTheModeThatWasAskedFor() throws IOException {
        try (UnixListener listener = open()) {
            assertTrue(listener.fd().isOpen());
            assertEquals(PosixFilePermissions.fromString("rwxrwx---"), Files.getPosixFilePermissions(path()));
        }
        assertFalse(Files.exists(path()));
    }

    @Test
    void hasTheGroupThatWasAskedFor() throws IOException {
        String group = anotherGroup();
        UnixSocketAccess access = new UnixSocketAccess(FOR_ITS_GROUP.mode(), Optional.of(group));
        try (UnixListener listener = UnixListener.open(path(), access, BACKLOG)) {
            assertTrue(listener.fd().isOpen());
            assertEquals(group, groupOf(path()));
        }
    }

    private static String groupOf(Path path) throws IOException {
        return Files.readAttributes(path, PosixFileAttributes.class).group().getName();
    }

    /** A group other than the one that new files get, which this process may give files to. */
    private String anotherGroup() throws IOException {
        String usual = groupOf(directory);
        boolean isRoot = Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        List<String> own = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("Groups:"))
                .flatMap(line ->
                        Stream.of(line.substring("Groups:".length()).strip().split(" ", -1)))
                .toList();
        Optional<String> other = Files.readAllLines(Path.of("/etc/group")).stream()
                .map(line -> line.split(":", -1))
                .filter(fields -> fields.length > 3 && (isRoot || own.contains(fields[2])))
                .map(fields -> fields[0])
                .filter(name -> !name.equals(usual))
                .findFirst();
        if (other.isEmpty()) {
            System.out.println("SKIPPED: this process has no other group that it may give files to");
        }
        Assumptions.assumeTrue(other.isPresent());
        return other.orElseThrow();
    }

    @Test
    void aGroupThatDoesNotExistIsNamed() {
        UnixSocketAccess access = new UnixSocketAccess(FOR_ITS_GROUP.mode(), Optional.of("no such group"));
        UnusablePathException refused =
                assertThrows(UnusablePathException.class, () -> UnixListener.open(path(), access, BACKLOG));
        assertTrue(String.valueOf(refused.getMessage()).contains("no such group"));
        assertFalse(Files.exists(path()), "a socket that nobody listens at was left");
    }

    @Test
    void tellsWhoHasConnected() throws IOException {
        try (UnixListener listener = open();
                OwnedFd client = connect()) {
            assertTrue(client.isOpen());
            AcceptQueue.@Nullable Accepted accepted = new AcceptQueue(listener.fd()).accept();
            assertNotNull(accepted);
            try (OwnedFd server = accepted.fd()) {
                assertTrue(server.isOpen());
                int uid = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
                assertEquals(new Peer.Unix(uid, (int) ProcessHandle.current().pid()), accepted.peer());
            }
        }
    }

    @Test
    void aFullQueueIsNoError() throws IOException {
        List<OwnedFd> clients = new ArrayList<>();
        try (UnixListener listener = open()) {
            for (int i = 0; i <= BACKLOG; i++) { // The kernel takes one more than the backlog.
                clients.add(connect());
            }
            assertNull(UnixSockets.connect(path().toString()));
            AcceptQueue.@Nullable Accepted accepted = new AcceptQueue(listener.fd()).accept();
            assertNotNull(accepted);
            accepted.fd().close();
            clients.add(connect());
        } finally {
            clients.forEach(OwnedFd::close);
        }
    }

    @Test
    void takesTheRoomOfAProcessThatWasKilled() throws IOException {
        try (OwnedFd left = UnixSockets.open("a socket")) {
            ByteBuffer address = SocketAddresses.encode(path().toString());
            assertEquals(0, Libc.bind(left.number(), Libc.address(address), address.limit()));
        }
        assertTrue(Files.exists(path()));
        try (UnixListener listener = open();
                OwnedFd client = connect()) {
            assertTrue(listener.fd().isOpen() && client.isOpen());
        }
    }

    @Test
    void neverTakesTheSocketOfALivingProcess() throws IOException {
        try (UnixListener first = open()) {
            assertThrows(UnusablePathException.class, this::open);
            assertTrue(first.fd().isOpen());
            connect().close();
        }
    }

    @Test
    void neverRemovesAnythingElse() throws IOException {
        Files.writeString(path(), "precious");
        assertThrows(UnusablePathException.class, this::open);
        assertEquals("precious", Files.readString(path()));
    }

    @Test
    void neverRemovesWhatIsNoSocket() throws Exception {
        assertEquals(0, new ProcessBuilder("mkfifo", path().toString()).start().waitFor());
        assertThrows(UnusablePathException.class, this::open);
        assertTrue(Files.exists(path()));
        Files.delete(path());
        Path target = Files.writeString(directory.resolve("target"), "precious");
        Files.createSymbolicLink(path(), target);
        assertThrows(UnusablePathException.class, this::open);
        assertTrue(Files.isSymbolicLink(path()));
        assertThrows(
                UnusablePathException.class, () -> UnixListener.open(Path.of("/dev/null"), FOR_ITS_GROUP, BACKLOG));
    }

    /** Its successor may have started already. */
    @Test
    void leavesASuccessorsSocketAlone() throws IOException {
        UnixListener first = open();
        Files.delete(path());
        try (UnixListener second = open()) {
            first.close();
            assertTrue(second.fd().isOpen());
            connect().close();
        }
    }
}
