package dev.pgproxy.common.ipc;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Messages as bytes on the channel:
 *
 * <pre>
 *   Int16 magic "Pg" | Int8 version | Int8 type | Int8 fdCount | Int32 payload bytes | payload
 * </pre>
 */
public final class ControlFrame {

    /** Goes up when a frame or a message changes its form; {@link ControlMessage.Hello} carries it too. */
    public static final int VERSION = 7;

    /**
     * A startup packet has at most 10,000 bytes, what a session takes along {@link Resumption#MAX_BYTES}, and the values of a
     * configuration that travel together less than 20,000 ({@code ConfigReader} bounds each).
     */
    public static final int MAX_PAYLOAD_BYTES = 32 * 1024;

    public static final int HEADER_BYTES = 9;
    public static final int MAX_FRAME_BYTES = HEADER_BYTES + MAX_PAYLOAD_BYTES;

    private static final short MAGIC = 0x5067;

    private ControlFrame() {}

    /** Room for the longest frame, to encode with; it can be used for one after the other. */
    public static ByteBuffer scratch() {
        return ByteBuffer.allocate(MAX_FRAME_BYTES);
    }

    /**
     * The whole frame, ready to be written.
     *
     * @param frame from {@link #scratch}
     * @throws ControlViolation when the message is larger than a frame may be
     */
    public static byte[] encode(ControlMessage message, ByteBuffer frame) throws ControlViolation {
        frame.clear().position(HEADER_BYTES);
        try {
            message.encode(new FieldWriter(frame));
        } catch (BufferOverflowException e) {
            throw new ControlViolation(message.type() + " has more than " + MAX_PAYLOAD_BYTES + " bytes");
        }
        int length = frame.position();
        frame.putShort(0, MAGIC).put(2, (byte) VERSION).put(3, message.type().code());
        frame.put(4, (byte) message.type().fdCount()).putInt(5, length - HEADER_BYTES);
        byte[] bytes = new byte[length];
        frame.get(0, bytes);
        return bytes;
    }

    /**
     * Takes the next whole message off the buffer.
     *
     * @return null when the buffer holds no whole frame yet; nothing is consumed then
     * @throws ControlViolation on anything that {@link #encode} would not have written
     */
    public static @Nullable ControlMessage decodeNext(ByteBuffer in) throws ControlViolation {
        if (in.remaining() < HEADER_BYTES) {
            return null;
        }
        int start = in.position();
        if (in.getShort(start) != MAGIC) {
            throw new ControlViolation("a frame does not begin with the magic number");
        }
        if (in.get(start + 2) != VERSION) {
            throw new ControlViolation("a frame of version " + in.get(start + 2) + " where " + VERSION + " is spoken");
        }
        ControlMessageType type = ControlMessageType.ofCode(in.get(start + 3));
        if (in.get(start + 4) != type.fdCount()) {
            throw new ControlViolation(type + " claims " + in.get(start + 4) + " descriptors");
        }
        int payload = in.getInt(start + 5);
        if (payload < 0 || payload > MAX_PAYLOAD_BYTES) {
            throw new ControlViolation(type + " claims " + payload + " bytes");
        }
        if (in.remaining() < HEADER_BYTES + payload) {
            return null;
        }
        ControlMessage message = type.decode(new FieldReader(in.slice(start + HEADER_BYTES, payload)));
        in.position(start + HEADER_BYTES + payload);
        return message;
    }
}
