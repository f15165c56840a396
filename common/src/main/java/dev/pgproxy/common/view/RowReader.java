package dev.pgproxy.common.view;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the rows of a chunk that {@link RowWriter} wrote. */
public final class RowReader {

    private final ByteBuffer in;
    private final View view;

    /** @throws IllegalArgumentException when this is not a chunk */
    public RowReader(byte[] chunk) {
        in = ByteBuffer.wrap(chunk);
        view = View.ofCode(in.hasRemaining() ? in.get() : 0);
    }

    public View view() {
        return view;
    }

    /**
     * The next row, with values of the types in {@link ColumnType}.
     *
     * @return null after the last one
     * @throws IllegalArgumentException when the chunk ends inside a row
     */
    public @Nullable Object @Nullable [] next() {
        if (!in.hasRemaining()) {
            return null;
        }
        List<Column> columns = view.columns();
        @Nullable Object[] row = new @Nullable Object[columns.size()];
        try {
            for (int i = 0; i < row.length; i++) {
                row[i] = in.get() == 0 ? null : value(columns.get(i).type());
            }
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("a chunk ends inside a row of " + view, e);
        }
        return row;
    }

    private Object value(ColumnType type) {
        return switch (type) {
            case INT4 -> in.getInt();
            case INT8, TIMESTAMPTZ -> in.getLong();
            case FLOAT8 -> in.getDouble();
            case BOOL -> in.get() != 0;
            case TEXT -> {
                byte[] bytes = new byte[Short.toUnsignedInt(in.getShort())];
                in.get(bytes);
                yield new String(bytes, StandardCharsets.UTF_8);
            }
        };
    }
}
