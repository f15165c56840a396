package dev.pgproxy.common.ipc;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads what {@link FieldWriter} wrote. Every length is checked before it is used. */
final class FieldReader {

    private final ByteBuffer in;

    FieldReader(ByteBuffer in) {
        this.in = in;
    }

    int int32() throws ControlViolation {
        try {
            return in.getInt();
        } catch (BufferUnderflowException e) {
            throw new ControlViolation("a message ends inside a field");
        }
    }

    long int64() throws ControlViolation {
        return ((long) int32() << 32) | (int32() & 0xffffffffL);
    }

    boolean bool() throws ControlViolation {
        if (!in.hasRemaining()) {
            throw new ControlViolation("a message ends inside a field");
        }
        return in.get() != 0;
    }

    byte[] bytes() throws ControlViolation {
        int length = int32();
        if (length < 0 || length > in.remaining()) {
            throw new ControlViolation("a field claims " + length + " bytes where " + in.remaining() + " are left");
        }
        byte[] value = new byte[length];
        in.get(value);
        return value;
    }

    String string() throws ControlViolation {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    /** @throws ControlViolation when it is the name of none */
    <E extends Enum<E>> E constant(Class<E> type) throws ControlViolation {
        String name = string();
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(name)) {
                return constant;
            }
        }
        throw new ControlViolation("an unknown " + type.getSimpleName());
    }

    List<Long> longs() throws ControlViolation {
        int count = int32();
        if (count < 0 || count > in.remaining() / Long.BYTES) {
            throw new ControlViolation("a field claims " + count + " numbers");
        }
        List<Long> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            values.add(int64());
        }
        return List.copyOf(values);
    }

    List<String> strings() throws ControlViolation {
        int count = int32();
        if (count < 0 || count > in.remaining() / Integer.BYTES) {
            throw new ControlViolation("a field claims " + count + " strings");
        }
        List<String> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            values.add(string());
        }
        return List.copyOf(values);
    }

    void end() throws ControlViolation {
        if (in.hasRemaining()) {
            throw new ControlViolation(in.remaining() + " bytes behind the last field of a message");
        }
    }
}
