package dev.pgproxy.adminworker.sql;

import java.util.List;

/**
 * @param rows DataRow messages
 * @param bytes of all of them
 */
public record QueryResult(List<ResultColumn> columns, List<byte[]> rows, long bytes) {

    /** That a column, or a row besides its values, takes in memory. */
    private static final long OVERHEAD_BYTES = 64;

    /** What it takes in memory, about. */
    public long heldBytes() {
        return bytes + OVERHEAD_BYTES * (rows.size() + columns.size());
    }
}
