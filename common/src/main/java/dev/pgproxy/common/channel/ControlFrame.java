package dev.pgproxy.common.channel;

import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.loop.Descriptor;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Messages as bytes on the channel:
 *
 * <pre>
 *   Int16 magic "Pg" | Int8 version | Int8 type | Int8 descriptors | Int32 payload bytes | payload
 * </pre>
 */
public final class ControlFrame {

    /**
     * A startup packet has at most 10,000 bytes, the state of a moved session {@link dev.pgproxy.common.ipc.Resumption#MAX_BYTES}, and
     * configuration values that travel together less than 20,000 ({@code ConfigReader} limits each).
     */
    public static final int MAX_PAYLOAD_BYTES = 32 * 1024;

    public static final int HEADER_BYTES = 9;
    public static final int MAX_FRAME_BYTES = HEADER_BYTES + MAX_PAYLOAD_BYTES;

    private static final short MAGIC = 0x5067;
    private static final int AT_VERSION = 2;
    private static final int AT_TYPE = 3;
    private static final int AT_DESCRIPTORS = 4;
    private static final int AT_LENGTH = 5;

    private final Protocol protocol;
    private final FieldWriter writer = new FieldWriter();
    private final FieldReader reader;
    private int version = Protocol.GREETING;

    /** @param arrived descriptors received on the channel, in order; those of a decoded message are removed */
    public ControlFrame(Protocol protocol, Queue<? extends Descriptor> arrived) {
        this.protocol = protocol;
        this.reader = new FieldReader(arrived);
    }

    /** Uses this version for all further frames. */
    void speak(int agreed) {
        version = agreed;
    }

    /**
     * Appends the message's frame to the buffer.
     *
     * @param out with room for {@link #MAX_FRAME_BYTES}
     * @return the descriptors that travel with it; valid until the next call
     * @throws ControlViolation when the message is too large for a frame; nothing is appended then
     */
    public List<Descriptor> encode(ControlMessage message, ByteBuffer out) throws ControlViolation {
        int number = protocol.numberOf(message);
        int start = out.position();
        int limit = out.limit();
        out.limit(start + MAX_FRAME_BYTES).position(start + HEADER_BYTES);
        writer.begin(out);
        try {
            protocol.codec(number).write(writer, message);
        } catch (BufferOverflowException e) {
            out.position(start);
            throw new ControlViolation(
                    message.getClass().getSimpleName() + " has more than " + MAX_PAYLOAD_BYTES + " bytes");
        } finally {
            out.limit(limit);
        }
        out.putShort(start, MAGIC).put(start + AT_VERSION, (byte) version).put(start + AT_TYPE, (byte) number);
        out.put(start + AT_DESCRIPTORS, (byte) writer.descriptors().size());
        out.putInt(start + AT_LENGTH, out.position() - start - HEADER_BYTES);
        return writer.descriptors();
    }

    /**
     * Takes the next whole message off the buffer.
     *
     * @return null when the buffer holds no whole frame yet; nothing is consumed then
     * @throws ControlViolation on anything that {@link #encode} would not have written
     */
    public @Nullable ControlMessage decodeNext(ByteBuffer in) throws ControlViolation {
        if (in.remaining() < HEADER_BYTES) {
            return null;
        }
        int start = in.position();
        if (in.getShort(start) != MAGIC) {
            throw new ControlViolation("a frame does not begin with the magic number");
        }
        if (in.get(start + AT_VERSION) != version) {
            throw new ControlViolation(
                    "a frame of version " + in.get(start + AT_VERSION) + " where " + version + " is spoken");
        }
        RecordCodec codec = protocol.codec(in.get(start + AT_TYPE));
        String name = codec.type().getSimpleName();
        if (in.get(start + AT_DESCRIPTORS) != codec.descriptors()) {
            throw new ControlViolation(name + " claims " + in.get(start + AT_DESCRIPTORS) + " descriptors");
        }
        int payload = in.getInt(start + AT_LENGTH);
        if (payload < 0 || payload > MAX_PAYLOAD_BYTES) {
            throw new ControlViolation(name + " claims " + payload + " bytes");
        }
        if (in.remaining() < HEADER_BYTES + payload) {
            return null;
        }
        return decode(codec, in, start + HEADER_BYTES, payload);
    }

    private ControlMessage decode(RecordCodec codec, ByteBuffer in, int start, int payload) throws ControlViolation {
        int limit = in.limit();
        in.limit(start + payload).position(start);
        reader.begin(in);
        try {
            ControlMessage message = (ControlMessage) codec.read(reader);
            reader.end();
            return message;
        } catch (ControlViolation | RuntimeException e) {
            reader.closeTaken();
            throw e;
        } finally {
            in.limit(limit);
        }
    }
}
