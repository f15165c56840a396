package dev.pgproxy.common.peer;

import dev.pgproxy.common.net.Endpoint;
import java.util.function.UnaryOperator;

/** The other end of a client's connection, as the system reports it. {@code toString} is how the log names it. */
public sealed interface Peer {

    /** What tables show as the address of a client that connected over a Unix socket, as PostgreSQL's log does. */
    String LOCAL = "[local]";

    /** What tables show as its port, as pg_stat_activity does. */
    int NO_PORT = -1;

    /**
     * Over TCP.
     *
     * @param ip its address, as text
     * @param port 1 to 65535
     */
    record Tcp(String ip, int port) implements Peer {

        @Override
        public String address() {
            return ip;
        }

        @Override
        public String group() {
            return PeerGroup.of(ip);
        }

        @Override
        public Peer sharing(UnaryOperator<String> copies) {
            return new Tcp(copies.apply(ip), port);
        }

        @Override
        public String toString() {
            return new Endpoint.Tcp(ip, port).toString();
        }
    }

    /**
     * Over a Unix socket.
     *
     * @param uid of the process that connected, at that time
     * @param pid of that process; 0 when this process cannot see it, such as from another container
     */
    record Unix(int uid, int pid) implements Peer {

        @Override
        public String address() {
            return LOCAL;
        }

        @Override
        public int port() {
            return NO_PORT;
        }

        @Override
        public String group() {
            return PeerGroup.ofUser(Integer.toUnsignedString(uid));
        }

        @Override
        public Peer sharing(UnaryOperator<String> copies) {
            return this;
        }

        @Override
        public String toString() {
            return LOCAL + " uid " + Integer.toUnsignedString(uid) + " pid " + pid;
        }
    }

    /** Its IP address, or {@link #LOCAL}. */
    String address();

    /** Its port, or {@link #NO_PORT}. */
    int port();

    /** The neighbour that it counts as, see {@link PeerGroup}. */
    String group();

    /** The same, with another copy of its address. */
    Peer sharing(UnaryOperator<String> copies);
}
