package dev.pgproxy.taskworker.probe;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.ServerHealth;
import dev.pgproxy.taskworker.connection.AdminConnection;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Asks a server how it is, on a connection of its own. */
public final class ServerProbe {

    private static final double UNKNOWN = -1;

    /** A standby that has replayed all that it has received has no lag, however long ago the last transaction was. */
    private static final String HEALTH = """
            SELECT pg_catalog.pg_is_in_recovery(),
                   CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN 0
                        WHEN pg_catalog.pg_last_wal_receive_lsn() OPERATOR(pg_catalog.=) pg_catalog.pg_last_wal_replay_lsn() THEN 0
                        ELSE pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()
                             OPERATOR(pg_catalog.-) pg_catalog.pg_last_xact_replay_timestamp()) END
            """;

    private ServerProbe() {}

    /** Looks; a server that cannot be asked is an answer, too. Blocks for about the time limit at most. */
    public static ServerHealth look(ServerAddress server, ProxyConfig.AdminLogin login, long timeoutMs) {
        try (Connection connection = AdminConnection.open(server, login, timeoutMs);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(HEALTH)) {
            row.next();
            boolean inRecovery = row.getBoolean(1);
            double lagSeconds = row.getDouble(2);
            return new ServerHealth(true, inRecovery, row.wasNull() ? UNKNOWN : lagSeconds, "");
        } catch (SQLException e) {
            return new ServerHealth(false, false, UNKNOWN, String.valueOf(e.getMessage()));
        }
    }
}
