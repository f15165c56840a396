package dev.pgproxy.common.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.peer.Peer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TcpSocketsTest {

    private static final SocketTuning TUNED = new SocketTuning(true, 61, 11, 7, 12_345);

    private static void assertOptions(SocketTuning expected, OwnedFd socket) throws LibcException {
        assertEquals(1, TcpSockets.option(socket, Libc.IPPROTO_TCP, Libc.TCP_NODELAY));
        assertEquals(expected.keepalive() ? 1 : 0, TcpSockets.option(socket, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE));
        assertEquals(expected.userTimeoutMs(), TcpSockets.option(socket, Libc.IPPROTO_TCP, Libc.TCP_USER_TIMEOUT));
        if (expected.keepalive()) {
            assertEquals(expected.idleSeconds(), TcpSockets.option(socket, Libc.IPPROTO_TCP, Libc.TCP_KEEPIDLE));
            assertEquals(expected.intervalSeconds(), TcpSockets.option(socket, Libc.IPPROTO_TCP, Libc.TCP_KEEPINTVL));
            assertEquals(expected.probes(), TcpSockets.option(socket, Libc.IPPROTO_TCP, Libc.TCP_KEEPCNT));
        }
    }

    private static AcceptQueue.Accepted accept(OwnedFd listener) throws LibcException {
        AcceptQueue.@Nullable Accepted accepted;
        do {
            accepted = new AcceptQueue(listener).accept();
        } while (accepted == null);
        return accepted;
    }

    /** Six system calls for each client would be the price of setting them there. */
    @Test
    void anAcceptedConnectionHasTheOptionsOfItsListener() throws IOException {
        try (OwnedFd listener = TcpSockets.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16)) {
            int port = TcpSockets.localAddress(listener).getPort();
            for (SocketTuning tuning : new SocketTuning[] {TUNED, new SocketTuning(false, 0, 0, 0, 0), TUNED}) {
                TcpSockets.tune(listener, tuning);
                try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    AcceptQueue.Accepted accepted = accept(listener);
                    try (OwnedFd server = accepted.fd()) {
                        assertEquals(
                                new Peer.Tcp(client.getLocalAddress().getHostAddress(), client.getLocalPort()),
                                accepted.peer());
                        assertOptions(tuning, server);
                    }
                }
            }
        }
    }

    @Test
    void aConnectionToAServerHasTheOptions() throws IOException {
        try (OwnedFd listener = TcpSockets.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
                OwnedFd client = TcpSockets.connect(TcpSockets.localAddress(listener), TUNED)) {
            assertOptions(TUNED, client);
        }
    }
}
