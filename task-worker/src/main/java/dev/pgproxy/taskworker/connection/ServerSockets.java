package dev.pgproxy.taskworker.connection;

import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;

/** Sockets for connections to servers, over TCP or a Unix socket. */
public final class ServerSockets {

    private ServerSockets() {}

    /** A socket with a channel that is to be connected to {@link #address}. */
    public static Socket unconnected(Endpoint server) throws IOException {
        if (server instanceof Endpoint.Unix socket) {
            return new UnixSocket(socket.path());
        }
        return SocketChannel.open().socket();
    }

    /** Where the server listens; a host's name is looked up, which may take long. */
    public static SocketAddress address(Endpoint server) {
        if (server instanceof Endpoint.Tcp tcp) {
            return new InetSocketAddress(tcp.host(), tcp.port());
        }
        return UnixDomainSocketAddress.of(((Endpoint.Unix) server).path());
    }
}
