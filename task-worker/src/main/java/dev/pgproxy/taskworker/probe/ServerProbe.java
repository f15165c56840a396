package dev.pgproxy.taskworker.probe;

import dev.pgproxy.common.probe.ServerFacts;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Asks a server how it is. */
final class ServerProbe {

    private static final double UNKNOWN = -1;

    /**
     * A standby that receives, and has replayed all that it has received, has no lag, however long ago the last transaction was. One that does
     * not receive is as old as what it replayed last. The receiver asks its server to answer after half of wal_receiver_timeout.
     */
    private static final String FACTS = """
            SELECT r.in_recovery,
                   (SELECT system_identifier FROM pg_catalog.pg_control_system()),
                   CASE WHEN NOT r.in_recovery
                        THEN ('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::int
                        ELSE coalesce(w.received_tli, (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint())) END,
                   (CASE WHEN r.in_recovery
                         THEN greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
                         ELSE pg_catalog.pg_current_wal_lsn() END - '0/0'::pg_lsn)::bigint,
                   (CASE WHEN r.in_recovery THEN pg_catalog.pg_last_wal_replay_lsn()
                         ELSE pg_catalog.pg_current_wal_lsn() END - '0/0'::pg_lsn)::bigint,
                   CASE WHEN NOT r.in_recovery THEN 0
                        WHEN w.status = 'streaming'
                             AND pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
                        ELSE extract(epoch FROM pg_catalog.clock_timestamp()
                             - pg_catalog.pg_last_xact_replay_timestamp())::float8 END,
                   w.pid IS NOT NULL AND coalesce(w.status = 'streaming', true),
                   coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - w.last_msg_receipt_time) * 1000, 0)::bigint,
                   (SELECT setting::bigint / 2 FROM pg_catalog.pg_settings WHERE name = 'wal_receiver_timeout')
              FROM (SELECT pg_catalog.pg_is_in_recovery() AS in_recovery) r
                   LEFT JOIN pg_catalog.pg_stat_wal_receiver w ON true
            """;

    /** A transaction that writes WAL, so that its commit puts all on the disk that others have committed without waiting for that. */
    private static final String FLUSH = "SELECT pg_catalog.pg_logical_emit_message(true, 'pgproxy', 'switchover')";

    private ServerProbe() {}

    /** Has a primary write out all that it has committed. */
    static void flush(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET synchronous_commit = on");
            statement.execute(FLUSH);
            statement.execute("RESET synchronous_commit");
        }
    }

    /** @throws SQLException when the server does not answer, or not in time */
    static ServerFacts ask(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(FACTS)) {
            row.next();
            double lagSeconds = row.getDouble(6);
            if (row.wasNull()) {
                lagSeconds = UNKNOWN;
            }
            return new ServerFacts(
                    row.getBoolean(1),
                    row.getLong(2),
                    row.getInt(3),
                    row.getLong(4),
                    row.getLong(5),
                    lagSeconds,
                    new ServerFacts.WalReceiver(row.getBoolean(7), row.getLong(8), row.getLong(9)));
        }
    }
}
