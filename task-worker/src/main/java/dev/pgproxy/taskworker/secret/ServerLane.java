package dev.pgproxy.taskworker.secret;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.taskworker.connection.AdminConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Queries to one server, one at a time over one kept connection. A server that hangs delays only the queries to itself. */
final class ServerLane {

    private static final int MAX_WAITING = 4096;
    /** A server that could not be queried is left alone for this long, however many logins wait: it may count failures. */
    private static final long RETRY_PAUSE_NS = TimeUnit.SECONDS.toNanos(1);

    /** How often the server's pg_hba.conf is checked; that takes the server longer than a lookup. */
    private static final long ACCESS_PERIOD_NS = TimeUnit.SECONDS.toNanos(5);

    private final Endpoint server;
    private final ProxyConfig.AdminLogin login;
    private final ThreadPoolExecutor executor;
    private @Nullable Connection connection;
    private String lastProblem = "";
    private long failedNs;
    private long accessReadNs;
    private boolean cleartextCheckable;

    ServerLane(Endpoint server, ProxyConfig.AdminLogin login) {
        this.server = server;
        this.login = login;
        this.executor =
                new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_WAITING), task -> {
                    Thread thread = new Thread(task, "roles-" + server);
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** A query. */
    interface Question<T> {
        T ask(Connection open) throws SQLException;
    }

    /** Queries a role as {@link #ask} does; the answer is {@link RoleFacts#UNAVAILABLE} when there is none in time. */
    boolean askForRole(String user, String database, long timeoutMs, Consumer<RoleFacts> answer) {
        return ask(open -> role(open, user, database), RoleFacts.UNAVAILABLE, timeoutMs, answer);
    }

    /**
     * Runs a query; the answer arrives on this lane's thread.
     *
     * @param otherwise the answer when there is none in time
     * @return false when too many wait; then there will be no answer
     */
    <T> boolean ask(Question<T> question, T otherwise, long timeoutMs, Consumer<T> answer) {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        try {
            executor.execute(() -> answer.accept(look(question, otherwise, deadlineNs)));
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    private <T> T look(Question<T> question, T otherwise, long deadlineNs) {
        long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
        if (leftMs <= 0) {
            return otherwise; // The caller has given up.
        }
        boolean failedJustNow = !lastProblem.isEmpty() && System.nanoTime() - failedNs < RETRY_PAUSE_NS;
        if (failedJustNow) {
            return otherwise;
        }
        boolean kept = connection != null;
        try {
            try {
                return answered(question.ask(open(leftMs)));
            } catch (SQLException e) {
                close();
                if (!kept) {
                    throw e;
                }
                // The kept connection may have ended long ago; a new one shows the actual problem.
                return answered(question.ask(open(leftMs)));
            }
        } catch (SQLException e) {
            close();
            failed(e);
            return otherwise;
        } catch (RuntimeException | OutOfMemoryError e) {
            close(); // A server can send what makes the driver fail; the caller must get an answer nevertheless.
            failed(new SQLException(
                    "the driver could not understand the server: " + e, SqlState.PROTOCOL_VIOLATION, e));
            return otherwise;
        }
    }

    private RoleFacts role(Connection open, String user, String database) throws SQLException {
        long nowNs = System.nanoTime();
        if (accessReadNs == 0 || nowNs - accessReadNs > ACCESS_PERIOD_NS) {
            cleartextCheckable = RoleQuery.isCleartextCheckable(open);
            accessReadNs = nowNs;
        }
        return RoleQuery.run(open, user, database, cleartextCheckable);
    }

    private Connection open(long timeoutMs) throws SQLException {
        Connection open = connection;
        if (open == null) {
            open = AdminConnection.open(server, login, timeoutMs);
            connection = open;
        }
        return open;
    }

    private <T> T answered(T answer) {
        if (!lastProblem.isEmpty()) {
            lastProblem = "";
            Event.of("role_lookup_recovered").with("server", server).info();
        }
        return answer;
    }

    private void failed(SQLException cause) {
        failedNs = System.nanoTime();
        String problem = cause.getSQLState() + " " + cause.getMessage();
        if (problem.equals(lastProblem)) {
            return;
        }
        lastProblem = problem;
        Event.of("role_lookup_failed")
                .with("server", server)
                .with("user", login.user())
                .with("sqlstate", cause.getSQLState())
                .message(String.valueOf(cause.getMessage()) + "; until this works, no connection is reused")
                .hint(
                        "Make conninfo.user able to log in to conninfo.db from here, as a superuser or with auth_file set.")
                .warn();
    }

    /** Ends the lane after the queries that wait in it. */
    void end() {
        try {
            executor.execute(this::close);
        } catch (RejectedExecutionException e) {
            // The queue is full, so the connection cannot be closed in turn; it ends with the process at the latest.
            return;
        }
        executor.shutdown();
    }

    private void close() {
        Connection open = connection;
        connection = null;
        AdminConnection.close(open);
    }
}
