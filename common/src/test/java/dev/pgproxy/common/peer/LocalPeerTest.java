package dev.pgproxy.common.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class LocalPeerTest {

    private static final String TABLE = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:270F 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1658 1 0 100 0 0 10 0
               1: 0100007F:8319 0100007F:270F 06 00000000:00000000 03:00000B58 00000000     0        0 0 3 0
               2: 0100007F:8319 0100007F:270F 01 00000000:00000000 00:00000000 00000000  1000        0 77 1 0 20 4 30 10 -1
               3: 0100007F:270F 0100007F:8319 01 00000000:00000000 00:00000000 00000000   999        0 78 1 0 20 4 30 10 -1
               4: 0000000000000000FFFF00000100007F:90C6 0000000000000000FFFF00000100007F:270F 01 0:0 0:0 0  1001        0 79
               5: 00000000000000000000000001000000:90C7 00000000000000000000000001000000:270F 01 0:0 0:0 0  1002        0 80
            """;

    private static Optional<String> user(String ip, int port) throws IOException {
        Assumptions.assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "the table is of such a machine");
        return LocalPeer.user(TABLE.lines(), InetAddress.getByName(ip), port);
    }

    @Test
    void findsTheUserOfTheOtherEnd() throws IOException {
        assertEquals(Optional.of("1000"), user("127.0.0.1", 0x8319));
        assertEquals(Optional.of("1001"), user("127.0.0.1", 0x90C6));
        assertEquals(Optional.of("1002"), user("::1", 0x90C7));
        assertEquals(Optional.empty(), user("127.0.0.1", 0x8318));
        assertEquals(Optional.empty(), user("127.0.0.2", 0x8319));
    }

    /** An operator cannot try more passwords by connecting in two ways. */
    @Test
    void aUserIsTheSameOverTcpAndAUnixSocket() {
        assertEquals("this host, user 0", LocalPeer.group(new Peer.Unix(0, 1)));
        assertEquals(LocalPeer.ROOT, LocalPeer.group(new Peer.Unix(0, 1)));
        assertTrue(PeerGroup.isOfThisHost(new Peer.Unix(1000, 1).group()));
    }

    @Test
    void knowsThisProcess() throws IOException {
        Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket socket = new Socket(listener.getInetAddress(), listener.getLocalPort())) {
            Peer peer = new Peer.Tcp(socket.getLocalAddress().getHostAddress(), socket.getLocalPort());
            assertEquals("this host, user " + uid, LocalPeer.group(peer));
            assertEquals("192.0.2.7", LocalPeer.group(new Peer.Tcp("192.0.2.7", 5)));
        }
    }
}
