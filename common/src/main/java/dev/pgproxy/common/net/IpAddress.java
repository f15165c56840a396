package dev.pgproxy.common.net;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** IP addresses from text. */
public final class IpAddress {

    private IpAddress() {}

    /**
     * The address from text.
     *
     * @param ip an IP address, not a host name
     */
    public static InetAddress of(String ip) {
        try {
            return InetAddress.getByName(ip); // An address needs no name server.
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(ip + " is not an address", e);
        }
    }
}
