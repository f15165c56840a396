package dev.pgproxy.common.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

class PeerGroupTest {

    @Test
    void allThatOneNeighbourCanUseIsOne() {
        assertEquals(PeerGroup.THIS_HOST, PeerGroup.of("127.0.0.1"));
        assertEquals(PeerGroup.THIS_HOST, PeerGroup.of("127.9.9.9"));
        assertEquals(PeerGroup.THIS_HOST, PeerGroup.of("::1"));
        assertEquals(PeerGroup.of("2001:db8::1"), PeerGroup.of("2001:db8::ffff:2"));
        assertNotEquals(PeerGroup.of("2001:db8::1"), PeerGroup.of("2001:db8:0:1::1"));
        assertNotEquals(PeerGroup.of("10.0.0.1"), PeerGroup.of("10.0.0.2"));
    }
}
