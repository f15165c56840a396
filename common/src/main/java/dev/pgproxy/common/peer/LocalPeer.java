package dev.pgproxy.common.peer;

import dev.pgproxy.common.net.IpAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Tells users of this host apart by what the system reports: all of them can use all of its loopback addresses. */
public final class LocalPeer {

    /** The group of root on this host. */
    public static final String ROOT = PeerGroup.ofUser("0");

    private static final List<Path> TABLES = List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));
    private static final int WORD_BYTES = 4;
    /** Columns of the tables: proc(5). */
    private static final int LOCAL_ADDRESS = 1;

    private static final int STATE = 3;
    private static final int USER = 7;
    private static final String ESTABLISHED = "01";

    private LocalPeer() {}

    /**
     * The group of a peer: on this host, that of the user whose process has the other end of the connection; on another host, or when the
     * system does not report the user, as in {@link PeerGroup}.
     */
    public static String group(Peer peer) {
        String group = peer.group();
        if (!group.equals(PeerGroup.THIS_HOST)) {
            return group;
        }
        InetAddress address = IpAddress.of(peer.address());
        try {
            for (Path table : TABLES) {
                try (Stream<String> lines = Files.lines(table)) {
                    Optional<String> user = user(lines, address, peer.port());
                    if (user.isPresent()) {
                        return PeerGroup.ofUser(user.get());
                    }
                }
            }
        } catch (IOException | UncheckedIOException e) {
            return group; // No such table, as on a host without IPv6.
        }
        return group;
    }

    /** The id of the user who owns this end of a connection, from a table as in /proc/net. */
    static Optional<String> user(Stream<String> table, InetAddress address, int port) {
        String plain = hex(address.getAddress()) + String.format(Locale.ROOT, ":%04X", port);
        String mapped = address instanceof Inet4Address
                ? "0000000000000000" + hex(new byte[] {0, 0, (byte) 0xff, (byte) 0xff}) + plain
                : plain;
        return table.filter(line -> line.contains(plain)) // Splitting thousands of lines would take longer.
                .map(line -> line.trim().split("\\s+", USER + 2))
                .filter(columns -> columns.length > USER && columns[STATE].equals(ESTABLISHED))
                .filter(columns -> columns[LOCAL_ADDRESS].equals(plain) || columns[LOCAL_ADDRESS].equals(mapped))
                .map(columns -> columns[USER])
                .findFirst();
    }

    /** Words in the processor's byte order. */
    private static String hex(byte[] address) {
        StringBuilder hex = new StringBuilder();
        for (int word = 0; word < address.length; word += WORD_BYTES) {
            for (int i = 0; i < WORD_BYTES; i++) {
                int at = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? word + WORD_BYTES - 1 - i : word + i;
                hex.append(String.format(Locale.ROOT, "%02X", address[at]));
            }
        }
        return hex.toString();
    }
}
