package dev.pgproxy.taskworker.probe;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;

/** Queries the state of a server. */
final class ServerProbe {

    private static final double UNKNOWN = -1;

    /** Bound on what a standby reports of its upstream; longer lists of hosts are ignored. */
    private static final int MAX_HOSTS_CHARS = 1_000;

    /** A server may return more than the query asks for. */
    private static final int MAX_SLOTS = 5;

    private static final int MAX_NAME_CHARS = 63;

    /**
     * A standby that is streaming and has replayed all that it has received has no lag, however long ago the last transaction was. Any
     * other standby lags by the age of the last transaction that it replayed. The WAL receiver asks its server to reply after half of
     * wal_receiver_timeout.
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
                   s.receiver_timeout / 2,
                   coalesce(w.sender_host, ''),
                   coalesce(w.sender_port, 0),
                   coalesce(substring(w.conninfo FROM '(?:^| )hostaddr=([^ ]+)'), substring(w.conninfo FROM '(?:^| )host=([^ ]+)'), ''),
                   coalesce(substring(w.conninfo FROM '(?:^| )port=([^ ]+)'), ''),
                   coalesce(s.rewindable, true),
                   coalesce(s.keeps_wal, true) OR EXISTS (SELECT FROM pg_catalog.pg_replication_slots
                             WHERE slot_type = 'physical' AND restart_lsn IS NOT NULL AND NOT temporary),
                   ARRAY(SELECT slot_name FROM pg_catalog.pg_replication_slots slots
                          WHERE slot_type = 'physical'
                             AND pg_catalog.to_jsonb(slots) ->> 'wal_status' IN ('lost', 'unreserved') ORDER BY 1 LIMIT 5)
              FROM (SELECT pg_catalog.pg_is_in_recovery() AS in_recovery) r
                   CROSS JOIN (SELECT max(CASE WHEN name = 'wal_receiver_timeout' THEN setting::bigint END) AS receiver_timeout,
                                      bool_or(CASE WHEN name IN ('wal_log_hints', 'data_checksums') THEN setting = 'on' END) AS rewindable,
                                      bool_or(CASE name WHEN 'archive_mode' THEN setting <> 'off'
                                                        WHEN 'wal_keep_size' THEN setting::bigint <> 0
                                                        WHEN 'wal_keep_segments' THEN setting::bigint <> 0 END) AS keeps_wal
                                 FROM pg_catalog.pg_settings
                                WHERE name IN ('wal_receiver_timeout', 'wal_log_hints', 'data_checksums', 'archive_mode',
                                               'wal_keep_size', 'wal_keep_segments')) s
                   LEFT JOIN pg_catalog.pg_stat_wal_receiver w ON true
            """;

    /** A transaction that writes WAL, so that its commit also flushes what others have committed asynchronously. */
    private static final String FLUSH = "SELECT pg_catalog.pg_logical_emit_message(true, 'pgproxy', 'switchover')";

    private ServerProbe() {}

    /** Has a primary flush all that it has committed. */
    static void flush(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET synchronous_commit = on");
            statement.execute(FLUSH);
            statement.execute("RESET synchronous_commit");
        }
    }

    /**
     * Queries the server.
     *
     * @param server the server
     * @param addresses that its name resolves to
     * @param upstream resolves the server that it receives WAL from
     * @param named resolves the servers that its primary_conninfo names
     * @throws SQLException when the server does not answer, or not in time
     */
    static ServerFacts ask(
            Connection connection,
            Endpoint server,
            List<String> addresses,
            UpstreamAddresses upstream,
            UpstreamAddresses named)
            throws SQLException {
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
                    new ServerFacts.WalReceiver(row.getBoolean(7), row.getLong(8), row.getLong(9)),
                    topology(row, server, addresses, upstream, named));
        }
    }

    private static List<String> own(Endpoint server, List<String> addresses) {
        if (server instanceof Endpoint.Tcp tcp) {
            return UpstreamAddresses.own(addresses, tcp.port());
        }
        return UpstreamAddresses.ofThisHost(((Endpoint.Unix) server).port());
    }

    private static Topology topology(
            ResultSet row, Endpoint server, List<String> addresses, UpstreamAddresses upstream, UpstreamAddresses named)
            throws SQLException {
        boolean isShown = row.getString(10).length() + row.getString(12).length() <= MAX_HOSTS_CHARS;
        String sender = isShown ? row.getString(10) : "";
        String hosts = isShown ? row.getString(12) : "";
        boolean isHere = server instanceof Endpoint.Unix || UpstreamAddresses.areLoopback(addresses);
        return new Topology(
                own(server, addresses),
                sender.isEmpty()
                        ? ""
                        : Endpoint.ofServer(sender, row.getInt(11)).toString(),
                upstream.of(sender, row.getString(11), isHere),
                named.of(hosts, row.getString(13), isHere),
                row.getBoolean(14),
                row.getBoolean(15),
                Arrays.stream((String[]) row.getArray(16).getArray())
                        .limit(MAX_SLOTS)
                        .map(name -> name.substring(0, Math.min(name.length(), MAX_NAME_CHARS)))
                        .toList());
    }
}
