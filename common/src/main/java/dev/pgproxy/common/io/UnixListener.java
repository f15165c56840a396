package dev.pgproxy.common.io;

import dev.pgproxy.common.config.UnixSocketAccess;
import dev.pgproxy.common.files.UnusablePathException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A Unix socket that clients connect to, and its file. This owns both. */
public final class UnixListener implements AutoCloseable {

    /** S_IFMT and S_IFSOCK: inode(7). */
    private static final int FILE_TYPE = 0170000;

    private static final int SOCKET = 0140000;
    private static final int ALL_RIGHTS = 0777;

    private final Path path;
    private final OwnedFd fd;
    private final Object fileKey;

    private UnixListener(Path path, OwnedFd fd) throws IOException {
        this.path = path;
        this.fileKey = Objects.requireNonNull(fileKey(path));
        this.fd = fd.transfer();
    }

    /**
     * Opens it. A socket that an earlier process has left there is replaced; nobody can connect before it has its mode and group.
     *
     * @param path absolute
     * @throws IOException when something else is there, a process listens there, or this user may not do it
     */
    public static UnixListener open(Path path, UnixSocketAccess access, int backlog) throws IOException {
        String what = "could not bind " + path;
        checkPlace(path);
        GroupPrincipal group = group(access);
        makeWay(path);
        try (OwnedFd fd = UnixSockets.open(what)) {
            if (bind(fd, path, access) != 0) {
                throw LibcException.last(what);
            }
            UnixListener listener = new UnixListener(path, fd);
            try {
                if (group != null) {
                    listener.give(group);
                }
                if (Libc.listen(listener.fd.number(), backlog) != 0) {
                    throw LibcException.last(what);
                }
                return listener;
            } catch (IOException e) {
                listener.close();
                throw e;
            }
        }
    }

    /**
     * Checks what can be known in advance, without changing anything.
     *
     * @throws IOException when something that is no socket is there, or this host has no such group
     */
    public static void check(Path path, UnixSocketAccess access) throws IOException {
        checkPlace(path);
        group(access);
    }

    private static void checkPlace(Path path) throws IOException {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                && ((int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & FILE_TYPE) != SOCKET) {
            throw new UnusablePathException(path + " exists and is not a socket", "Remove it, or name another socket.");
        }
    }

    private static void makeWay(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (UnixSockets.isListening(path.toString())) {
            throw new UnusablePathException(
                    "another process listens at " + path, "Stop that process, or name another socket.");
        }
        Files.deleteIfExists(path);
    }

    /** Whoever could replace the file by a link at the wrong moment would have another file's mode changed, so it has its mode at birth. */
    private static int bind(OwnedFd fd, Path path, UnixSocketAccess access) {
        ByteBuffer address = SocketAddresses.encode(path.toString());
        int before = Libc.umask(ALL_RIGHTS & ~access.mode());
        try {
            return Libc.bind(fd.number(), Libc.address(address), address.limit());
        } finally {
            Libc.umask(before);
        }
    }

    private void give(GroupPrincipal group) throws IOException {
        try {
            Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                    .setGroup(group);
        } catch (FileSystemException e) {
            throw new UnusablePathException(
                    "unix_socket_group = " + group.getName() + ": " + path + " could not be given to it: "
                            + e.getReason(),
                    "Make pgproxy's user a member of the group (usermod -aG), or name one of its groups.");
        }
    }

    /** The group that the socket is to have; null for that of this user. */
    private static @Nullable GroupPrincipal group(UnixSocketAccess access) throws IOException {
        if (access.group().isEmpty()) {
            return null;
        }
        String name = access.group().get();
        try {
            return FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByGroupName(name);
        } catch (UserPrincipalNotFoundException e) {
            throw new UnusablePathException(
                    "unix_socket_group = " + name + ": this host has no such group",
                    "Create it with groupadd, or name another one.");
        }
    }

    /** The listening socket, which this keeps. */
    public OwnedFd fd() {
        return fd;
    }

    private static @Nullable Object fileKey(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }

    /** Stops listening, and removes the file unless another process has put its own there. */
    @Override
    public void close() {
        try {
            if (fileKey.equals(fileKey(path))) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            // The file is gone, or its directory may not be written any more; the next start replaces it.
        } finally {
            fd.close();
        }
    }
}
