package dev.pgproxy.taskworker.promotion;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Errand;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.taskworker.connection.AdminConnection;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.postgresql.util.PSQLException;

/**
 * Runs one errand on one server, such as telling a standby to promote. Every method waits for the server, for as long as a probe may take.
 */
final class ErrandRun {

    private static final String MEANS = """
            SELECT current_setting('server_version_num')::int,
                   coalesce(has_function_privilege(to_regprocedure('pg_catalog.pg_promote(boolean,integer)'), 'EXECUTE'), false),
                   coalesce(has_function_privilege(to_regprocedure('pg_catalog.lo_export(oid,text)'), 'EXECUTE'), false),
                   coalesce(current_setting('promote_trigger_file', true), ''),
                   EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata WHERE oid = ?::bigint::oid)
            """;

    /** Needs no more than lo_export() does, which may be granted; only a superuser may read pg_largeobject. */
    private static final String FIRST_BYTE = "SELECT octet_length(pg_catalog.lo_get(?::bigint::oid, 0, 1))";

    private final ProxyConfig.AdminLogin login;
    private final ProbeMessages.RunErrand request;

    ErrandRun(ProxyConfig.AdminLogin login, ProbeMessages.RunErrand request) {
        this.login = login;
        this.request = request;
    }

    /** Runs the errand and returns its result. */
    static ProbeMessages.ErrandDone answer(ProxyConfig.AdminLogin login, ProbeMessages.RunErrand request) {
        ErrandRun run = new ErrandRun(login, request);
        if (run.isLate()) {
            return run.late(); // It has waited too long, or this process was suspended.
        }
        try (Connection connection = run.open()) {
            return run.run(connection);
        } catch (SQLException e) {
            return ProbeMessages.ErrandDone.notDone(request.requestId(), problem(e));
        } catch (RuntimeException | OutOfMemoryError e) {
            // A server can send what makes the driver fail.
            return ProbeMessages.ErrandDone.notDone(request.requestId(), "it could not be asked: " + e);
        }
    }

    private ProbeMessages.ErrandDone run(Connection connection) throws SQLException {
        return switch (request.errand()) {
            case EXAMINE -> answer(examine(connection));
            case PROMOTE, LIFT_FENCE_AND_PROMOTE -> tell(connection);
            case FENCE -> {
                Fence.Outcome outcome = Fence.raise(connection, login.user());
                yield done(outcome.ended(), outcome.problem(), outcome.remedy());
            }
            case LIFT_FENCE -> done(Fence.lift(connection) ? 1 : 0, "", "");
        };
    }

    private ProbeMessages.ErrandDone done(int count, String problem, String remedy) {
        return new ProbeMessages.ErrandDone(request.requestId(), true, count, problem, remedy);
    }

    private boolean isLate() {
        return System.nanoTime() - request.deadlineNs() > 0;
    }

    /** The master no longer waits, and may have decided otherwise since. */
    private ProbeMessages.ErrandDone late() {
        return ProbeMessages.ErrandDone.notDone(
                request.requestId(), "it was not told, because the master no longer waits for the answer");
    }

    private ProbeMessages.ErrandDone answer(PromotionMethod way) {
        return way instanceof PromotionMethod.None none ? done(0, none.problem(), none.remedy()) : done(0, "", "");
    }

    private Connection open() throws SQLException {
        return AdminConnection.open(request.server(), login, request.timeoutMs());
    }

    private PromotionMethod examine(Connection connection) throws SQLException {
        int object = request.triggerObject();
        try (PreparedStatement query = connection.prepareStatement(MEANS)) {
            query.setInt(1, object);
            try (ResultSet row = query.executeQuery()) {
                row.next();
                int version = row.getInt(1);
                boolean mayPromote = row.getBoolean(2);
                PromotionMethod.LargeObject found = PromotionMethod.LargeObject.NOT_NEEDED;
                if (PromotionMethod.needsObject(request.method(), version, mayPromote)) {
                    found = row.getBoolean(5) ? read(connection, object) : PromotionMethod.LargeObject.MISSING;
                }
                PromotionMethod.Means means =
                        new PromotionMethod.Means(version, mayPromote, row.getBoolean(3), row.getString(4), found);
                return PromotionMethod.choose(request.method(), means, login, object);
            }
        }
    }

    private static PromotionMethod.LargeObject read(Connection connection, int object) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(FIRST_BYTE)) {
            query.setInt(1, object);
            try (ResultSet row = query.executeQuery()) {
                row.next();
                return row.getInt(1) > 0 ? PromotionMethod.LargeObject.FILLED : PromotionMethod.LargeObject.EMPTY;
            }
        } catch (SQLException e) {
            if (SqlState.INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                return PromotionMethod.LargeObject.FORBIDDEN;
            }
            throw e;
        }
    }

    /** Tells the standby to promote, unless it is a primary already. Success does not mean that it will become one. */
    private ProbeMessages.ErrandDone tell(Connection connection) throws SQLException {
        if (!isInRecovery(connection)) {
            return done(0, "", "");
        }
        PromotionMethod way = examine(connection);
        if (request.errand() == Errand.LIFT_FENCE_AND_PROMOTE && !(way instanceof PromotionMethod.None)) {
            liftFence(connection);
        }
        if (isLate()) {
            return late();
        }
        if (way instanceof PromotionMethod.TriggerFile trigger) {
            export(connection, trigger.path());
        } else if (way instanceof PromotionMethod.PgPromote) {
            promote(connection);
        }
        return answer(way);
    }

    /**
     * Lifts a fence from when it was an old primary, since its clients want to write. If that fails, a primary that is read-only by
     * default is better than none.
     */
    private void liftFence(Connection connection) {
        try {
            if (Fence.lift(connection)) {
                Event.of("fence_lifted")
                        .with("server", request.server())
                        .message("default_transaction_read_only was reset on it, since it is to be the primary")
                        .info();
            }
        } catch (SQLException e) {
            Event.of("fence_not_lifted")
                    .with("server", request.server())
                    .message("it is promoted, and default_transaction_read_only could not be read: " + e.getMessage())
                    .hint("Where it is on: ALTER SYSTEM RESET default_transaction_read_only, and reload.")
                    .warn();
        }
    }

    /** Why a server could not be used: its error message, or why there is none. */
    private static String problem(SQLException failure) {
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
            query.setInt(1, request.triggerObject());
            query.setString(2, path);
            query.execute();
        }
    }
}
