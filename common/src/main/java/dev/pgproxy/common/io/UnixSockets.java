package dev.pgproxy.common.io;

import dev.pgproxy.common.files.UnusablePathException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Opens Unix sockets of the stream kind, all of them non-blocking and close-on-exec. */
public final class UnixSockets {

    private static final int KIND = Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;

    private UnixSockets() {}

    /**
     * Connects. Over a Unix socket that succeeds or fails at once.
     *
     * @return null while the server's queue of connections that wait to be accepted is full
     * @throws LibcException when nobody listens there, or this user may not connect
     */
    public static @Nullable OwnedFd connect(String path) throws LibcException {
        try (OwnedFd fd = open("could not connect")) {
            ByteBuffer address = SocketAddresses.encode(path);
            if (Libc.connect(fd.number(), Libc.address(address), address.limit()) == 0) {
                return fd.transfer();
            }
            if (Libc.errno() == Libc.EAGAIN) {
                return null;
            }
            throw LibcException.last("could not connect");
        }
    }

    /**
     * Whether a process listens there.
     *
     * @throws UnusablePathException when that cannot be found out
     */
    static boolean isListening(String path) throws UnusablePathException {
        try {
            OwnedFd connected = connect(path);
            if (connected != null) {
                connected.close();
            }
            return true; // Also when its queue is full.
        } catch (LibcException e) {
            if (e.isNobodyThere()) {
                return false;
            }
            throw new UnusablePathException(
                    path + " exists, and whether a process listens there cannot be found out: " + e.getMessage(),
                    "If none does, remove it; otherwise name another socket.");
        }
    }

    static OwnedFd open(String what) throws LibcException {
        int fd = Libc.socket(Libc.AF_UNIX, KIND, 0);
        if (fd < 0) {
            throw LibcException.last(what);
        }
        return new OwnedFd(fd);
    }
}
