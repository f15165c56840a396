package dev.pgproxy.taskworker.secret;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * A query left running by a client that is gone, and whether a cancel would do harm. If the client had been connected to the server
 * directly, the server would run it to the end.
 */
public enum AbandonedQuery {
    /** It can be cancelled: no client waits for it. */
    CANCELLABLE(""),
    /** A cancel would end the wait, and make visible what no standby may have yet. */
    COMMITTING_TO_STANDBYS(
            "it may be waiting for synchronous standbys, and would become visible without their confirmation"),
    /** A cancel could leave an invalid index, or half of something that has begun to be final. */
    UNFIT("it is a COMMIT, a two-phase command, or a command that builds or drops something CONCURRENTLY"),
    /** It is not known what the server runs. */
    UNKNOWN("the server could not be asked what it is");

    /** Comments before the first word are skipped. */
    private static final String UNFIT_PATTERN =
            "^(\\s|/\\*.*?\\*/|--[^\\n]*\\n)*(commit|end|prepare\\s+transaction|rollback\\s+prepared)\\M|\\mconcurrently\\M";

    /**
     * Without the right to see other sessions, their state is null. Without a transaction id there is nothing to commit. There is no row
     * once the process has ended.
     */
    private static final String QUERY = """
            SELECT CASE
                WHEN a.state IS NULL OR a.state OPERATOR(pg_catalog.=) 'disabled' THEN 'UNKNOWN'
                WHEN a.query OPERATOR(pg_catalog.~*) ? THEN 'UNFIT'
                WHEN pg_catalog.current_setting('synchronous_standby_names') OPERATOR(pg_catalog.=) '' THEN 'CANCELLABLE'
                WHEN a.backend_xid IS NOT NULL
                  OR COALESCE(a.wait_event, '') OPERATOR(pg_catalog.=) 'SyncRep' THEN 'COMMITTING_TO_STANDBYS'
                ELSE 'CANCELLABLE'
            END
            FROM pg_catalog.pg_stat_activity AS a WHERE a.pid OPERATOR(pg_catalog.=) ?
            """;

    private final String reason;

    AbandonedQuery(String reason) {
        this.reason = reason;
    }

    /** Why it is not cancelled; empty when it can be. */
    public String reason() {
        return reason;
    }

    /** Asks the server what its process with this pid is doing. */
    static AbandonedQuery of(Connection open, int pid) throws SQLException {
        try (PreparedStatement statement = open.prepareStatement(QUERY)) {
            statement.setString(1, UNFIT_PATTERN);
            statement.setInt(2, pid);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? valueOf(rows.getString(1)) : CANCELLABLE; // It has ended: a cancel does nothing.
            }
        }
    }
}
