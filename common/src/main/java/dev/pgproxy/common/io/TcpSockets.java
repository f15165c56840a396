package dev.pgproxy.common.io;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.net.PeerAddress;
import java.lang.ref.Reference;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Opens, accepts and tunes TCP sockets; all of them non-blocking, close-on-exec and without Nagle's delay. */
public final class TcpSockets {

    private static final int FLAGS = Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;
    private static final int ADDRESS_BYTES = 128; // sizeof(struct sockaddr_storage)

    /** Memory for an integer and its length, which calls take and fill; made for a few calls, since it costs more than one. */
    private static final class Cell {
        private final ByteBuffer value = Libc.allocate(2 * Integer.BYTES).putInt(Integer.BYTES, Integer.BYTES);
        private final long address = Libc.address(value);

        /** An option that the system refuses stays at its default. */
        private void set(OwnedFd fd, int level, int name, int option) {
            try {
                value.putInt(0, option);
                Libc.setsockopt(fd.number(), level, name, address, Integer.BYTES);
            } finally {
                Reference.reachabilityFence(value); // Nobody else keeps the memory.
            }
        }

        private int get(OwnedFd fd, int level, int name) throws LibcException {
            if (Libc.getsockopt(fd.number(), level, name, address, address + Integer.BYTES) != 0) {
                throw LibcException.last("could not read a socket's state");
            }
            return value.getInt(0);
        }
    }

    /** A listening socket's queue of connections that wait to be accepted. For one thread. */
    public static final class Queue {
        private final OwnedFd listener;
        private final ByteBuffer address = Libc.allocate(ADDRESS_BYTES);
        private final long addressAddress = Libc.address(address);
        private final ByteBuffer length = Libc.allocate(Integer.BYTES);
        private final long lengthAddress = Libc.address(length);

        /** @param listener which the caller keeps */
        public Queue(OwnedFd listener) {
            this.listener = listener;
        }

        /**
         * Accepts one waiting connection, which inherits the options of the listening socket.
         *
         * @return null when no connection waits
         * @throws LibcException when the system has no descriptor left, or accepting is broken for good
         */
        public @Nullable Accepted accept() throws LibcException {
            while (true) {
                length.putInt(0, ADDRESS_BYTES);
                int accepted = Libc.accept4(listener.number(), addressAddress, lengthAddress, FLAGS);
                if (accepted >= 0) {
                    return new Accepted(new OwnedFd(accepted), decode(address));
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
    }

    /** An accepted connection: its socket, which the receiver owns, and the peer's address. */
    public record Accepted(OwnedFd fd, InetSocketAddress peer) {}

    private TcpSockets() {}

    /**
     * Opens a listening socket. An IPv6 address takes IPv6 clients only, so that both families can listen on one port.
     *
     * @throws LibcException with the address and the reason, such as an address in use
     */
    public static OwnedFd listen(InetSocketAddress address, int backlog) throws LibcException {
        String what = "could not bind " + PeerAddress.display(address);
        try (OwnedFd fd = open(address.getAddress(), what)) {
            Cell cell = new Cell();
            cell.set(fd, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
            cell.set(fd, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
            if (!(address.getAddress() instanceof Inet4Address)) {
                cell.set(fd, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, 1);
            }
            ByteBuffer encoded = encode(address);
            if (Libc.bind(fd.number(), Libc.address(encoded), encoded.limit()) != 0
                    || Libc.listen(fd.number(), backlog) != 0) {
                throw LibcException.last(what);
            }
            return fd.transfer();
        }
    }

    /** Watches a listening socket for connections to accept; the caller closes the registration before the socket. */
    public static EpollPoller.Registration register(OwnedFd listener, EpollPoller poller, ReadyHandler handler) {
        return poller.register(listener.number(), Interest.READ, handler);
    }

    /** Sends what fits into an empty socket buffer and closes, for a process that has no descriptors left for waiting. */
    public static void writeOnceAndClose(OwnedFd fd, byte[] bytes) {
        try (fd) {
            ByteBuffer buffer = Libc.allocate(bytes.length).put(bytes);
            Libc.send(fd.number(), Libc.address(buffer), bytes.length, Libc.MSG_NOSIGNAL | Libc.MSG_DONTWAIT);
        }
    }

    /** The address that a socket is bound to, with the port that the system chose if it did. */
    public static InetSocketAddress localAddress(OwnedFd fd) throws LibcException {
        ByteBuffer address = Libc.allocate(ADDRESS_BYTES);
        ByteBuffer length = Libc.allocate(Integer.BYTES).putInt(0, ADDRESS_BYTES);
        if (Libc.getsockname(fd.number(), Libc.address(address), Libc.address(length)) != 0) {
            throw LibcException.last("could not read a socket's address");
        }
        return decode(address);
    }

    /**
     * Starts a connect; the socket becomes writable when it has succeeded or failed.
     *
     * @throws LibcException when it failed at once
     */
    public static OwnedFd connect(InetSocketAddress address, SocketTuning tuning) throws LibcException {
        String what = "could not connect";
        try (OwnedFd fd = open(address.getAddress(), what)) {
            Cell cell = new Cell();
            cell.set(fd, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
            tune(fd, tuning, cell);
            ByteBuffer encoded = encode(address);
            if (Libc.connect(fd.number(), Libc.address(encoded), encoded.limit()) != 0
                    && Libc.errno() != Libc.EINPROGRESS) {
                throw LibcException.last(what);
            }
            return fd.transfer();
        }
    }

    /**
     * Applies keepalive and user timeout, at a listening socket for all that it accepts from now on. An option that the system refuses stays
     * at its default.
     */
    public static void tune(OwnedFd fd, SocketTuning tuning) {
        tune(fd, tuning, new Cell());
    }

    private static void tune(OwnedFd fd, SocketTuning tuning, Cell cell) {
        cell.set(fd, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE, tuning.keepalive() ? 1 : 0);
        if (tuning.keepalive()) {
            cell.set(fd, Libc.IPPROTO_TCP, Libc.TCP_KEEPIDLE, tuning.idleSeconds());
            cell.set(fd, Libc.IPPROTO_TCP, Libc.TCP_KEEPINTVL, tuning.intervalSeconds());
            cell.set(fd, Libc.IPPROTO_TCP, Libc.TCP_KEEPCNT, tuning.probes());
        }
        cell.set(fd, Libc.IPPROTO_TCP, Libc.TCP_USER_TIMEOUT, tuning.userTimeoutMs());
    }

    static int pendingError(OwnedFd fd) throws LibcException {
        return option(fd, Libc.SOL_SOCKET, Libc.SO_ERROR);
    }

    static int option(OwnedFd fd, int level, int name) throws LibcException {
        return new Cell().get(fd, level, name);
    }

    private static OwnedFd open(InetAddress address, String what) throws LibcException {
        int family = address instanceof Inet4Address ? Libc.AF_INET : Libc.AF_INET6;
        int fd = Libc.socket(family, Libc.SOCK_STREAM | FLAGS, 0);
        if (fd < 0) {
            throw LibcException.last(what);
        }
        return new OwnedFd(fd);
    }

    /** struct sockaddr_in or sockaddr_in6: family in native order, port in network order. */
    private static ByteBuffer encode(InetSocketAddress address) {
        byte[] ip = address.getAddress().getAddress();
        boolean v4 = ip.length == 4;
        ByteBuffer encoded = Libc.allocate(v4 ? 16 : 28);
        encoded.putShort(0, (short) (v4 ? Libc.AF_INET : Libc.AF_INET6));
        encoded.put(2, (byte) (address.getPort() >>> 8)).put(3, (byte) address.getPort());
        encoded.put(v4 ? 4 : 8, ip);
        if (address.getAddress() instanceof java.net.Inet6Address v6) {
            encoded.putInt(24, v6.getScopeId());
        }
        return encoded;
    }

    private static InetSocketAddress decode(ByteBuffer address) {
        boolean v4 = address.getShort(0) == Libc.AF_INET;
        int port = Short.toUnsignedInt(
                address.duplicate().order(ByteOrder.BIG_ENDIAN).getShort(2));
        byte[] ip = new byte[v4 ? 4 : 16];
        address.get(v4 ? 4 : 8, ip);
        try {
            return new InetSocketAddress(InetAddress.getByAddress(ip), port);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + ip.length + " bytes", e);
        }
    }
}
