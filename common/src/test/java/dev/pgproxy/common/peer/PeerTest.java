package dev.pgproxy.common.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PeerTest {

    @Test
    void overTcpItIsAnAddressAndAPort() {
        Peer peer = new Peer.Tcp("::1", 40_000);
        assertEquals("::1", peer.address());
        assertEquals(40_000, peer.port());
        assertEquals("[::1]:40000", peer.toString());
        assertEquals(PeerGroup.THIS_HOST, peer.group());
    }

    /** The names that PostgreSQL has for it. */
    @Test
    void overAUnixSocketItIsAUser() {
        Peer peer = new Peer.Unix(1000, 4711);
        assertEquals("[local]", peer.address());
        assertEquals(-1, peer.port());
        assertEquals("[local] uid 1000 pid 4711", peer.toString());
        assertEquals("this host, user 1000", peer.group());
    }

    /** uid_t is unsigned. */
    @Test
    void aLargeUidStaysPositive() {
        assertEquals("this host, user 4294967294", new Peer.Unix(-2, 1).group());
    }
}
