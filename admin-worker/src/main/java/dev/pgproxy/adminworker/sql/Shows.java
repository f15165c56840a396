package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.view.View;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** SHOW: what users of pgbouncer's console type by habit, as queries over the tables, and the settings that drivers read. */
final class Shows {

    private static final List<String[]> HELP = List.of(
            new String[] {"SELECT ... FROM connection", "clients, and connections to servers; \\dt lists the tables"},
            new String[] {"DELETE FROM connection WHERE ...", "ends the sessions that match"},
            new String[] {"RELOAD", "reads the configuration file again, as SIGHUP does"},
            new String[] {"PAUSE [server]", "makes new clients wait, and waits until the server is not used"},
            new String[] {"RESUME [server]", "lets the clients that wait because of PAUSE continue"},
            new String[] {"SWITCHOVER TO 'server'", "makes a standby the primary, without losing anything"},
            new String[] {"SWITCHOVER CANCEL", "calls the switchover off, as long as the promotion has not begun"},
            new String[] {"RECONNECT [server]", "closes each connection to the servers once its client leaves"},
            new String[] {"KILL [database]", "ends the sessions on a database, as DELETE FROM connection does"},
            new String[] {"SHUTDOWN", "stops pgproxy, as SIGTERM does"},
            new String[] {"SHOW HELP | TABLES | VERSION", "this list, the tables, the version"},
            new String[] {"SHOW CLUSTER", "the servers' parts, which could be promoted, lag, and what is wrong"},
            new String[] {
                "SHOW CLIENTS | SERVERS | CONFIG | EVENTS | PROCESSES | COUNTERS",
                "the tables connection, server, config, event, process and counter, in short"
            },
            new String[] {
                "SHOW POOLS | DATABASES | USERS | LISTS | STATS | STATS_TOTALS | STATS_AVERAGES",
                "what pgbouncer shows, in its columns, for what reads them"
            });

    /** One row for each database and user: programs that read this tell rows apart by these two. */
    private static final String POOLS = "SELECT database, \"user\", cl_active, cl_waiting, 0 AS cl_active_cancel_req,"
            + " 0 AS cl_waiting_cancel_req, cl_active AS sv_active, 0 AS sv_active_cancel, 0 AS sv_being_canceled, sv_idle, sv_used,"
            + " 0 AS sv_tested, sv_login, CAST(floor(wait) AS BIGINT) AS maxwait,"
            + " CAST(floor((wait - floor(wait)) * 1000000) AS BIGINT) AS maxwait_us, 'session' AS pool_mode"
            + " FROM (SELECT database, \"user\", sum(active) AS cl_active, sum(waiting) AS cl_waiting, sum(idle) AS sv_idle,"
            + " sum(resetting) AS sv_used, sum(login) AS sv_login, coalesce(max(oldest_wait_seconds), 0) AS wait"
            + " FROM pool GROUP BY database, \"user\") ORDER BY database, \"user\"";

    /** The host is the part before the last colon. */
    private static final String DATABASES =
            "SELECT d.database AS name, left(d.server, length(d.server) - length(d.port) - 1) AS host,"
                    + " d.port, d.database, CAST(NULL AS VARCHAR) AS force_user, coalesce(s.max_cnn_num, 0) AS pool_size, 0 AS min_pool_size,"
                    + " 0 AS reserve_pool, 'session' AS pool_mode, coalesce(s.max_cnn_num, 0) AS max_connections, d.current_connections,"
                    + " CASE WHEN s.paused THEN 1 ELSE 0 END AS paused, 0 AS disabled"
                    + " FROM (SELECT server, database, " + SqlFunctions.engineName("split_part")
                    + "(server, ':', -1) AS port,"
                    + " sum(active + idle + login + resetting) AS current_connections FROM pool GROUP BY server, database) d"
                    + " LEFT JOIN server s ON s.server = d.server ORDER BY d.database, d.server";

    private static final String USERS = "SELECT \"user\" AS name, 'session' AS pool_mode, 0 AS max_user_connections,"
            + " sum(active + idle + login + resetting) AS current_connections FROM pool GROUP BY \"user\" ORDER BY \"user\"";

    private static final String LISTS = "SELECT list, items FROM (VALUES"
            + " (1, 'databases', (SELECT count(DISTINCT database) FROM pool)),"
            + " (2, 'users', (SELECT count(DISTINCT \"user\") FROM pool)),"
            + " (3, 'pools', (SELECT count(*) FROM pool)),"
            + " (4, 'free_clients', 0),"
            + " (5, 'used_clients', (SELECT count(*) FROM connection WHERE fe_ip IS NOT NULL)),"
            + " (6, 'login_clients', (SELECT count(*) FROM connection WHERE fe_ip IS NOT NULL AND state IN ('login', 'waiting'))),"
            + " (7, 'free_servers', (SELECT coalesce(sum(idle), 0) FROM pool)),"
            + " (8, 'used_servers', (SELECT coalesce(sum(active + login + resetting), 0) FROM pool)),"
            + " (9, 'dns_names', 0), (10, 'dns_zones', 0), (11, 'dns_queries', 0), (12, 'dns_pending', 0))"
            + " AS lists(n, list, items) ORDER BY n";

    private Shows() {}

    /**
     * Statistics as in pgbouncer, by database, times in microseconds. The time of transactions is not known here; that of their queries is
     * used.
     *
     * @param totals prefix for the names of sums; null for no sums
     * @param averages prefix for the names of averages per second, and of average times; null for no averages
     */
    private static String stats(@Nullable String totals, @Nullable String averages) {
        StringBuilder sql = new StringBuilder("SELECT database");
        if (totals != null) {
            for (String column : List.of(
                    "sum(sessions)|server_assignment_count",
                    "sum(transactions)|xact_count",
                    "sum(queries)|query_count",
                    "sum(client_bytes)|" + (totals.isEmpty() ? "bytes_received" : "received"),
                    "sum(server_bytes)|" + (totals.isEmpty() ? "bytes_sent" : "sent"),
                    "sum(query_seconds) * 1000000|xact_time",
                    "sum(query_seconds) * 1000000|query_time",
                    "sum(wait_seconds) * 1000000|wait_time")) {
                append(sql, column, totals);
            }
        }
        if (averages != null) {
            String ofQuery =
                    "coalesce(sum(query_ms_average * queries_per_second) / nullif(sum(queries_per_second), 0), 0) * 1000";
            for (String column : List.of(
                    "sum(sessions_per_second)|server_assignment_count",
                    "sum(transactions_per_second)|xact_count",
                    "sum(queries_per_second)|query_count",
                    "sum(client_bytes_per_second)|" + (averages.isEmpty() ? "bytes_received" : "recv"),
                    "sum(server_bytes_per_second)|" + (averages.isEmpty() ? "bytes_sent" : "sent"),
                    ofQuery + "|xact_time",
                    ofQuery + "|query_time",
                    "coalesce(sum(wait_seconds) / nullif(sum(sessions), 0), 0) * 1000000|wait_time")) {
                append(sql, column, averages);
            }
        }
        return sql.append(" FROM stats GROUP BY database ORDER BY database").toString();
    }

    /** @param column its expression, a bar, and its name */
    private static void append(StringBuilder sql, String column, String prefix) {
        int bar = column.lastIndexOf('|');
        sql.append(", CAST(round(")
                .append(column, 0, bar)
                .append(") AS BIGINT) AS ")
                .append(prefix)
                .append(column, bar + 1, column.length());
    }

    static Plan plan(SqlText statement, Settings settings) throws SqlProblem {
        String what = statement.after(0).strip();
        return switch (statement.tokens().size() == 2 ? statement.word(1) : "") {
            case "HELP" -> query(values("command, meaning", HELP), EnumSet.noneOf(View.class));
            case "TABLES" -> query(values("\"table\", columns", tables()), EnumSet.noneOf(View.class));
            case "VERSION" ->
                query("SELECT " + literal(settings.value("server_version").orElse("")) + " AS version", Set.of());
            case "POOLS" -> query(POOLS, EnumSet.of(View.POOL));
            case "DATABASES" -> query(DATABASES, EnumSet.of(View.POOL, View.SERVER));
            case "USERS" -> query(USERS, EnumSet.of(View.POOL));
            case "LISTS" -> query(LISTS, EnumSet.of(View.CONNECTION, View.POOL));
            case "CLIENTS" ->
                query(
                        "SELECT 'C' AS type, \"user\", database, state, fe_ip AS addr, fe_port AS port, server,"
                                + " connected_at AS connect_time, state_seconds AS wait, application_name, wait_for, pid, id"
                                + " FROM connection WHERE fe_ip IS NOT NULL ORDER BY connected_at",
                        EnumSet.of(View.CONNECTION));
            case "SERVERS" -> query("SELECT * FROM server ORDER BY role, server", EnumSet.of(View.SERVER));
            case "CLUSTER" ->
                query(
                        "SELECT role, server, up, promote, promotable, not_promotable_because, timeline, lsn, lag_bytes,"
                                + " lag_seconds, upstream, problem, warning"
                                + " FROM server WHERE role <> 'former' ORDER BY role DESC, server",
                        EnumSet.of(View.SERVER));
            case "STATS" -> query(stats("total_", "avg_"), EnumSet.of(View.STATS));
            case "STATS_TOTALS" -> query(stats("", null), EnumSet.of(View.STATS));
            case "STATS_AVERAGES" -> query(stats(null, ""), EnumSet.of(View.STATS));
            case "COUNTERS" ->
                query(
                        "SELECT name, sum(\"value\") AS \"value\", min(help) AS help FROM counter GROUP BY name ORDER BY name",
                        EnumSet.of(View.COUNTER));
            case "CONFIG" -> query("SELECT * FROM config ORDER BY \"key\"", EnumSet.of(View.CONFIG));
            case "EVENTS" ->
                query("SELECT \"at\", process, level, line FROM event ORDER BY \"at\", id", EnumSet.of(View.EVENT));
            case "PROCESSES" -> query("SELECT * FROM process ORDER BY kind, slot", EnumSet.of(View.PROCESS));
            case "ALL" ->
                query(
                        "SELECT \"key\" AS name, \"value\" AS setting FROM config ORDER BY \"key\"",
                        EnumSet.of(View.CONFIG));
            default -> setting(what, settings);
        };
    }

    private static Plan setting(String what, Settings settings) throws SqlProblem {
        String name = what.replaceAll("(?i)^transaction\\s+isolation\\s+level$", "transaction_isolation")
                .replaceAll("(?i)^time\\s+zone$", "TimeZone")
                .replace("\"", "");
        String value = settings.value(name)
                .orElseThrow(() -> new SqlProblem(
                        SqlStates.UNDEFINED_OBJECT,
                        "unrecognized configuration parameter \"" + what + "\"",
                        "SHOW HELP lists what can be shown; the keys of pgproxy are in the table config."));
        return query("SELECT " + literal(value) + " AS \"" + name + "\"", Set.of());
    }

    private static List<String[]> tables() {
        return Arrays.stream(View.values())
                .map(view -> new String[] {
                    view.tableName(),
                    view.columns().stream().map(column -> column.name()).collect(Collectors.joining(", "))
                })
                .toList();
    }

    private static String values(String names, List<String[]> rows) {
        return "SELECT * FROM (VALUES "
                + rows.stream()
                        .map(row -> "(" + literal(row[0]) + ", " + literal(row[1]) + ")")
                        .collect(Collectors.joining(", "))
                + ") AS t(" + names + ")";
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private static Plan query(String sql, Set<View> views) {
        return Plan.Query.own(sql, views, "SHOW");
    }
}
