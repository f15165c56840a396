package dev.pgproxy.poolworker.relay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import dev.pgproxy.testkit.simulation.SimulatedWorld;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PipeTest {

    /** Lets everything pass. */
    private static final class Everything implements MessageInspector {
        @Override
        public boolean wantsWhole(byte type) {
            return true;
        }

        @Override
        public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
            return Verdict.FORWARD;
        }
    }

    private final SimulatedWorld world = new SimulatedWorld(1);
    private final SimulatedTransport source = world.connect();
    private final SimulatedTransport sink = world.connect();
    private final Pipe pipe = new Pipe(new RelayBuffers(1024), new Everything());

    /** Replaces the first message, or inserts a message ahead of it, and lets the pipe continue without this inspector. */
    private final class Once implements MessageInspector {
        @Override
        public boolean wantsWhole(byte type) {
            return true;
        }

        @Override
        public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
            pipe.inspectWith(new Everything());
            return Verdict.REPLACE;
        }

        @Override
        public byte[] replacement() {
            return FrontendMessage.query("of its own");
        }

        @Override
        public void passedUnseen(byte type) {
            pipe.inspectWith(new Everything());
        }
    }

    private static byte[] both(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private byte[] received() throws ProtocolViolation {
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        while (source.unreadBytes() > 0 || pipe.isBlocked()) {
            if (pipe.isBlocked()) {
                pipe.flush(sink);
            } else {
                pipe.pump(source, sink);
            }
            received.writeBytes(sink.farRead());
        }
        return received.toByteArray();
    }

    @Test
    void anInspectorsLastWordIsItsOwn() throws ProtocolViolation {
        byte[] second = FrontendMessage.query("select 2");
        pipe.inspectWith(new Once());
        source.farWrite(both(FrontendMessage.query("select 1"), second));
        assertArrayEquals(both(FrontendMessage.query("of its own"), second), received());
    }

    @Test
    void whatIsTooLargeToBeInspectedComesBehindWhatIsPutAheadOfIt() throws ProtocolViolation {
        byte[] large = FrontendMessage.query("x".repeat(RelayBuffers.MAX_INSPECTED_BYTES));
        pipe.inspectWith(new Once());
        source.farWrite(large);
        assertArrayEquals(both(FrontendMessage.query("of its own"), large), received());
    }

    private void pumpAll() throws ProtocolViolation {
        while (source.unreadBytes() > 0) {
            pipe.pump(source, sink);
        }
    }

    @Test
    void addedBytesMayExceedACommonBuffer() {
        byte[] first = new byte[20_000];
        byte[] second = new byte[40_000];
        Arrays.fill(first, (byte) 'a');
        Arrays.fill(second, (byte) 'b');
        pipe.inject(first, sink);
        pipe.inject(second, sink);
        byte[] all = new byte[first.length + second.length];
        Arrays.fill(all, 0, first.length, (byte) 'a');
        Arrays.fill(all, first.length, all.length, (byte) 'b');
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        received.writeBytes(sink.farRead());
        while (pipe.isBlocked()) {
            pipe.flush(sink);
            received.writeBytes(sink.farRead());
        }
        assertArrayEquals(all, received.toByteArray());
    }

    @Test
    void whatIsHeldSurvivesAWakeUpForNothing() throws ProtocolViolation {
        byte[] message = FrontendMessage.query("select 'in two parts'");
        source.farWrite(Arrays.copyOf(message, 12));
        pumpAll();
        assertEquals(Pipe.Outcome.IDLE, pipe.pump(source, sink));
        assertEquals(Pipe.Outcome.IDLE, pipe.pump(source, sink));
        source.farWrite(Arrays.copyOfRange(message, 12, message.length));
        pumpAll();
        while (pipe.isBlocked()) {
            pipe.flush(sink);
        }
        assertArrayEquals(message, sink.farRead());
    }
}
