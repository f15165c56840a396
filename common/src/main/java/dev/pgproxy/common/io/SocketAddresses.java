package dev.pgproxy.common.io;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;

/** Addresses as the system's calls take and fill them. */
final class SocketAddresses {

    /** sizeof(struct sockaddr_storage). */
    static final int MAX_BYTES = 128;

    private SocketAddresses() {}

    /** struct sockaddr_in or sockaddr_in6: family in native order, port in network order. */
    static ByteBuffer encode(InetSocketAddress address) {
        byte[] ip = address.getAddress().getAddress();
        boolean v4 = address.getAddress() instanceof Inet4Address;
        ByteBuffer encoded = Libc.allocate(v4 ? 16 : 28);
        encoded.putShort(0, (short) (v4 ? Libc.AF_INET : Libc.AF_INET6));
        encoded.put(2, (byte) (address.getPort() >>> 8)).put(3, (byte) address.getPort());
        encoded.put(v4 ? 4 : 8, ip);
        if (address.getAddress() instanceof Inet6Address v6) {
            encoded.putInt(24, v6.getScopeId());
        }
        return encoded;
    }

    /** struct sockaddr_un, with the path as the JDK passes it to the system. */
    static ByteBuffer encode(String path) {
        byte[] name = path.getBytes(Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")));
        return Libc.allocate(Short.BYTES + name.length + 1)
                .putShort(0, (short) Libc.AF_UNIX)
                .put(Short.BYTES, name);
    }

    /** An address of TCP. */
    static InetSocketAddress decode(ByteBuffer address) {
        boolean v4 = address.getShort(0) == Libc.AF_INET;
        int port = Short.toUnsignedInt(
                address.duplicate().order(ByteOrder.BIG_ENDIAN).getShort(2));
        byte[] ip = new byte[v4 ? 4 : 16];
        address.get(v4 ? 4 : 8, ip);
        try {
            return new InetSocketAddress(InetAddress.getByAddress(ip), port);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + ip.length + " bytes", e);
        }
    }
}
