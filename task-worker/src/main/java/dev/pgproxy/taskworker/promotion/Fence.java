package dev.pgproxy.taskworker.promotion;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.postgresql.util.PSQLException;

/**
 * Keeps others from writing to a primary that is being replaced, as far as a role can: transactions are read-only by default, and all
 * sessions but those of pgproxy's task-worker are ended.
 */
final class Fence {

    private static final String PARAMETER = "default_transaction_read_only";

    /** Maximum number of checks whether the server has done what it was told. */
    private static final int MAX_LOOKS = 40;

    private static final long LOOK_MS = 50;

    private static final String IS_IN_FORCE = "SELECT current_setting('" + PARAMETER + "')::bool";

    /** A setting from postgresql.conf is not ours: then an operator wants it. Not every role can see the file. */
    private static final String IS_OURS =
            "SELECT setting = 'on' AND coalesce(sourcefile LIKE '%postgresql.auto.conf', source = 'configuration file')"
                    + " FROM pg_catalog.pg_settings WHERE name = '" + PARAMETER + "'";

    /**
     * The sessions of pgproxy's task-worker stay, since it has to probe the server. The backend type of others is visible to
     * pg_read_all_stats only.
     */
    private static final String OTHERS =
            " FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid"
                    + " WHERE coalesce(a.backend_type, 'client backend') = 'client backend' AND a.usesysid IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()"
                    + " AND NOT (a.application_name = 'pgproxy' AND a.usename = current_user)";

    /** The rule of pg_terminate_backend() itself, which raises an error at the first session that it may not end. */
    private static final String MAY_END = "((SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)"
            + " OR (r.rolsuper IS NOT TRUE AND (pg_catalog.pg_has_role(a.usesysid, 'USAGE')"
            + " OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))))";

    /** Returns each session and whether it may be ended, and ends it if so. Later sessions are read-only by default. */
    private static final String END = "SELECT a.pid, " + MAY_END + ", CASE WHEN " + MAY_END
            + " THEN pg_catalog.pg_terminate_backend(a.pid) END" + OTHERS;

    private static final String ARE_LEFT =
            "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE pid IN (%s))";

    /**
     * The result of raising the fence.
     *
     * @param ended number of sessions that were ended
     * @param problem what could not be done; empty when everything was
     * @param remedy what to do about it
     */
    record Outcome(int ended, String problem, String remedy) {}

    private Fence() {}

    /**
     * Raises the fence, as far as this role may.
     *
     * @throws SQLException when the server does not answer
     */
    static Outcome raise(Connection connection, String user) throws SQLException {
        if (isTrue(connection, "SELECT pg_catalog.pg_is_in_recovery()")) {
            return new Outcome(0, "it is a standby now", "");
        }
        List<String> problems = new ArrayList<>();
        List<String> remedies = new ArrayList<>();
        forbidWrites(connection, user, problems, remedies);
        List<Integer> ended = new ArrayList<>();
        int spared = end(connection, ended);
        if (!ended.isEmpty()
                && !await(
                        connection,
                        ARE_LEFT.formatted(ended.stream().map(String::valueOf).collect(Collectors.joining(", "))))) {
            problems.add("not all sessions on it have ended yet");
            remedies.add("pg_stat_activity on it shows them.");
        }
        if (spared > 0) {
            problems.add(user + " may not end " + spared + " sessions on it");
            remedies.add("For the next time: GRANT pg_signal_backend TO " + user
                    + "; sessions of superusers only a superuser may end.");
        }
        return new Outcome(ended.size(), String.join("; ", problems), String.join(" ", remedies));
    }

    private static void forbidWrites(Connection connection, String user, List<String> problems, List<String> remedies)
            throws SQLException {
        try {
            execute(connection, "ALTER SYSTEM SET " + PARAMETER + " = on");
        } catch (SQLException e) {
            if (!isAnswer(e)) {
                throw e;
            }
            problems.add(PARAMETER + " could not be set: " + e.getMessage());
            remedies.add("For the next time, on PostgreSQL 15 or later: GRANT ALTER SYSTEM ON PARAMETER " + PARAMETER
                    + " TO " + user + ", and allow_alter_system = on.");
            return;
        }
        try {
            execute(connection, "SELECT pg_catalog.pg_reload_conf()");
        } catch (SQLException e) {
            if (!isAnswer(e)) {
                throw e;
            }
            execute(connection, "ALTER SYSTEM RESET " + PARAMETER); // Else a restart would apply it, perhaps in a year.
            problems.add("it could not be reloaded: " + e.getMessage());
            remedies.add("For the next time: GRANT EXECUTE ON FUNCTION pg_reload_conf TO " + user + ".");
            return;
        }
        if (!await(connection, IS_IN_FORCE)) {
            problems.add("it has not taken over " + PARAMETER + " yet");
            remedies.add("See its log.");
        }
    }

    /** Whether the server itself reported this error. */
    private static boolean isAnswer(SQLException failure) {
        return failure instanceof PSQLException said && said.getServerErrorMessage() != null;
    }

    /** @return how many sessions may not be ended */
    private static int end(Connection connection, List<Integer> ended) throws SQLException {
        int spared = 0;
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(END)) {
            while (rows.next()) {
                if (rows.getBoolean(2)) {
                    ended.add(rows.getInt(1));
                } else {
                    spared++;
                }
            }
        }
        return spared;
    }

    /**
     * Lifts the fence where it is in force; does nothing where it is not.
     *
     * @return whether it was in force
     * @throws SQLException when it cannot be lifted
     */
    static boolean lift(Connection connection) throws SQLException {
        if (!isTrue(connection, IS_OURS)) {
            return false;
        }
        execute(connection, "ALTER SYSTEM RESET " + PARAMETER);
        execute(connection, "SELECT pg_catalog.pg_reload_conf()");
        return true;
    }

    private static boolean await(Connection connection, String condition) throws SQLException {
        for (int look = 0; look < MAX_LOOKS; look++) {
            if (isTrue(connection, condition)) {
                return true;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(LOOK_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return false;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static boolean isTrue(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getBoolean(1);
        }
    }
}
