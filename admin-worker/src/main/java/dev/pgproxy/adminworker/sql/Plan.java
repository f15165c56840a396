package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.ipc.OperatorCommand;
import dev.pgproxy.common.view.View;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What to do for a statement. */
public sealed interface Plan {

    /** The command tag of CommandComplete. */
    String completion(int count);

    /** Commands of pgbouncer, whose tags have no count. */
    Set<String> WITHOUT_COUNT = Set.of("SHOW", "KILL");

    /**
     * Rows from the in-memory database.
     *
     * @param sql for the engine
     * @param views that it reads
     * @param labels names of columns where the engine's differ from PostgreSQL's; null elsewhere. May be shorter than a row
     * @param places where the characters of {@code sql} were in the statement
     * @param tag of CommandComplete, before the number of rows
     * @param orElse run instead if the engine does not understand this; null for none
     */
    record Query(
            String sql,
            Set<View> views,
            List<@Nullable String> labels,
            Places places,
            String tag,
            @Nullable Query orElse)
            implements Plan {

        @Override
        public String completion(int count) {
            return WITHOUT_COUNT.contains(tag) ? tag : tag + " " + count;
        }

        Query orElse(Query other) {
            return new Query(sql, views, labels, places, tag, other);
        }

        Query withTag(String other) {
            return new Query(sql, views, labels, places, other, orElse);
        }

        /** Whether it compares texts with patterns. */
        boolean matches() {
            String upper = sql.toUpperCase(Locale.ROOT);
            return upper.contains(" LIKE ") || upper.contains(" ILIKE ");
        }

        /** A query that the proxy itself makes. */
        static Query own(String sql, Set<View> views, String tag) {
            return new Query(sql, views, List.of(), Places.NONE, tag, null);
        }
    }

    /** Ends the connections that the query selects; its columns are pid, id and session_id. */
    record End(Query chosen) implements Plan {
        @Override
        public String completion(int count) {
            return chosen.completion(count);
        }
    }

    /** Rows from the in-memory database as COPY sends them. */
    record Copy(Query query, CopyFormat format) implements Plan {
        @Override
        public String completion(int count) {
            return query.completion(count);
        }
    }

    /** @param holds whether the cursor outlives the transaction */
    record Declare(String name, Query query, boolean holds) implements Plan {
        @Override
        public String completion(int count) {
            return "DECLARE CURSOR";
        }
    }

    /**
     * Rows of a cursor.
     *
     * @param count of rows, or the position of one; {@link #ALL} for all that are left
     * @param isMove whether to move without returning the rows
     */
    record Fetch(String name, Direction direction, long count, boolean isMove) implements Plan {

        /** More than any result has. */
        public static final long ALL = Long.MAX_VALUE;

        /** Where the rows are, as seen from the cursor. */
        public enum Direction {
            FORWARD,
            BACKWARD,
            /** One row, counted from the first, or from the last if negative. */
            ABSOLUTE,
            /** One row, counted from the cursor's position. */
            RELATIVE
        }

        @Override
        public String completion(int rows) {
            return (isMove ? "MOVE " : "FETCH ") + rows;
        }
    }

    /** @param name of a cursor; empty for all */
    record Close(String name) implements Plan {
        @Override
        public String completion(int count) {
            return name.isEmpty() ? "CLOSE CURSOR ALL" : "CLOSE CURSOR";
        }
    }

    /** @param argument a server, or empty */
    record Command(OperatorCommand command, String argument) implements Plan {
        @Override
        public String completion(int count) {
            return command.name();
        }
    }

    /** @param inTransaction whether the session then reports that it is in a transaction */
    record Transaction(String tag, boolean inTransaction) implements Plan {
        @Override
        public String completion(int count) {
            return tag;
        }
    }

    /** @param name of a setting of this session; empty when nothing changes */
    record Setting(String tag, String name, String value) implements Plan {
        @Override
        public String completion(int count) {
            return tag;
        }
    }
}
