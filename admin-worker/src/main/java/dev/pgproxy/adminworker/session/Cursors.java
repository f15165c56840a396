package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.sql.Plan;
import dev.pgproxy.adminworker.sql.QueryResult;
import dev.pgproxy.adminworker.sql.ResultColumn;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlStates;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The cursors that a session has declared, each with its whole result, as of its declaration. */
final class Cursors {

    private static final int MAX_CURSORS = 1_000;

    private static final class Cursor {
        private final QueryResult result;
        private final boolean holds;
        /** Whether the transaction that declared it is still open. */
        private boolean isNew;

        /** The number of the current row, from 1; 0 before the first row, and the number of rows plus one after the last. */
        private long position;

        private Cursor(QueryResult result, boolean holds, boolean isNew) {
            this.result = result;
            this.holds = holds;
            this.isNew = isNew;
        }

        private long rows() {
            return result.rows().size();
        }
    }

    private final Map<String, Cursor> cursors = new HashMap<>();

    /** Bytes of their results. */
    long heldBytes() {
        return cursors.values().stream()
                .mapToLong(cursor -> cursor.result.heldBytes())
                .sum();
    }

    /** @throws SqlProblem when this cursor cannot be declared now */
    void check(Plan.Declare plan, boolean inTransaction) throws SqlProblem {
        if (!plan.holds() && !inTransaction) {
            throw new SqlProblem(
                    SqlStates.NO_ACTIVE_SQL_TRANSACTION,
                    "DECLARE CURSOR can only be used in transaction blocks",
                    "Write BEGIN before it, or DECLARE ... CURSOR WITH HOLD FOR ....");
        }
        if (cursors.containsKey(plan.name())) {
            throw new SqlProblem(
                    SqlStates.DUPLICATE_CURSOR, "cursor \"" + plan.name() + "\" already exists", "CLOSE it first.");
        }
        if (cursors.size() >= MAX_CURSORS) {
            throw new SqlProblem(
                    SqlStates.PROGRAM_LIMIT_EXCEEDED, "there are " + MAX_CURSORS + " cursors already", "CLOSE some.");
        }
    }

    void declare(Plan.Declare plan, QueryResult result, boolean inTransaction) {
        cursors.put(plan.name(), new Cursor(result, plan.holds(), inTransaction));
    }

    private Cursor cursor(String name) throws SqlProblem {
        Cursor cursor = cursors.get(name);
        if (cursor == null) {
            throw new SqlProblem(SqlStates.INVALID_CURSOR_NAME, "cursor \"" + name + "\" does not exist", "");
        }
        return cursor;
    }

    /** Empty when there is no such cursor (yet). */
    List<ResultColumn> columns(String name) {
        Cursor cursor = cursors.get(name);
        return cursor == null ? List.of() : cursor.result.columns();
    }

    /** Returns the requested rows and moves the cursor. */
    QueryResult fetch(Plan.Fetch plan) throws SqlProblem {
        Cursor cursor = cursor(plan.name());
        List<byte[]> rows = new ArrayList<>();
        switch (plan.direction()) {
            case FORWARD -> step(cursor, plan.count(), rows);
            case BACKWARD -> step(cursor, -plan.count(), rows);
            case ABSOLUTE -> {
                long place = plan.count() < 0 ? cursor.rows() + 1 + plan.count() : plan.count();
                moveTo(cursor, place, rows);
            }
            case RELATIVE -> moveTo(cursor, cursor.position + plan.count(), rows);
        }
        long bytes = rows.stream().mapToLong(row -> row.length).sum();
        return new QueryResult(cursor.result.columns(), rows, bytes);
    }

    private static void moveTo(Cursor cursor, long place, List<byte[]> rows) {
        cursor.position = Math.max(0, Math.min(cursor.rows() + 1, place));
        if (cursor.position >= 1 && cursor.position <= cursor.rows()) {
            rows.add(cursor.result.rows().get((int) cursor.position - 1));
        }
    }

    /** @param count of rows; negative for backward, 0 for the current row */
    private static void step(Cursor cursor, long count, List<byte[]> rows) {
        if (count == 0) {
            moveTo(cursor, cursor.position, rows);
            return;
        }
        long left = Math.abs(count);
        long direction = count > 0 ? 1 : -1;
        boolean isInside = true;
        while (left > 0 && isInside) {
            moveTo(cursor, cursor.position + direction, rows);
            isInside = cursor.position >= 1 && cursor.position <= cursor.rows();
            left--;
        }
    }

    /** @throws SqlProblem when there is no cursor of this name */
    void close(Plan.Close plan) throws SqlProblem {
        if (plan.name().isEmpty()) {
            cursors.clear();
        } else {
            cursor(plan.name());
            cursors.remove(plan.name());
        }
    }

    /** @param committed if not, the cursors that the transaction declared are gone, held or not */
    void transactionEnded(boolean committed) {
        cursors.values().removeIf(cursor -> !cursor.holds || (cursor.isNew && !committed));
        cursors.values().forEach(cursor -> cursor.isNew = false);
    }

    void closeAll() {
        cursors.clear();
    }
}
