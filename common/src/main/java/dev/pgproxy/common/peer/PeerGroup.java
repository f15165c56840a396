package dev.pgproxy.common.peer;

import dev.pgproxy.common.net.IpAddress;
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

    /** The group of a user of this host. */
    static String ofUser(String uid) {
        return THIS_HOST + ", user " + uid;
    }

    /** Whether this is the group of a peer on this host. */
    public static boolean isOfThisHost(String group) {
        return group.startsWith(THIS_HOST);
    }

    /**
     * The group of an address.
     *
     * @param ip an IP address, not a host name
     */
    public static String of(String ip) {
        InetAddress address = IpAddress.of(ip);
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
}
