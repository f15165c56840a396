package dev.pgproxy.adminworker.sql;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Reads DataRow messages back. */
final class Rows {

    private static final int HEADER_BYTES = 5;

    private Rows() {}

    /** The values of one row with bars between them, as psql shows them unaligned; {@code NULL} for null. */
    static String text(byte[] row) {
        ByteBuffer in = ByteBuffer.wrap(row, HEADER_BYTES, row.length - HEADER_BYTES);
        StringBuilder text = new StringBuilder();
        int columns = in.getShort();
        for (int i = 0; i < columns; i++) {
            int length = in.getInt();
            byte[] value = new byte[Math.max(0, length)];
            in.get(value);
            text.append(i == 0 ? "" : "|").append(length < 0 ? "NULL" : new String(value, StandardCharsets.UTF_8));
        }
        return text.toString();
    }
}
