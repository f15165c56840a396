package dev.pgproxy.common.channel;

import dev.pgproxy.common.loop.Descriptor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/** Reads what {@link FieldWriter} wrote. Every length is checked before it is used. */
final class FieldReader {

    private static final byte[] NO_BYTES = new byte[0];

    private final byte[] scratch = new byte[ControlFrame.MAX_PAYLOAD_BYTES];
    private final List<Descriptor> taken = new ArrayList<>();
    private final Queue<? extends Descriptor> arrived;
    private ByteBuffer in = ByteBuffer.allocate(0);

    /** @param arrived descriptors received on the channel, in order */
    FieldReader(Queue<? extends Descriptor> arrived) {
        this.arrived = arrived;
    }

    /** Begins a message, which lies between this buffer's position and its limit. */
    void begin(ByteBuffer buffer) {
        in = buffer;
        taken.clear();
    }

    /** The message is invalid: closes the descriptors that came with it. */
    void closeTaken() {
        taken.forEach(Descriptor::close);
        taken.clear();
    }

    Descriptor descriptor() throws ControlViolation {
        Descriptor next = arrived.poll();
        if (next == null) {
            throw new ControlViolation("a message came without its descriptor");
        }
        taken.add(next);
        return next;
    }

    /** A number from 0 up to, but not including, this bound. */
    int below(int bound) throws ControlViolation {
        need(1);
        int value = in.get() & 0xff;
        if (value >= bound) {
            throw new ControlViolation("a field has the value " + value + " of " + bound);
        }
        return value;
    }

    int int32() throws ControlViolation {
        need(Integer.BYTES);
        return in.getInt();
    }

    long int64() throws ControlViolation {
        need(Long.BYTES);
        return in.getLong();
    }

    double float64() throws ControlViolation {
        need(Double.BYTES);
        return in.getDouble();
    }

    boolean bool() throws ControlViolation {
        need(1);
        return in.get() != 0;
    }

    private void need(int bytes) throws ControlViolation {
        if (in.remaining() < bytes) {
            throw new ControlViolation("a message ends in the middle of a field");
        }
    }

    private int length() throws ControlViolation {
        int length = int32();
        if (length < 0 || length > in.remaining()) {
            throw new ControlViolation("a field claims " + length + " bytes where " + in.remaining() + " are left");
        }
        return length;
    }

    byte[] bytes() throws ControlViolation {
        int length = length();
        if (length == 0) {
            return NO_BYTES;
        }
        byte[] value = new byte[length];
        in.get(value);
        return value;
    }

    String string() throws ControlViolation {
        int length = length();
        in.get(scratch, 0, length);
        return new String(scratch, 0, length, StandardCharsets.UTF_8);
    }

    /** The number of elements that follow, each of at least one byte. */
    int count() throws ControlViolation {
        int count = int32();
        if (count < 0 || count > in.remaining()) {
            throw new ControlViolation("a field claims " + count + " elements");
        }
        return count;
    }

    void end() throws ControlViolation {
        if (in.hasRemaining()) {
            throw new ControlViolation(in.remaining() + " bytes after the last field of a message");
        }
    }
}
