package dev.pgproxy.common.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageFramerTest {

    /** Feeds a stream in chunks, keeping what the framer leaves over, as a relay does. */
    private static List<String> frame(byte[] stream, List<Integer> chunks) throws ProtocolViolation {
        MessageFramer framer = new MessageFramer();
        List<String> found = new ArrayList<>();
        ByteBuffer buffer = ByteBuffer.allocate(stream.length + MessageFramer.HEADER_BYTES);
        int at = 0;
        for (int chunk : chunks) {
            buffer.put(stream, at, chunk);
            at += chunk;
            buffer.flip();
            while (framer.next(buffer)) {
                found.add((char) framer.type() + ":" + framer.bodyBytes());
            }
            assertTrue(buffer.remaining() < MessageFramer.HEADER_BYTES);
            buffer.compact();
        }
        assertTrue(framer.atBoundary());
        return found;
    }

    @Test
    void findsTheSameMessagesHoweverTheStreamIsCut() throws ProtocolViolation {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            ByteArrayOutputStream stream = new ByteArrayOutputStream();
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                byte[] body = new byte[random.nextInt(30)];
                byte type = (byte) ('A' + random.nextInt(26));
                stream.writeBytes(MessageBytes.of(type, body));
                expected.add((char) type + ":" + body.length);
            }
            List<Integer> chunks = new ArrayList<>();
            for (int left = stream.size(); left > 0; ) {
                int chunk = 1 + random.nextInt(Math.min(left, 40));
                chunks.add(chunk);
                left -= chunk;
            }
            assertEquals(expected, frame(stream.toByteArray(), chunks), "seed=" + seed);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 0, -1, Integer.MIN_VALUE})
    void refusesLengthBelowItself(int length) {
        ByteBuffer message =
                ByteBuffer.allocate(5).put((byte) 'Q').putInt(length).flip();
        assertThrows(ProtocolViolation.class, () -> new MessageFramer().next(message));
    }

    @Test
    void passesOverBodyLargerThanAnyBuffer() throws ProtocolViolation {
        MessageFramer framer = new MessageFramer();
        ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
        buffer.put((byte) 'D').putInt(Integer.MAX_VALUE);
        buffer.flip();
        assertTrue(framer.next(buffer));
        long left = Integer.MAX_VALUE - 4L;
        while (left > 0) {
            buffer.clear().limit((int) Math.min(left, buffer.capacity()));
            left -= buffer.remaining();
            assertFalse(framer.next(buffer));
            assertFalse(buffer.hasRemaining());
            assertEquals(left == 0, framer.atBoundary());
        }
    }

    @Test
    void unreadPutsTheHeaderBack() throws ProtocolViolation {
        MessageFramer framer = new MessageFramer();
        ByteBuffer buffer = ByteBuffer.wrap(Arrays.copyOf(MessageBytes.of((byte) 'Z', new byte[] {'I'}), 5));
        assertTrue(framer.next(buffer));
        framer.unread(buffer);
        assertEquals(5, buffer.remaining());
        assertTrue(framer.atBoundary());
    }
}
