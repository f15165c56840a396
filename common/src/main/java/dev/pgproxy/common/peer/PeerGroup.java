package dev.pgproxy.common.peer;

import dev.pgproxy.common.net.PeerAddress;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * Addresses that count as one neighbour when places are shared out: a host that has one of them has all of them. On this host every user
 * can use all of 127.0.0.0/8, and with IPv6 a host commonly has 64 bits to choose from.
 */
public final class PeerGroup {

    /** The proxy's own host, by its loopback addresses. */
    public static final String THIS_HOST = "this host";

    private static final int NETWORK_BYTES = 8;

    private PeerGroup() {}

    /** The group of an address. */
    public static String of(InetAddress address) {
        if (address.isLoopbackAddress()) {
            return THIS_HOST;
        }
        if (!(address instanceof Inet6Address)) {
            return address.getHostAddress();
        }
        byte[] network = Arrays.copyOf(address.getAddress(), 2 * NETWORK_BYTES);
        Arrays.fill(network, NETWORK_BYTES, network.length, (byte) 0);
        try {
            return InetAddress.getByAddress(network).getHostAddress() + "/64";
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + network.length + " bytes", e);
        }
    }

    /**
     * As {@link #of(InetAddress)}.
     *
     * @param address an IP address, not a host name
     */
    public static String of(String address) {
        return of(PeerAddress.of(address, 0).getAddress());
    }
}
