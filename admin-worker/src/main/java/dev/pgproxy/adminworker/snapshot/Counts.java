package dev.pgproxy.adminworker.snapshot;

import dev.pgproxy.common.view.Column;
import dev.pgproxy.common.view.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Counts from the rows of the table connection, so that no table can contradict it: the numbers in process and server, and the whole table
 * pool.
 */
final class Counts {

    private static final String WAITING = "waiting";

    private static final int PID = place(View.CONNECTION, "pid");
    private static final int STATE = place(View.CONNECTION, "state");
    private static final int SECONDS = place(View.CONNECTION, "state_seconds");
    private static final int SESSION = place(View.CONNECTION, "session_id");
    private static final int SERVER = place(View.CONNECTION, "server");
    private static final int USER = place(View.CONNECTION, "user");
    private static final int DATABASE = place(View.CONNECTION, "database");
    private static final int PARAMETERS = place(View.CONNECTION, "parameters");

    private static final int PROCESS_TOTAL = place(View.PROCESS, "total_cnn_num");
    private static final int SERVER_TOTAL = place(View.SERVER, "total_cnn_num");
    private static final int SERVER_ROLE = place(View.SERVER, "role");

    private static final int STATS_FIRST_NUMBER = place(View.STATS, "sessions");
    private static final int STATS_QUERIES = place(View.STATS, "queries_per_second");
    private static final int STATS_AVERAGE = place(View.STATS, "query_ms_average");

    private record Pool(Object server, Object user, Object database, Object parameters) {}

    /** The counts of a group of connections. */
    private static final class Count {
        private int idle;
        private int active;
        private int login;
        private int resetting;
        private int waiting;
        private double oldestWait = -1;

        private void add(@Nullable Object[] connection) {
            boolean hasClient = connection[SESSION] != null;
            String state = String.valueOf(connection[STATE]);
            if (state.equals(WAITING)) {
                waiting++;
                oldestWait = Math.max(oldestWait, (Double) orZero(connection[SECONDS]));
            } else if (state.equals("login")) {
                login++;
            } else if (hasClient) {
                active++;
            } else if (state.equals("idle")) {
                idle++;
            } else {
                resetting++;
            }
        }

        /** Connections to servers. */
        private int total() {
            return idle + active + login + resetting;
        }
    }

    private Counts() {}

    private static Object orZero(@Nullable Object value) {
        return value == null ? 0.0 : value;
    }

    private static int place(View view, String column) {
        List<String> names = view.columns().stream().map(Column::name).toList();
        return names.indexOf(column);
    }

    /** Fills in the counts, and adds the table pool. */
    static void complete(Map<View, List<@Nullable Object[]>> rows) {
        Map<Object, Count> byPid = new HashMap<>();
        Map<Object, Count> byServer = new LinkedHashMap<>();
        Map<Pool, Count> pools = new LinkedHashMap<>();
        for (@Nullable Object[] connection : rows.getOrDefault(View.CONNECTION, List.of())) {
            byPid.computeIfAbsent(key(connection[PID]), key -> new Count()).add(connection);
            byServer.computeIfAbsent(key(connection[SERVER]), key -> new Count())
                    .add(connection);
            Pool pool = new Pool(
                    key(connection[SERVER]),
                    key(connection[USER]),
                    key(connection[DATABASE]),
                    key(connection[PARAMETERS]));
            pools.computeIfAbsent(pool, key -> new Count()).add(connection);
        }
        for (@Nullable Object[] process : rows.getOrDefault(View.PROCESS, List.of())) {
            Count count = byPid.getOrDefault(key(process[0]), new Count());
            process[PROCESS_TOTAL] = count.total();
            process[PROCESS_TOTAL + 1] = count.idle;
            process[PROCESS_TOTAL + 2] = count.waiting + count.login;
        }
        List<@Nullable Object[]> servers = rows.get(View.SERVER);
        if (servers != null) {
            completeServers(servers, byServer);
        }
        List<@Nullable Object[]> poolRows = new ArrayList<>();
        pools.forEach((pool, count) -> poolRows.add(new @Nullable Object[] {
            pool.server(),
            pool.user(),
            pool.database(),
            pool.parameters(),
            count.active,
            count.idle,
            count.login,
            count.resetting,
            count.waiting,
            count.oldestWait < 0 ? null : count.oldestWait
        }));
        rows.put(View.POOL, poolRows);
        List<@Nullable Object[]> stats = rows.get(View.STATS);
        if (stats != null) {
            rows.put(View.STATS, sums(stats));
        }
    }

    /** Each worker reports its own sessions; an operator wants the sum. */
    private static List<@Nullable Object[]> sums(List<@Nullable Object[]> stats) {
        Map<List<Object>, @Nullable Object[]> byKind = new LinkedHashMap<>();
        for (@Nullable Object[] row : stats) {
            List<Object> kind = List.of(key(row[0]), key(row[1]), key(row[2]));
            @Nullable Object[] sum = byKind.get(kind);
            if (sum == null) {
                byKind.put(kind, row);
            } else {
                add(sum, row);
            }
        }
        return new ArrayList<>(byKind.values());
    }

    private static void add(@Nullable Object[] sum, @Nullable Object[] row) {
        double queriesBefore = (Double) orZero(sum[STATS_QUERIES]);
        double queries = (Double) orZero(row[STATS_QUERIES]);
        double both = queriesBefore + queries;
        double average = both == 0
                ? 0
                : (queriesBefore * (Double) orZero(sum[STATS_AVERAGE]) + queries * (Double) orZero(row[STATS_AVERAGE]))
                        / both;
        for (int i = STATS_FIRST_NUMBER; i < sum.length; i++) {
            if (sum[i] instanceof Long count && row[i] instanceof Long more) {
                sum[i] = count + more;
            } else if (sum[i] instanceof Double value && row[i] instanceof Double more) {
                sum[i] = value + more;
            }
        }
        sum[STATS_AVERAGE] = average;
    }

    /** Connections may outlive their server's place in the configuration; they are shown as well. */
    private static void completeServers(List<@Nullable Object[]> servers, Map<Object, Count> byServer) {
        for (@Nullable Object[] server : servers) {
            Count count = byServer.remove(key(server[0]));
            count(server, count == null ? new Count() : count);
        }
        byServer.forEach((name, count) -> {
            @Nullable
            Object[] former = new @Nullable Object[View.SERVER.columns().size()];
            former[0] = name;
            former[SERVER_ROLE] = "former";
            count(former, count);
            servers.add(former);
        });
    }

    private static void count(@Nullable Object[] server, Count count) {
        server[SERVER_TOTAL] = count.total();
        server[SERVER_TOTAL + 1] = count.idle;
        server[SERVER_TOTAL + 2] = count.active;
        server[SERVER_TOTAL + 3] = count.waiting;
    }

    private static Object key(@Nullable Object value) {
        return value == null ? "" : value;
    }
}
