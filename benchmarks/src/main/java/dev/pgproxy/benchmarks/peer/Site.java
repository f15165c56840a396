package dev.pgproxy.benchmarks.peer;

import java.nio.file.Path;

/**
 * What every peer is given, so that all do the same work.
 *
 * @param serverPort the port of loopback where PostgreSQL listens
 * @param port the free port of loopback where the peer is to listen
 * @param clients that it must take at once, each with a connection to the server of its own
 * @param distribution pgproxy's runnable tree
 */
public record Site(int serverPort, int port, int clients, Path distribution) {

    /** Connections that may wait to be accepted. */
    static final int BACKLOG = 4_096;

    /** Files that a process needs besides two sockets for each client. */
    private static final int OTHER_FILES = 512;

    /** The limit of open files for one process. */
    int openFiles() {
        return 2 * clients + OTHER_FILES;
    }
}
