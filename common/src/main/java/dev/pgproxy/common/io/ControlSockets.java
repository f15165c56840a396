package dev.pgproxy.common.io;

import dev.pgproxy.common.files.TrustedPath;
import dev.pgproxy.common.files.UnusablePathException;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.newsclub.net.unix.AFUNIXServerSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.AFUNIXSocketChannel;

/** Where the master and its children meet: a socket that only their own user can reach. */
public final class ControlSockets {

    private static final Set<PosixFilePermission> DIRECTORY_MODE = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> SOCKET_MODE = PosixFilePermissions.fromString("rw-------");
    private static final int BACKLOG = 128;
    private static final int ACCEPTS_PER_WAKE_UP = 16;
    private static final long RETRY_MS = 100;

    private ControlSockets() {}

    /** The master's listening socket; {@link #close} removes it from the file system. */
    public static final class Listener {
        private final AFUNIXServerSocketChannel server;
        private final Path path;
        private final EventLoop loop;
        private final EpollPoller.Registration registration;

        private Listener(
                AFUNIXServerSocketChannel server,
                Path path,
                EventLoop loop,
                EpollPoller poller,
                Consumer<DescriptorSocket> accepted)
                throws IOException {
            this.server = server;
            this.path = path;
            this.loop = loop;
            int number = DescriptorSocket.number(server.getFileDescriptor());
            this.registration = poller.register(number, Interest.READ, ready -> acceptAll(poller, accepted));
        }

        private void acceptAll(EpollPoller poller, Consumer<DescriptorSocket> accepted) {
            try {
                for (int i = 0; i < ACCEPTS_PER_WAKE_UP; i++) {
                    @Nullable AFUNIXSocketChannel child = server.accept();
                    if (child == null) {
                        return;
                    }
                    accepted.accept(new DescriptorSocket(child, poller));
                }
            } catch (IOException e) {
                // No descriptor is left, or a child gave up. A child that waits is accepted at the next try.
                registration.interest(Interest.NONE);
                loop.scheduler().afterMs(RETRY_MS, () -> registration.interest(Interest.READ));
            }
        }

        public void close() throws IOException {
            registration.close();
            server.close();
            Files.deleteIfExists(path);
        }
    }

    /**
     * Opens the master's socket, in a directory that is created if it is missing.
     *
     * @throws IOException when the directory is not the user's own with mode 0700, or the socket cannot be bound
     */
    public static Listener listen(Path path, EventLoop loop, EpollPoller poller, Consumer<DescriptorSocket> accepted)
            throws IOException {
        ownDirectory(path.toAbsolutePath().getParent());
        // No other master can be listening there: this one holds the lock of its pid file by now.
        Files.deleteIfExists(path);
        AFUNIXServerSocketChannel server = AFUNIXServerSocketChannel.open();
        try {
            server.bind(AFUNIXSocketAddress.of(path), BACKLOG);
            Files.setPosixFilePermissions(path, SOCKET_MODE);
            server.configureBlocking(false);
            return new Listener(server, path, loop, poller, accepted);
        } catch (IOException e) {
            server.close();
            throw new IOException("could not bind " + path + ": " + e.getMessage(), e);
        }
    }

    private static void ownDirectory(@Nullable Path directory) throws IOException {
        if (directory == null) {
            throw new IOException("ipc_uds_path has no directory");
        }
        if (Files.notExists(directory)) {
            if (directory.getParent() != null) {
                TrustedPath.createDirectories("ipc_uds_path", directory.getParent());
            }
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(DIRECTORY_MODE));
        }
        PosixFileAttributes attributes =
                Files.readAttributes(directory, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        boolean own = Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                .equals(ProcessTuning.userId());
        if (!attributes.isDirectory() || !own || !attributes.permissions().equals(DIRECTORY_MODE)) {
            throw new UnusablePathException(
                    "the directory " + directory + " of ipc_uds_path must belong to "
                            + System.getProperty("user.name") + " and have mode 0700; it belongs to "
                            + attributes.owner().getName() + " with mode "
                            + PosixFilePermissions.toString(attributes.permissions()),
                    "Correct its owner and mode with chown and chmod, or name a socket in another directory.");
        }
    }

    /**
     * Connects a child to the master, which it hears within milliseconds however much else there is to do.
     *
     * @throws IOException when no process of the same user listens there
     */
    public static DescriptorSocket connect(Path path, EpollPoller poller) throws IOException {
        AFUNIXSocketChannel channel;
        try {
            channel = AFUNIXSocketChannel.open(AFUNIXSocketAddress.of(path));
        } catch (IOException e) {
            throw new IOException("could not reach the master at " + path + ": " + e.getMessage(), e);
        }
        DescriptorSocket socket = new DescriptorSocket(channel, poller);
        if (socket.peer().userId() != ProcessTuning.userId()) {
            socket.close();
            throw new IOException("the process that listens at " + path + " is another user's");
        }
        socket.goFirst();
        return socket;
    }
}
