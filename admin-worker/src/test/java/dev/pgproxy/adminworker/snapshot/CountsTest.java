package dev.pgproxy.adminworker.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.view.Column;
import dev.pgproxy.common.view.View;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CountsTest {

    private final Map<View, List<@Nullable Object[]>> rows = new EnumMap<>(View.class);

    private static @Nullable Object[] row(View view, Object... namesAndValues) {
        @Nullable Object[] row = new @Nullable Object[view.columns().size()];
        List<String> names = view.columns().stream().map(Column::name).toList();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            row[names.indexOf((String) namesAndValues[i])] = namesAndValues[i + 1];
        }
        return row;
    }

    private static @Nullable Object value(View view, @Nullable Object[] row, String name) {
        return row[view.columns().stream().map(Column::name).toList().indexOf(name)];
    }

    private List<@Nullable Object[]> table(View view) {
        return rows.getOrDefault(view, List.of());
    }

    private void connection(int pid, String server, String state, long session, double seconds) {
        @Nullable
        Object[] row = row(
                View.CONNECTION,
                "pid",
                pid,
                "server",
                server,
                "state",
                state,
                "state_seconds",
                seconds,
                "user",
                "app",
                "database",
                "shop",
                "parameters",
                "");
        if (session > 0) {
            row[View.CONNECTION.columns().stream().map(Column::name).toList().indexOf("session_id")] = session;
        }
        rows.computeIfAbsent(View.CONNECTION, key -> new ArrayList<>()).add(row);
    }

    @Test
    void everyTableCountsTheSameConnections() {
        connection(1, "a:1", "active", 1, 0);
        connection(1, "a:1", "idle", 2, 0);
        connection(1, "a:1", "idle", 0, 0);
        connection(2, "a:1", "resetting", 0, 0);
        connection(2, "b:1", "login", 3, 0);
        connection(9, "a:1", "waiting", 4, 1.5);
        connection(9, "a:1", "waiting", 5, 2.5);
        rows.put(View.PROCESS, new ArrayList<>(List.of(row(View.PROCESS, "pid", 1), row(View.PROCESS, "pid", 9))));
        rows.put(View.SERVER, new ArrayList<>(List.<@Nullable Object[]>of(row(View.SERVER, "server", "a:1"))));
        Counts.complete(rows);
        @Nullable Object[] first = table(View.PROCESS).get(0);
        assertEquals(3, value(View.PROCESS, first, "total_cnn_num"));
        assertEquals(1, value(View.PROCESS, first, "idle_cnn_num"));
        assertEquals(2, value(View.PROCESS, table(View.PROCESS).get(1), "pending_cnn_num"));
        @Nullable Object[] server = table(View.SERVER).get(0);
        assertEquals(4, value(View.SERVER, server, "total_cnn_num"));
        assertEquals(1, value(View.SERVER, server, "idle_cnn_num"));
        assertEquals(2, value(View.SERVER, server, "active_cnn_num"));
        assertEquals(2, value(View.SERVER, server, "waiting_cnn_num"));
        @Nullable Object[] former = table(View.SERVER).get(1);
        assertEquals("b:1", value(View.SERVER, former, "server"));
        assertEquals("former", value(View.SERVER, former, "role"));
        @Nullable Object[] pool = table(View.POOL).get(0);
        assertEquals(2, value(View.POOL, pool, "waiting"));
        assertEquals(2.5, value(View.POOL, pool, "oldest_wait_seconds"));
        assertEquals(1, value(View.POOL, pool, "resetting"));
    }

    @Test
    void statisticsOfTheWorkersAreAddedUp() {
        rows.put(
                View.STATS,
                List.of(
                        row(
                                View.STATS,
                                "server",
                                "a",
                                "database",
                                "d",
                                "user",
                                "u",
                                "queries",
                                10L,
                                "queries_per_second",
                                1.0,
                                "query_ms_average",
                                2.0),
                        row(
                                View.STATS,
                                "server",
                                "a",
                                "database",
                                "d",
                                "user",
                                "u",
                                "queries",
                                30L,
                                "queries_per_second",
                                3.0,
                                "query_ms_average",
                                4.0),
                        row(View.STATS, "server", "a", "database", "d", "user", "v", "queries", 5L)));
        Counts.complete(rows);
        assertEquals(2, table(View.STATS).size());
        @Nullable Object[] sum = table(View.STATS).get(0);
        assertEquals(40L, value(View.STATS, sum, "queries"));
        assertEquals(4.0, value(View.STATS, sum, "queries_per_second"));
        assertEquals(3.5, value(View.STATS, sum, "query_ms_average"));
    }
}
