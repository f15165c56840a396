package dev.pgproxy.benchmarks.peer;

import dev.pgproxy.common.net.Endpoint;
import java.nio.file.Path;

/**
 * What every peer is given, so that all do the same work.
 *
 * @param serverPort the port of loopback where PostgreSQL listens
 * @param port the free port of loopback where the peer is to listen
 * @param sockets the directory of PostgreSQL's Unix socket, where the peer may have its own
 * @param clients that it must take at once, each with a connection to the server of its own
 * @param distribution pgproxy's runnable tree
 */
public record Site(int serverPort, int port, Path sockets, int clients, Path distribution) {

    /** Connections that may wait to be accepted. */
    static final int BACKLOG = 4_096;

    /** Files that a process needs besides two sockets for each client. */
    private static final int OTHER_FILES = 512;

    /** Where PostgreSQL listens, over TCP. */
    Endpoint server() {
        return loopback(serverPort);
    }

    /** The same, its Unix socket. */
    Endpoint serverSocket() {
        return Endpoint.ofServer(sockets.toString(), serverPort);
    }

    /** Where the peer is to listen, over TCP. */
    Endpoint address() {
        return loopback(port);
    }

    /** Its Unix socket, if it uses one. */
    Endpoint socket() {
        return Endpoint.ofServer(sockets.toString(), port);
    }

    private static Endpoint loopback(int port) {
        return new Endpoint.Tcp("127.0.0.1", port);
    }

    /** The limit of open files for one process. */
    int openFiles() {
        return 2 * clients + OTHER_FILES;
    }
}
