package dev.pgproxy.common.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** The address at the other end of a TCP connection, as text. */
public final class PeerAddress {

    private PeerAddress() {}

    /** An address as an operator writes it: {@code 127.0.0.1:9999} or {@code [::1]:9999}. */
    public static String display(InetSocketAddress address) {
        return new Endpoint.Tcp(address.getAddress().getHostAddress(), address.getPort()).toString();
    }

    /**
     * The address from text.
     *
     * @param ip an IP address, not a host name
     */
    public static InetSocketAddress of(String ip, int port) {
        try {
            return new InetSocketAddress(InetAddress.getByName(ip), port); // An address needs no name server.
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(ip + " is not an address", e);
        }
    }
}
