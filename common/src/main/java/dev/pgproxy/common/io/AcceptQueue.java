package dev.pgproxy.common.io;

import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.peer.Peer;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A listening socket's queue of connections that wait to be accepted, over TCP or a Unix socket. For one thread. */
public final class AcceptQueue {

    private static final int FLAGS = Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;

    private final OwnedFd listener;
    private final ByteBuffer address = Libc.allocate(SocketAddresses.MAX_BYTES);
    private final long addressAddress = Libc.address(address);
    private final ByteBuffer length = Libc.allocate(Integer.BYTES);
    private final long lengthAddress = Libc.address(length);
    private final PeerCredentials credentials = new PeerCredentials();

    /** An accepted connection: its socket, which the receiver owns, and who is at the other end. */
    public record Accepted(OwnedFd fd, Peer peer) {

        /** Sends what fits into an empty socket buffer and closes, for a process that has no descriptors left for waiting. */
        public void writeOnceAndClose(byte[] bytes) {
            try (fd) {
                ByteBuffer buffer = Libc.allocate(bytes.length).put(bytes);
                Libc.send(fd.number(), Libc.address(buffer), bytes.length, Libc.MSG_NOSIGNAL | Libc.MSG_DONTWAIT);
            }
        }
    }

    /** @param listener which the caller keeps */
    public AcceptQueue(OwnedFd listener) {
        this.listener = listener;
    }

    /** Watches the socket for connections to accept; the caller closes the registration before the socket. */
    public EpollPoller.Registration register(EpollPoller poller, ReadyHandler handler) {
        return poller.register(listener.number(), Interest.READ, handler);
    }

    /**
     * Accepts one waiting connection, which inherits the options of the listening socket.
     *
     * @return null when no connection waits
     * @throws LibcException when the system has no descriptor left, or accepting is broken for good
     */
    public @Nullable Accepted accept() throws LibcException {
        while (true) {
            length.putInt(0, SocketAddresses.MAX_BYTES);
            int accepted = Libc.accept4(listener.number(), addressAddress, lengthAddress, FLAGS);
            if (accepted >= 0) {
                try (OwnedFd fd = new OwnedFd(accepted)) {
                    Peer peer = peer(fd);
                    return new Accepted(fd.transfer(), peer);
                }
            }
            int errno = Libc.errno();
            if (errno == Libc.EAGAIN) {
                return null;
            }
            // A client that left while it waited is no reason to stop; the caller handles all other errors.
            if (errno != Libc.ECONNABORTED && errno != Libc.EINTR) {
                throw new LibcException("could not accept a connection", errno);
            }
        }
    }

    private Peer peer(OwnedFd fd) throws LibcException {
        if (address.getShort(0) == Libc.AF_UNIX) {
            return credentials.of(fd);
        }
        InetSocketAddress from = SocketAddresses.decode(address);
        return new Peer.Tcp(from.getAddress().getHostAddress(), from.getPort());
    }
}
