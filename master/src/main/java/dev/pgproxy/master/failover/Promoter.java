package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.connection.AdminConnection;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.postgresql.util.PSQLException;

/** Tells a standby to become the primary. Every method waits for the server, for as long as one look at it may take. */
final class Promoter {

    private static final String MEANS = """
            SELECT current_setting('server_version_num')::int,
                   coalesce(has_function_privilege(to_regprocedure('pg_catalog.pg_promote(boolean,integer)'), 'EXECUTE'), false),
                   coalesce(has_function_privilege(to_regprocedure('pg_catalog.lo_export(oid,text)'), 'EXECUTE'), false),
                   coalesce(current_setting('promote_trigger_file', true), ''),
                   EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata WHERE oid = ?::bigint::oid)
            """;

    private static final String OBJECT_PAGES =
            "SELECT count(*) FROM pg_catalog.pg_largeobject WHERE loid = ?::bigint::oid";

    private final ProxyConfig.AdminLogin login;
    private final ProxyConfig.Failover rules;

    Promoter(ProxyConfig.AdminLogin login, ProxyConfig.Failover rules) {
        this.login = login;
        this.rules = rules;
    }

    /** How the standby can be told, or why it cannot. */
    PromotionWay examine(ServerAddress standby) throws SQLException {
        try (Connection connection = open(standby)) {
            return examine(connection);
        }
    }

    private Connection open(ServerAddress standby) throws SQLException {
        return AdminConnection.open(standby, login, rules.probeTimeout().toMillis());
    }

    private PromotionWay examine(Connection connection) throws SQLException {
        int object = rules.triggerObject();
        try (PreparedStatement query = connection.prepareStatement(MEANS)) {
            query.setInt(1, object);
            try (ResultSet row = query.executeQuery()) {
                row.next();
                boolean exists = row.getBoolean(5);
                PromotionWay.Means means = new PromotionWay.Means(
                        row.getInt(1),
                        row.getBoolean(2),
                        row.getBoolean(3),
                        row.getString(4),
                        exists,
                        exists && row.getBoolean(3) ? pages(connection, object) : 0);
                return PromotionWay.choose(rules.method(), means, login, object);
            }
        }
    }

    /** Only a superuser may look, who is also who may export. */
    private static long pages(Connection connection, int object) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(OBJECT_PAGES)) {
            query.setInt(1, object);
            try (ResultSet row = query.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /**
     * Tells the standby. That it does not complain does not mean that it will be a primary.
     *
     * @return why it could not be told; empty when it was, or when it is a primary already
     */
    String tell(ServerAddress standby) {
        try (Connection connection = open(standby)) {
            if (!isInRecovery(connection)) {
                return "";
            }
            PromotionWay way = examine(connection);
            if (way instanceof PromotionWay.None none) {
                return none.problem() + " (" + none.remedy() + ")";
            }
            if (way instanceof PromotionWay.TriggerFile trigger) {
                export(connection, trigger.path());
            } else {
                promote(connection);
            }
            return "";
        } catch (SQLException e) {
            return problem(e);
        } catch (RuntimeException e) {
            return "it could not be asked: " + e;
        }
    }

    /** Why a standby could not be used: what it said, or why it said nothing. */
    static String problem(SQLException failure) {
        boolean isAnswer = failure instanceof PSQLException said && said.getServerErrorMessage() != null;
        return (isAnswer ? "it answered: " : "it could not be asked: ") + failure.getMessage();
    }

    private static boolean isInRecovery(Connection connection) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT pg_catalog.pg_is_in_recovery()");
                ResultSet row = query.executeQuery()) {
            row.next();
            return row.getBoolean(1);
        }
    }

    private static void promote(Connection connection) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT pg_catalog.pg_promote(false)")) {
            query.execute();
        }
    }

    private void export(Connection connection, String path) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT pg_catalog.lo_export(?::bigint::oid, ?)")) {
            query.setInt(1, rules.triggerObject());
            query.setString(2, path);
            query.execute();
        }
    }
}
