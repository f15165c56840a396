package dev.pgproxy.taskworker.promotion;

import dev.pgproxy.common.protocol.SqlState;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;

/**
 * Keeps others from writing to a primary that is being replaced, as far as a role can: its transactions are read only unless somebody asks for
 * others, and the sessions that are not pgproxy's own are ended.
 */
final class Fence {

    private static final String PARAMETER = "default_transaction_read_only";

    /** Looks whether the server has done what it was told, at most. */
    private static final int MAX_LOOKS = 40;

    private static final long LOOK_MS = 50;

    private static final String IS_IN_FORCE = "SELECT current_setting('" + PARAMETER + "')::bool";

    /** Not where it stands in postgresql.conf: then somebody else wants it. Not every role is shown the file. */
    private static final String IS_OURS =
            "SELECT setting = 'on' AND coalesce(sourcefile LIKE '%postgresql.auto.conf', source = 'configuration file')"
                    + " FROM pg_catalog.pg_settings WHERE name = '" + PARAMETER + "'";

    /** Those of pgproxy's task-worker stay: it has to look at the server. What others are is shown to pg_read_all_stats only. */
    private static final String OTHERS =
            " FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid"
                    + " WHERE (a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.usesysid IS NOT NULL)) AND a.pid <> pg_catalog.pg_backend_pid()"
                    + " AND NOT (a.application_name = 'pgproxy' AND a.usename = current_user)";

    /** As pg_terminate_backend() itself decides, which complains of the first that it may not end. */
    private static final String MAY_END = "((SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)"
            + " OR (r.rolsuper IS NOT TRUE AND (pg_catalog.pg_has_role(a.usesysid, 'USAGE')"
            + " OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))))";

    private static final String END = "SELECT count(*) FILTER (WHERE CASE WHEN " + MAY_END
            + " THEN pg_catalog.pg_terminate_backend(a.pid) END)" + OTHERS;

    private static final String COUNT = "SELECT count(*)" + OTHERS;

    /**
     * What came of it.
     *
     * @param ended sessions
     * @param problem what could not be done; empty when all was
     * @param remedy what to do about that
     */
    record Outcome(int ended, String problem, String remedy) {}

    private Fence() {}

    /** @throws SQLException when the server does not answer */
    static Outcome raise(Connection connection, String user) throws SQLException {
        String problem = "";
        String remedy = "";
        try {
            execute(connection, "ALTER SYSTEM SET " + PARAMETER + " = on");
            execute(connection, "SELECT pg_catalog.pg_reload_conf()");
            if (!await(connection, IS_IN_FORCE)) {
                problem = "it has not taken over " + PARAMETER + " yet";
                remedy = "See its log.";
            }
        } catch (SQLException e) {
            if (!SqlState.INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                throw e;
            }
            problem = user + " may not set " + PARAMETER + ": " + e.getMessage();
            remedy = "For the next time, on PostgreSQL 15 or later: GRANT ALTER SYSTEM ON PARAMETER " + PARAMETER
                    + " TO " + user + "; GRANT EXECUTE ON FUNCTION pg_reload_conf TO " + user + ".";
        }
        int ended = number(connection, END);
        if (!await(connection, "SELECT NOT EXISTS (SELECT" + OTHERS + ")")) {
            int left = number(connection, COUNT);
            problem += (problem.isEmpty() ? "" : "; ") + left + " sessions on it were not ended";
            remedy += (remedy.isEmpty() ? "" : " ") + "pg_stat_activity on it shows them; to end them " + user
                    + " has to be a member of pg_signal_backend, and a superuser for those of superusers.";
        }
        return new Outcome(ended, problem, remedy);
    }

    /**
     * Takes it back where it is in force; does nothing where it is not.
     *
     * @return whether it was
     * @throws SQLException when that cannot be done
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

    private static int number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getInt(1);
        }
    }
}
