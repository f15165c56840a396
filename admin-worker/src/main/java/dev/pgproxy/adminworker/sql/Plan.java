package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.ipc.OperatorCommand;
import dev.pgproxy.common.view.View;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a statement comes down to. */
public sealed interface Plan {

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
    record End(Query chosen) implements Plan {}

    /** @param argument a server, or empty */
    record Command(OperatorCommand command, String argument) implements Plan {}

    /** @param inTransaction whether the session says from now on that it is in a transaction */
    record Transaction(String tag, boolean inTransaction) implements Plan {}

    /** @param name of a setting that is this session's own; empty when nothing changes */
    record Setting(String tag, String name, String value) implements Plan {}
}
