package dev.pgproxy.common.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class LingeringCloseTest {

    /** A peer that takes this many bytes at a time, and closes when it is told that no more will come. */
    private static final class Peer implements Transport {
        private final int bytesAtOnce;
        private int received;
        private boolean outputShut;
        private boolean closed;
        private ReadyHandler handler = ready -> {};

        private Peer(int bytesAtOnce) {
            this.bytesAtOnce = bytesAtOnce;
        }

        @Override
        public int read(ByteBuffer into) {
            return outputShut ? -1 : 0;
        }

        @Override
        public int write(ByteBuffer from) {
            int count = Math.min(bytesAtOnce, from.remaining());
            from.position(from.position() + count);
            received += count;
            return count;
        }

        @Override
        public void finishConnect() {}

        @Override
        public void onReady(ReadyHandler newHandler) {
            handler = newHandler;
        }

        @Override
        public void interest(int interest) {}

        @Override
        public void shutdownOutput() {
            outputShut = true;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private long nowNs;
    private final Scheduler scheduler = new Scheduler(() -> nowNs);
    private final LingeringClose lingering = new LingeringClose(scheduler);

    @Test
    void peerLearnsTheEndAtOnceEvenWithoutLastWords() {
        Peer peer = new Peer(100);
        lingering.close(peer, new byte[0]);
        assertTrue(peer.outputShut);
        assertTrue(peer.closed);
        assertEquals(0, lingering.count());
    }

    @Test
    void outputIsShutOnlyBehindTheLastByte() {
        Peer peer = new Peer(3);
        lingering.close(peer, new byte[7]);
        for (int received = 3; received < 7; received += 3) {
            assertEquals(received, peer.received);
            assertFalse(peer.outputShut);
            peer.handler.ready(Interest.WRITE);
        }
        assertEquals(7, peer.received);
        assertTrue(peer.closed);
    }

    @Test
    void peerThatTakesNothingIsClosedInTheEnd() {
        Peer peer = new Peer(0);
        lingering.close(peer, new byte[7]);
        assertEquals(1, lingering.count());
        nowNs += 10_000_000_000L;
        scheduler.runDue(nowNs);
        assertTrue(peer.closed);
        assertEquals(0, lingering.count());
    }

    @Test
    void tooManyAtOnceGetWhatFitsAndAreClosed() {
        Peer last = new Peer(0);
        for (int i = 0; i < 2_000; i++) {
            last = new Peer(0);
            lingering.close(last, new byte[7]);
        }
        assertTrue(last.closed);
        assertTrue(lingering.count() <= 1_024);
    }
}
