package dev.pgproxy.common.ipc;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes a message's fields in order; {@link FieldReader} reads them back. Big-endian; bytes and strings with Int32 length before. */
final class FieldWriter {

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
