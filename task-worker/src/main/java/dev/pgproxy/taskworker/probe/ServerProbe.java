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

    /** Class of SQLSTATE of a connection that was not made or broke. */
    private static final String CONNECTION_EXCEPTION = "08";

    /**
     * A standby that receives, and has replayed all that it has received, has no lag, however long ago the last transaction was. One that does
     * not receive is as old as what it replayed last.
     */
    private static final String HEALTH = """
            SELECT pg_catalog.pg_is_in_recovery(),
                   CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN 0
                        WHEN pg_catalog.pg_last_wal_receive_lsn() OPERATOR(pg_catalog.=) pg_catalog.pg_last_wal_replay_lsn()
                             AND EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver WHERE status OPERATOR(pg_catalog.=) 'streaming')
                        THEN 0
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
            // One that says no is there: it may be full, start up, or not know conninfo.user.
            String state = String.valueOf(e.getSQLState());
            boolean answered = e.getSQLState() != null && !state.startsWith(CONNECTION_EXCEPTION);
            return new ServerHealth(answered, false, UNKNOWN, String.valueOf(e.getMessage()));
        }
    }
}
