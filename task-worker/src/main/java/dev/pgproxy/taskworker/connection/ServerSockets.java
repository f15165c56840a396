package dev.pgproxy.taskworker.connection;

import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;

/** Sockets for connections to servers, over TCP or a Unix socket. */
public final class ServerSockets {

    /** For a Unix socket, which knows where it goes. An address needs no name server. */
    static final String ANY_HOST = "127.0.0.1";

    private ServerSockets() {}

    /** A socket with a channel, to be connected to this server. */
    public static Socket unconnected(Endpoint server) throws IOException {
        if (server instanceof Endpoint.Unix socket) {
            return new UnixSocket(socket.path());
        }
        return SocketChannel.open().socket();
    }

    /** Connects a socket of this server; a host's name is looked up first, which may take long. */
    public static void connect(Socket socket, Endpoint server, int mostMs) throws IOException {
        String host = server instanceof Endpoint.Tcp tcp ? tcp.host() : ANY_HOST;
        socket.connect(new InetSocketAddress(host, server.port()), mostMs);
    }
}
