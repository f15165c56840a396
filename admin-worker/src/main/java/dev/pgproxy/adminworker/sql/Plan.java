package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.ipc.OperatorCommand;
import dev.pgproxy.common.view.View;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a statement comes down to. */
public sealed interface Plan {

    /** The command tag of CommandComplete. */
    String completion(int count);

    /** Commands of pgbouncer's, whose tags have no number. */
    Set<String> WITHOUT_COUNT = Set.of("SHOW", "KILL");

    /**
     * Rows out of the database in memory.
     *
     * @param sql for the engine
     * @param views that it reads
     * @param labels names of columns where the engine's own differ from PostgreSQL's; null elsewhere, and shorter than the rows
     * @param places where characters of {@code sql} stood in the statement
     * @param tag of CommandComplete, for the number of rows to follow
     * @param orElse what is run where the engine does not understand this; null for nothing
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

        /** A query of the proxy's own making. */
        static Query own(String sql, Set<View> views, String tag) {
            return new Query(sql, views, List.of(), Places.NONE, tag, null);
        }
    }

    /** Ends the connections that the query chooses, whose columns are pid, id and session_id. */
    record End(Query chosen) implements Plan {
        @Override
        public String completion(int count) {
            return chosen.completion(count);
        }
    }

    /** Rows out of the database in memory as COPY sends them. */
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
     * @param count of rows, or the place of one; {@link #ALL} for all that are left
     * @param isMove without the rows
     */
    record Fetch(String name, Direction direction, long count, boolean isMove) implements Plan {

        /** More than any result has. */
        public static final long ALL = Long.MAX_VALUE;

        /** Where the rows are, seen from where the cursor stands. */
        public enum Direction {
            FORWARD,
            BACKWARD,
            /** One row, counted from the first, or from the last where negative. */
            ABSOLUTE,
            /** One row, counted from where the cursor stands. */
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

    /** @param inTransaction whether the session says from now on that it is in a transaction */
    record Transaction(String tag, boolean inTransaction) implements Plan {
        @Override
        public String completion(int count) {
            return tag;
        }
    }

    /** @param name of a setting that is this session's own; empty when nothing changes */
    record Setting(String tag, String name, String value) implements Plan {
        @Override
        public String completion(int count) {
            return tag;
        }
    }
}
