package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.sql.QueryResult;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A statement with its parameters, and how much of its result the client has received. */
final class Portal {

    private final Prepared statement;
    private final List<@Nullable Object> parameters;
    private final List<Boolean> formats;
    private final long bytes;
    private @Nullable QueryResult result;
    private int sent;

    /**
     * @param formats whether each column is wanted in binary; one for all, or none for text
     * @param bytes approximate bytes that the statement and the parameters take
     */
    Portal(Prepared statement, List<@Nullable Object> parameters, List<Boolean> formats, long bytes) {
        this.statement = statement;
        this.parameters = parameters;
        this.formats = formats;
        this.bytes = bytes;
    }

    Prepared statement() {
        return statement;
    }

    List<@Nullable Object> parameters() {
        return parameters;
    }

    List<Boolean> formats() {
        return formats;
    }

    /** Approximate bytes, including results that the client has not fetched yet. */
    long heldBytes() {
        return bytes + (result == null ? 0 : result.heldBytes());
    }

    boolean hasRun() {
        return result != null;
    }

    /** The statement has run, with this result. */
    void ran(QueryResult rows) {
        result = rows;
    }

    /**
     * Sends rows that the client has not received yet. Once it has all, none are kept.
     *
     * @param most rows to send; 0 for all
     * @return how many were sent
     */
    int send(int most, Consumer<byte[]> client) {
        QueryResult rows = result;
        if (rows == null) {
            throw new IllegalStateException("a portal that has not run has no rows");
        }
        int left = rows.rows().size() - sent;
        int count = most > 0 ? Math.min(most, left) : left;
        rows.rows().subList(sent, sent + count).forEach(client);
        sent += count;
        if (most <= 0 || count < most) {
            result = new QueryResult(rows.columns(), List.of(), 0);
            sent = 0;
        }
        return count;
    }
}
