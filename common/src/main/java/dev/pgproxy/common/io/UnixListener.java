package dev.pgproxy.common.io;

import dev.pgproxy.common.config.UnixSocketAccess;
import dev.pgproxy.common.files.UnusablePathException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
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

    private final Path path;
    private final OwnedFd fd;
    private final Object fileKey;

    private UnixListener(Path path, OwnedFd fd) throws IOException {
        this.path = path;
        this.fileKey = Objects.requireNonNull(fileKey(path));
        this.fd = fd.transfer();
    }

    /**
     * Opens it. A file that an earlier process has left there is replaced; nobody can connect before the socket has its mode and group.
     *
     * @param path absolute
     * @throws IOException when something else is there, a process listens there, or this user may not do it
     */
    public static UnixListener open(Path path, UnixSocketAccess access, int backlog) throws IOException {
        String what = "could not bind " + path;
        makeWay(path);
        try (OwnedFd fd = UnixSockets.open(what)) {
            ByteBuffer address = SocketAddresses.encode(path.toString());
            if (Libc.bind(fd.number(), Libc.address(address), address.limit()) != 0) {
                throw LibcException.last(what);
            }
            UnixListener listener = new UnixListener(path, fd);
            try {
                listener.permit(access);
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

    private static void makeWay(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .isOther()) {
            throw new UnusablePathException(path + " exists and is not a socket", "Remove it, or name another socket.");
        }
        if (UnixSockets.isListening(path.toString())) {
            throw new UnusablePathException(
                    "another process listens at " + path, "Stop that process, or name another socket.");
        }
        Files.deleteIfExists(path);
    }

    private void permit(UnixSocketAccess access) throws IOException {
        PosixFileAttributeView file =
                Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        if (access.group().isPresent()) {
            give(file, access.group().get());
        }
        Files.setPosixFilePermissions(path, access.mode());
    }

    private void give(PosixFileAttributeView file, String group) throws IOException {
        GroupPrincipal principal = group(group);
        try {
            file.setGroup(principal);
        } catch (FileSystemException e) {
            throw new UnusablePathException(
                    "unix_socket_group = " + group + ": " + path + " could not be given to it: " + e.getReason(),
                    "Make pgproxy's user a member of the group (usermod -aG), or name one of its groups.");
        }
    }

    private GroupPrincipal group(String name) throws IOException {
        try {
            return path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(name);
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
