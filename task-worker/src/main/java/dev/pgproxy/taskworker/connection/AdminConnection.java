package dev.pgproxy.taskworker.connection;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.SqlState;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * Opens connections that are marked read-only, have a fixed search_path and bounded waits, and accept no more than {@link AnswerBounds}
 * allows. They send the password only by a method that {@code conninfo.require_auth} allows.
 */
public final class AdminConnection {

    private static final long MS_PER_SECOND = 1_000;

    private AdminConnection() {}

    /**
     * Connects.
     *
     * @param timeoutMs bound on the connect with its login, and on each answer
     * @throws SQLException when the server does not take the connection
     */
    public static Connection open(Endpoint server, ProxyConfig.AdminLogin login, long timeoutMs) throws SQLException {
        return openWatchable(server, login, timeoutMs).connection();
    }

    /**
     * A connection, and what shows whether something has arrived over it.
     *
     * @param channel to be watched only while the driver does nothing
     */
    public record Watchable(Connection connection, SocketChannel channel) {}

    /** As {@link #open}, for a connection that is watched while it is not used. */
    public static Watchable openWatchable(Endpoint server, ProxyConfig.AdminLogin login, long timeoutMs)
            throws SQLException {
        try (ConnectAttempts.Attempt attempt = ConnectAttempts.PROCESS.begin(server)) {
            Connection connection = open(server, login, timeoutMs, attempt.number());
            SocketChannel channel = attempt.channel();
            if (channel == null) {
                close(connection);
                throw new IllegalStateException("the driver has connected without a socket of the factory's");
            }
            return new Watchable(connection, channel);
        }
    }

    private static Connection open(Endpoint server, ProxyConfig.AdminLogin login, long timeoutMs, String attempt)
            throws SQLException {
        // The driver stops waiting after exactly this time; a connect that is still under way ends after whole
        // seconds.
        String exactly = Double.toString((double) timeoutMs / MS_PER_SECOND);
        String seconds = Long.toString((timeoutMs + MS_PER_SECOND - 1) / MS_PER_SECOND);
        Properties properties = new Properties();
        properties.setProperty("user", login.user());
        properties.setProperty("password", login.password());
        properties.setProperty("requireAuth", login.requireAuth());
        properties.setProperty("socketFactory", BoundedSocketFactory.class.getName());
        properties.setProperty("socketFactoryArg", attempt);
        properties.setProperty("ApplicationName", "pgproxy");
        properties.setProperty("connectTimeout", seconds);
        properties.setProperty("loginTimeout", exactly);
        properties.setProperty("socketTimeout", seconds);
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("gssEncMode", "disable");
        properties.setProperty("options", "-c search_path=pg_catalog");
        String database = URLEncoder.encode(login.database(), StandardCharsets.UTF_8);
        String host = server.toString();
        if (server instanceof Endpoint.Unix) {
            host = ServerSockets.ANY_HOST;
            properties.setProperty("sslmode", "disable"); // As in libpq: a server has no TLS there.
        }
        Connection open = connect(server, "jdbc:postgresql://" + host + "/" + database, properties);
        open.setReadOnly(true);
        open.setNetworkTimeout(Runnable::run, Math.toIntExact(timeoutMs));
        return open;
    }

    private static Connection connect(Endpoint server, String url, Properties properties) throws SQLException {
        try {
            return DriverManager.getConnection(url, properties);
        } catch (SQLException e) {
            if (String.valueOf(e.getMessage()).contains("requireAuth")) {
                throw new SQLException(
                        "the server asks for conninfo.pw in a way that conninfo.require_auth does not allow ("
                                + properties.getProperty("requireAuth") + "), so it was not given",
                        SqlState.INVALID_AUTHORIZATION_SPECIFICATION,
                        e);
            }
            Throwable cause = e.getCause();
            if (server instanceof Endpoint.Unix
                    && (cause instanceof SocketException || cause instanceof SocketTimeoutException)) {
                throw new SQLException(cause.getMessage(), e.getSQLState(), e); // The driver's words are about TCP.
            }
            throw e;
        }
    }

    /** Whether the server sent what no PostgreSQL server sends, or more than the proxy accepts. */
    public static boolean isBadAnswer(Throwable cause) {
        return cause instanceof AnswerBounds.BadAnswerException;
    }

    /** Closes the connection, broken or not; does nothing when there is none. */
    public static void close(@Nullable Connection connection) {
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException e) {
                // It was broken already; there is nothing left to close.
                return;
            }
        }
    }
}
