package dev.pgproxy.common.io;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.net.Endpoint;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/** Opens and tunes TCP sockets; all of them non-blocking, close-on-exec and without Nagle's delay. */
public final class TcpSockets {

    private static final int FLAGS = Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;

    private TcpSockets() {}

    /**
     * Opens a listening socket. An IPv6 address takes IPv6 clients only, so that both families can listen on one port.
     *
     * @throws LibcException with the address and the reason, such as an address in use
     */
    public static OwnedFd listen(InetSocketAddress address, int backlog) throws LibcException {
        String what = "could not bind " + Endpoint.Tcp.of(address);
        try (OwnedFd fd = open(address.getAddress(), what)) {
            OptionCell cell = new OptionCell();
            cell.set(fd, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
            cell.set(fd, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
            if (!(address.getAddress() instanceof Inet4Address)) {
                cell.set(fd, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, 1);
            }
            ByteBuffer encoded = SocketAddresses.encode(address);
            if (Libc.bind(fd.number(), Libc.address(encoded), encoded.limit()) != 0
                    || Libc.listen(fd.number(), backlog) != 0) {
                throw LibcException.last(what);
            }
            return fd.transfer();
        }
    }

    /** The address that a socket is bound to, with the port that the system chose if it did. */
    public static InetSocketAddress localAddress(OwnedFd fd) throws LibcException {
        ByteBuffer address = Libc.allocate(SocketAddresses.MAX_BYTES);
        ByteBuffer length = Libc.allocate(Integer.BYTES).putInt(0, SocketAddresses.MAX_BYTES);
        if (Libc.getsockname(fd.number(), Libc.address(address), Libc.address(length)) != 0) {
            throw LibcException.last("could not read a socket's address");
        }
        return SocketAddresses.decode(address);
    }

    /**
     * Starts a connect; the socket becomes writable when it has succeeded or failed.
     *
     * @throws LibcException when it failed at once
     */
    public static OwnedFd connect(InetSocketAddress address, SocketTuning tuning) throws LibcException {
        String what = "could not connect";
        try (OwnedFd fd = open(address.getAddress(), what)) {
            OptionCell cell = new OptionCell();
            cell.set(fd, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
            tune(fd, tuning, cell);
            ByteBuffer encoded = SocketAddresses.encode(address);
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
        tune(fd, tuning, new OptionCell());
    }

    private static void tune(OwnedFd fd, SocketTuning tuning, OptionCell cell) {
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
        return new OptionCell().get(fd, level, name);
    }

    private static OwnedFd open(InetAddress address, String what) throws LibcException {
        int family = address instanceof Inet4Address ? Libc.AF_INET : Libc.AF_INET6;
        int fd = Libc.socket(family, Libc.SOCK_STREAM | FLAGS, 0);
        if (fd < 0) {
            throw LibcException.last(what);
        }
        return new OwnedFd(fd);
    }
}
