package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.protocol.BackendMessage;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.h2.api.Interval;
import org.jspecify.annotations.Nullable;

/** Rows of the engine, in the form that a client receives. */
final class DataRows {

    private DataRows() {}

    /** The current row of the result, as a DataRow message. */
    static byte[] of(ResultSet rows, List<ResultColumn> columns, List<Boolean> formats) throws SQLException {
        int size = Short.BYTES;
        byte[][] values = new byte[columns.size()][];
        for (int i = 0; i < values.length; i++) {
            boolean binary = isBinary(formats, i);
            Object value = value(rows, i + 1, columns.get(i).type());
            values[i] = value == null ? null : columns.get(i).type().encode(value, binary);
            size += Integer.BYTES + (values[i] == null ? 0 : values[i].length);
        }
        ByteBuffer body = ByteBuffer.allocate(size).putShort((short) values.length);
        for (byte[] value : values) {
            if (value == null) {
                body.putInt(-1);
            } else {
                body.putInt(value.length).put(value);
            }
        }
        return BackendMessage.wrap(BackendMessage.DATA_ROW, body.array());
    }

    /** Whether a column is wanted in binary, by the format codes of Bind. */
    static boolean isBinary(List<Boolean> formats, int column) {
        return !formats.isEmpty() && (formats.size() == 1 ? formats.get(0) : formats.get(column));
    }

    private static @Nullable Object value(ResultSet rows, int index, PgType type) throws SQLException {
        return switch (type) {
            case TIMESTAMPTZ -> rows.getObject(index, OffsetDateTime.class);
            case TIMESTAMP -> rows.getObject(index, LocalDateTime.class);
            case DATE -> rows.getObject(index, LocalDate.class);
            case NUMERIC -> rows.getObject(index, BigDecimal.class);
            case TEXT -> text(rows, index);
            case INTERVAL -> rows.getObject(index) instanceof Interval span ? IntervalValue.of(span) : null;
            case INT4 -> rows.getObject(index) instanceof Interval span ? span.getDays() : rows.getObject(index);
            case BOOL, INT2, INT8, FLOAT4, FLOAT8 -> rows.getObject(index);
        };
    }

    private static @Nullable Object text(ResultSet rows, int index) throws SQLException {
        Object value = rows.getObject(index);
        if (value instanceof java.sql.Array array) {
            List<String> elements = new ArrayList<>();
            for (@Nullable Object element : (@Nullable Object[]) array.getArray()) {
                elements.add(element(element));
            }
            return "{" + String.join(",", elements) + "}";
        }
        return value == null ? null : rows.getString(index);
    }

    /** As array_out writes it. */
    private static String element(@Nullable Object element) {
        if (element == null) {
            return "NULL";
        }
        String text = element.toString();
        boolean needsQuotes = text.isEmpty()
                || text.equalsIgnoreCase("NULL")
                || text.chars().anyMatch(c -> Character.isWhitespace(c) || "{},\"\\".indexOf(c) >= 0);
        return needsQuotes ? '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"' : text;
    }
}
