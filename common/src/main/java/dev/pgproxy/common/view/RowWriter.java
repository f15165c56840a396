package dev.pgproxy.common.view;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes rows of one table, column by column in their order, into chunks that each fit a control message. {@link RowReader} reads
 * them back.
 */
public final class RowWriter {

    /** A new chunk begins after this many bytes. */
    private static final int CHUNK_BYTES = 4 * 1024;

    /** Longer texts are truncated: a row must fit a message, however long the names that a client chooses. */
    private static final int MAX_TEXT_CHARS = 400;

    /** The same for the one text of which more is useful. */
    private static final int MAX_LONG_TEXT_CHARS = 2_000;

    /** The most that one row may take: a table has no more than ten texts of three bytes per char. */
    private static final int MAX_ROW_BYTES = 12_000;

    private static final byte NULL = 0;
    private static final byte VALUE = 1;

    private final View view;
    private final ByteBuffer buffer = ByteBuffer.allocate(CHUNK_BYTES + MAX_ROW_BYTES);
    private final List<byte[]> chunks = new ArrayList<>();
    private int column;

    public RowWriter(View view) {
        this.view = view;
        begin();
    }

    private void begin() {
        buffer.clear().put((byte) view.code());
    }

    public RowWriter int4(int value) {
        next(ColumnType.INT4);
        buffer.put(VALUE).putInt(value);
        return this;
    }

    public RowWriter int8(long value) {
        next(ColumnType.INT8);
        buffer.put(VALUE).putLong(value);
        return this;
    }

    public RowWriter float8(double value) {
        next(ColumnType.FLOAT8);
        buffer.put(VALUE).putDouble(value);
        return this;
    }

    public RowWriter bool(boolean value) {
        next(ColumnType.BOOL);
        buffer.put(VALUE).put((byte) (value ? 1 : 0));
        return this;
    }

    /** @param epochMicros microseconds since 1970 in UTC */
    public RowWriter timestamptz(long epochMicros) {
        next(ColumnType.TIMESTAMPTZ);
        buffer.put(VALUE).putLong(epochMicros);
        return this;
    }

    /** A text, truncated when it is long. */
    public RowWriter text(String value) {
        return text(value, MAX_TEXT_CHARS);
    }

    /** A text that may be longer; at most one per row. */
    public RowWriter longText(String value) {
        return text(value, MAX_LONG_TEXT_CHARS);
    }

    private RowWriter text(String value, int maxChars) {
        next(ColumnType.TEXT);
        String cut = value.length() > maxChars ? value.substring(0, maxChars) + "..." : value;
        byte[] bytes = cut.getBytes(StandardCharsets.UTF_8);
        buffer.put(VALUE).putShort((short) bytes.length).put(bytes);
        return this;
    }

    /** A text, or null. */
    public RowWriter textOrNull(@Nullable String value) {
        return value == null ? nothing() : text(value);
    }

    /** A null of the column's type. */
    public RowWriter nothing() {
        next(view.columns().get(column).type());
        buffer.put(NULL);
        return this;
    }

    private void next(ColumnType type) {
        Column expected = view.columns().get(column++);
        if (expected.type() != type) {
            throw new IllegalStateException(view + "." + expected.name() + " is not of type " + type);
        }
    }

    /** Ends a row. */
    public void endRow() {
        if (column != view.columns().size()) {
            throw new IllegalStateException("a row of " + view + " has " + column + " columns");
        }
        column = 0;
        if (buffer.position() >= CHUNK_BYTES) {
            flush();
        }
    }

    private void flush() {
        chunks.add(Arrays.copyOf(buffer.array(), buffer.position()));
        begin();
    }

    /** All rows so far. */
    public List<byte[]> chunks() {
        if (buffer.position() > 1) {
            flush();
        }
        return chunks;
    }
}
