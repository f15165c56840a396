package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.view.View;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** SHOW: what users of pgbouncer's console type by habit, as queries over the tables; and the settings that drivers read. */
final class Shows {

    private static final List<String[]> HELP = List.of(
            new String[] {"SELECT ... FROM connection", "clients, and connections to servers; \\dt lists the tables"},
            new String[] {"DELETE FROM connection WHERE ...", "ends the sessions that match"},
            new String[] {"RELOAD", "reads the configuration file anew, as SIGHUP does"},
            new String[] {"PAUSE [server]", "lets new clients wait, and waits until nobody uses the server"},
            new String[] {"RESUME [server]", "lets clients go on that wait because of PAUSE"},
            new String[] {"SWITCHOVER TO 'server'", "lets a standby take the primary's place, and loses nothing"},
            new String[] {"SWITCHOVER CANCEL", "calls that off, as long as the standby has not been told"},
            new String[] {"RECONNECT [server]", "uses no connection again that is open now"},
            new String[] {"SHUTDOWN", "stops pgproxy, as SIGTERM does"},
            new String[] {"SHOW HELP | TABLES | VERSION", "this list, the tables, the version"},
            new String[] {"SHOW CLUSTER", "which server is what, who could be promoted, lag, and what is wrong"},
            new String[] {
                "SHOW POOLS | CLIENTS | SERVERS | STATS | CONFIG | EVENTS | PROCESSES",
                "the tables pool, connection, server, stats, config, event and process, in short"
            });

    private Shows() {}

    static Plan plan(SqlText statement, Settings settings) throws SqlProblem {
        String what = statement.after(0).strip();
        return switch (statement.tokens().size() == 2 ? statement.word(1) : "") {
            case "HELP" -> query(values("command, meaning", HELP), EnumSet.noneOf(View.class));
            case "TABLES" -> query(values("\"table\", columns", tables()), EnumSet.noneOf(View.class));
            case "VERSION" ->
                query("SELECT " + literal(settings.value("server_version").orElse("")) + " AS version", Set.of());
            case "POOLS" ->
                query(
                        "SELECT server, database, \"user\", active AS cl_active, waiting AS cl_waiting, active AS sv_active,"
                                + " idle AS sv_idle, resetting AS sv_used, login AS sv_login,"
                                + " coalesce(oldest_wait_seconds, 0) AS maxwait, 'session' AS pool_mode, parameters"
                                + " FROM pool ORDER BY server, database, \"user\", parameters",
                        EnumSet.of(View.POOL));
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
            case "STATS" -> query("SELECT * FROM stats ORDER BY server, database, \"user\"", EnumSet.of(View.STATS));
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
