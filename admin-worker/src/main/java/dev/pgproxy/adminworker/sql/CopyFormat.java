package dev.pgproxy.adminworker.sql;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How COPY writes rows. PostgreSQL's manual: COPY, "File Formats".
 *
 * @param csv CSV instead of the text format
 * @param delimiter one character
 * @param nullText what stands for null
 * @param header whether the first line has the names of the columns
 * @param quote one character, for CSV
 * @param escape one character, put before a quote in a value, for CSV
 */
public record CopyFormat(boolean csv, char delimiter, String nullText, boolean header, char quote, char escape) {

    private static final int DATA_ROW_HEADER = 5;

    static final CopyFormat TEXT = new CopyFormat(false, '\t', "\\N", false, '"', '"');
    static final CopyFormat CSV = new CopyFormat(true, ',', "", false, '"', '"');

    /** An upper bound for the bytes of all lines. */
    public long mostBytes(QueryResult result) {
        long values = (long) result.rows().size() * result.columns().size();
        return 2 * result.bytes()
                + values * (nullText.length() + 2)
                + result.rows().size();
    }

    /** The line with the names of the columns. */
    public byte[] headerLine(List<ResultColumn> columns) {
        return line(columns.stream().map(ResultColumn::name).toList());
    }

    /** The line of a row, from its DataRow message in text format. */
    public byte[] line(byte[] dataRow) {
        ByteBuffer in = ByteBuffer.wrap(dataRow, DATA_ROW_HEADER, dataRow.length - DATA_ROW_HEADER);
        List<@Nullable String> values = new ArrayList<>();
        int columns = in.getShort();
        for (int i = 0; i < columns; i++) {
            int length = in.getInt();
            byte[] value = new byte[Math.max(0, length)];
            in.get(value);
            values.add(length < 0 ? null : new String(value, StandardCharsets.UTF_8));
        }
        return line(values);
    }

    private byte[] line(List<? extends @Nullable String> values) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < values.size(); i++) {
            @Nullable String value = values.get(i);
            line.append(i == 0 ? "" : delimiter);
            if (value == null) {
                line.append(nullText);
            } else if (csv) {
                quoted(value, values.size() == 1, line);
            } else {
                escaped(value, line);
            }
        }
        return line.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    private void escaped(String value, StringBuilder line) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '\b' -> line.append("\\b");
                case '\f' -> line.append("\\f");
                case '\n' -> line.append("\\n");
                case '\r' -> line.append("\\r");
                case '\t' -> line.append("\\t");
                case '\u000b' -> line.append("\\v");
                case '\\' -> line.append("\\\\");
                default -> line.append(c == delimiter ? "\\" : "").append(c);
            }
        }
    }

    private void quoted(String value, boolean isAlone, StringBuilder line) {
        boolean needsQuotes = value.equals(nullText)
                || (isAlone && value.equals("\\."))
                || value.chars().anyMatch(c -> c == delimiter || c == quote || c == '\n' || c == '\r');
        if (!needsQuotes) {
            line.append(value);
            return;
        }
        line.append(quote);
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            line.append(c == quote || c == escape ? String.valueOf(escape) : "").append(c);
        }
        line.append(quote);
    }
}
