package dev.pgproxy.common.channel;

import dev.pgproxy.common.loop.Descriptor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes a message's fields in order; {@link FieldReader} reads them back. Big-endian; byte arrays and strings follow their Int32 length.
 */
final class FieldWriter {

    /** The most bytes of one text for people; no message has more than two such texts. */
    static final int MAX_TEXT_BYTES = 6_000;

    private static final byte[] ELLIPSIS = "...".getBytes(StandardCharsets.US_ASCII);

    /** The upper two bits of a byte in UTF-8 that continues a character. */
    private static final int CONTINUATION_MASK = 0xc0;

    private static final int CONTINUATION = 0x80;
    private static final int FIRST_BEYOND_ASCII = 0x80;

    private final List<Descriptor> descriptors = new ArrayList<>();
    private ByteBuffer out = ByteBuffer.allocate(0);

    /** Begins a message in this buffer. */
    void begin(ByteBuffer buffer) {
        out = buffer;
        descriptors.clear();
    }

    /** The descriptors of the message that was written last. */
    List<Descriptor> descriptors() {
        return descriptors;
    }

    void descriptor(Descriptor value) {
        descriptors.add(value);
    }

    void int8(int value) {
        out.put((byte) value);
    }

    void int32(int value) {
        out.putInt(value);
    }

    void int64(long value) {
        out.putLong(value);
    }

    void float64(double value) {
        out.putDouble(value);
    }

    void bool(boolean value) {
        out.put((byte) (value ? 1 : 0));
    }

    void bytes(byte[] value) {
        out.putInt(value.length);
        out.put(value);
    }

    /** Written in place while it is ASCII: most strings are, and so need no copy. */
    void string(String value) {
        int start = out.position();
        out.putInt(value.length());
        for (int i = 0; i < value.length(); i++) {
            char each = value.charAt(i);
            if (each >= FIRST_BEYOND_ASCII) {
                out.position(start);
                bytes(value.getBytes(StandardCharsets.UTF_8));
                return;
            }
            out.put((byte) each);
        }
    }

    /** Text for people, truncated when it is longer than they would read. */
    void text(String value) {
        byte[] whole = value.getBytes(StandardCharsets.UTF_8);
        bytes(whole.length <= MAX_TEXT_BYTES ? whole : cut(whole));
    }

    /** Truncates, but never in the middle of a character. */
    private static byte[] cut(byte[] whole) {
        int end = MAX_TEXT_BYTES - ELLIPSIS.length;
        while ((whole[end] & CONTINUATION_MASK) == CONTINUATION) {
            end--;
        }
        byte[] cut = Arrays.copyOf(whole, end + ELLIPSIS.length);
        System.arraycopy(ELLIPSIS, 0, cut, end, ELLIPSIS.length);
        return cut;
    }
}
