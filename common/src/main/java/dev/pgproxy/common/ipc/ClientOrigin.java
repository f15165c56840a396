package dev.pgproxy.common.ipc;

import dev.pgproxy.common.net.Endpoint;

/**
 * Where a client comes from.
 *
 * @param ip its address, as text
 * @param port 1 to 65535
 * @param waitedMs how long it waited for its place
 */
public record ClientOrigin(String ip, int port, long waitedMs) {

    /** The same, with another copy of the address. */
    public ClientOrigin at(String sameIp) {
        return new ClientOrigin(sameIp, port, waitedMs);
    }

    /** Address and port, as in the log. */
    public String display() {
        return new Endpoint.Tcp(ip, port).toString();
    }
}
