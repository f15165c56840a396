package dev.pgproxy.adminworker.sql;

import java.util.List;

/**
 * @param rows DataRow messages
 * @param bytes total bytes of the rows
 */
public record QueryResult(List<ResultColumn> columns, List<byte[]> rows, long bytes) {

    /** Memory that a column takes, or a row besides its values. */
    private static final long OVERHEAD_BYTES = 64;

    /** Approximate bytes that it takes in memory. */
    public long heldBytes() {
        return bytes + OVERHEAD_BYTES * (rows.size() + columns.size());
    }
}
