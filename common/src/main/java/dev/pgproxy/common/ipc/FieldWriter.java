package dev.pgproxy.common.ipc;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Writes a message's fields in order; {@link FieldReader} reads them back. Big-endian; bytes and strings with Int32 length before. */
final class FieldWriter {

    /** Of one text for people; no message has more than two of them. */
    static final int MAX_TEXT_BYTES = 6_000;

    private static final byte[] ELLIPSIS = "...".getBytes(StandardCharsets.US_ASCII);
    /** The upper two bits of a byte in UTF-8 that goes on with a character. */
    private static final int CONTINUATION_MASK = 0xc0;

    private static final int CONTINUATION = 0x80;

    private final ByteBuffer out;

    FieldWriter(ByteBuffer out) {
        this.out = out;
    }

    FieldWriter int32(int value) {
        out.putInt(value);
        return this;
    }

    FieldWriter int64(long value) {
        out.putLong(value);
        return this;
    }

    FieldWriter bool(boolean value) {
        out.put((byte) (value ? 1 : 0));
        return this;
    }

    FieldWriter bytes(byte[] value) {
        out.putInt(value.length);
        out.put(value);
        return this;
    }

    FieldWriter string(String value) {
        return bytes(value.getBytes(StandardCharsets.UTF_8));
    }

    /** Text for people, cut where it is longer than they would read. */
    FieldWriter text(String value) {
        byte[] whole = value.getBytes(StandardCharsets.UTF_8);
        return bytes(whole.length <= MAX_TEXT_BYTES ? whole : cut(whole));
    }

    /** Never in the middle of a character. */
    private static byte[] cut(byte[] whole) {
        int end = MAX_TEXT_BYTES - ELLIPSIS.length;
        while ((whole[end] & CONTINUATION_MASK) == CONTINUATION) {
            end--;
        }
        byte[] cut = Arrays.copyOf(whole, end + ELLIPSIS.length);
        System.arraycopy(ELLIPSIS, 0, cut, end, ELLIPSIS.length);
        return cut;
    }

    FieldWriter longs(List<Long> values) {
        int32(values.size());
        values.forEach(this::int64);
        return this;
    }

    FieldWriter strings(List<String> values) {
        int32(values.size());
        values.forEach(this::string);
        return this;
    }
}
