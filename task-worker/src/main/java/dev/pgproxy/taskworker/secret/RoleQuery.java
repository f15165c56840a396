package dev.pgproxy.taskworker.secret;

import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.protocol.SqlState;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Queries a server about a role and a database. Everything is schema-qualified, and the connection's search_path is fixed as well.
 *
 * <p>The fingerprint covers the row versions (xmin) of the role and the database, and their settings, so it changes with every ALTER of
 * either, even one that is reverted later. It also covers the roles that the role is a direct or indirect member of, since pg_hba.conf can
 * admit a group.
 */
final class RoleQuery {

    /** Length of an MD5 hash in hexadecimal. */
    private static final int FINGERPRINT_CHARS = 32;

    /** SQLSTATE classes of errors after which this connection is no longer usable. */
    private static final String CONNECTION_EXCEPTION = "08";

    private static final String OPERATOR_INTERVENTION = "57";

    // dathasloginevt is new in 17: a session that has to fire a login trigger must always be a new one.
    private static final String TEMPLATE = """
            SELECT r.rolcanlogin AND d.datallowconn
                   AND pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT')
                   AND NOT coalesce((pg_catalog.to_jsonb(d) OPERATOR(pg_catalog.->>) 'dathasloginevt')::pg_catalog.bool, false),
                   CASE WHEN r.rolvaliduntil OPERATOR(pg_catalog.=) '-infinity' THEN 0
                        WHEN pg_catalog.isfinite(r.rolvaliduntil)
                        THEN pg_catalog.date_part('epoch', r.rolvaliduntil OPERATOR(pg_catalog.-) pg_catalog.now())
                             OPERATOR(pg_catalog.*) 1000 END,
                   pg_catalog.md5(pg_catalog.concat_ws('/', r.oid, %1$s, d.oid, d.xmin,
                       (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(':', s.setdatabase, s.setrole, s.setconfig::pg_catalog.text),
                                                     ';' ORDER BY s.setdatabase, s.setrole)
                        FROM pg_catalog.pg_db_role_setting s
                        WHERE s.setdatabase OPERATOR(pg_catalog.=) ANY (ARRAY[0::pg_catalog.oid, d.oid])
                          AND s.setrole OPERATOR(pg_catalog.=) ANY (ARRAY[0::pg_catalog.oid, r.oid])),
                       (WITH RECURSIVE above(role) AS (
                            SELECT m.roleid FROM pg_catalog.pg_auth_members m WHERE m.member OPERATOR(pg_catalog.=) r.oid
                            UNION
                            SELECT m.roleid FROM pg_catalog.pg_auth_members m, above
                            WHERE m.member OPERATOR(pg_catalog.=) above.role)
                        SELECT pg_catalog.string_agg(pg_catalog.concat_ws(':', g.oid, g.rolname), ';' ORDER BY g.oid)
                        FROM above, pg_catalog.pg_roles g WHERE g.oid OPERATOR(pg_catalog.=) above.role))),
                   %2$s
            FROM pg_catalog.%3$s r, pg_catalog.pg_database d
            WHERE r.rolname OPERATOR(pg_catalog.=) ?::pg_catalog.name
              AND d.datname OPERATOR(pg_catalog.=) ?::pg_catalog.name
            """;

    private static final String WITH_VERIFIER = String.format(TEMPLATE, "r.xmin", "r.rolpassword", "pg_authid");

    /** For users that may not read pg_authid: the attributes that matter at session start stand in for the row's version. */
    private static final String WITHOUT_VERIFIER = String.format(
            TEMPLATE,
            "pg_catalog.concat(r.rolsuper, r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolconnlimit)",
            "NULL",
            "pg_roles");

    private RoleQuery() {}

    /** On the wire these methods look like "password", but they do not check it against pg_authid. */
    private static final String OTHERS_JUDGE = "SELECT count(*) FROM pg_catalog.pg_hba_file_rules"
            + " WHERE auth_method OPERATOR(pg_catalog.=) ANY (ARRAY['ldap', 'pam', 'radius', 'bsd'])"
            + " OR error IS NOT NULL";

    /**
     * Whether every cleartext password is checked against pg_authid, as far as the server's pg_hba.conf tells. This is the file, which may
     * have been changed but not loaded yet; with an error in it, older rules are in force.
     *
     * @throws SQLException when the server does not answer
     */
    static boolean isCleartextCheckable(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(OTHERS_JUDGE)) {
            return rows.next() && rows.getInt(1) == 0;
        } catch (SQLException e) {
            if (isConnectionLost(e)) {
                throw e;
            }
            return false; // Not permitted, or the view cannot be read: what cannot be seen is not relied on.
        }
    }

    private static boolean isConnectionLost(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return state.startsWith(CONNECTION_EXCEPTION) || state.startsWith(OPERATOR_INTERVENTION);
    }

    /**
     * Queries a role.
     *
     * @param cleartextCheckable the result of {@link #isCleartextCheckable}
     * @throws SQLException when the server does not answer
     */
    static RoleFacts run(Connection connection, String user, String database, boolean cleartextCheckable)
            throws SQLException {
        RoleFacts facts = ask(connection, user, database);
        return new RoleFacts(
                facts.known(),
                facts.mayLogIn(),
                cleartextCheckable,
                facts.validForMs(),
                facts.fingerprint(),
                facts.verifiers(),
                true);
    }

    private static RoleFacts ask(Connection connection, String user, String database) throws SQLException {
        try {
            return run(connection, WITH_VERIFIER, user, database);
        } catch (SQLException e) {
            if (!SqlState.INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                throw e;
            }
            return run(connection, WITHOUT_VERIFIER, user, database);
        }
    }

    /** Rejects what no PostgreSQL server would answer. */
    private static String fingerprint(@Nullable String answered) throws SQLException {
        if (answered == null || answered.length() != FINGERPRINT_CHARS) {
            throw new SQLException("the server's answer about a role is malformed", SqlState.PROTOCOL_VIOLATION);
        }
        return answered;
    }

    private static RoleFacts run(Connection connection, String sql, String user, String database) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, user);
            statement.setString(2, database);
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    return new RoleFacts(true, false, false, RoleFacts.FOR_EVER, "", List.of(), true);
                }
                boolean mayLogIn = rows.getBoolean(1);
                double validForMs = rows.getDouble(2);
                long validFor = rows.wasNull() ? RoleFacts.FOR_EVER : (long) validForMs;
                String verifier = rows.getString(4);
                return new RoleFacts(
                        true,
                        mayLogIn,
                        false,
                        validFor,
                        fingerprint(rows.getString(3)),
                        verifier == null ? List.of() : List.of(verifier),
                        true);
            }
        }
    }
}
