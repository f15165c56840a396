package dev.pgproxy.common.connection;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** Opens connections that only read, whose search_path nobody can have tampered with, and that wait for nothing for ever. */
public final class AdminConnection {

    private static final long MS_PER_SECOND = 1_000;

    private AdminConnection() {}

    /**
     * Connects.
     *
     * @param timeoutMs bound on the connect with its login, and on each answer
     * @throws SQLException when the server does not take the connection
     */
    public static Connection open(ServerAddress server, ProxyConfig.AdminLogin login, long timeoutMs)
            throws SQLException {
        // The driver gives up waiting after exactly this time; what it has begun by then ends after whole seconds.
        String exactly = Double.toString((double) timeoutMs / MS_PER_SECOND);
        String seconds = Long.toString((timeoutMs + MS_PER_SECOND - 1) / MS_PER_SECOND);
        Properties properties = new Properties();
        properties.setProperty("user", login.user());
        properties.setProperty("password", login.password());
        properties.setProperty("ApplicationName", "pgproxy");
        properties.setProperty("connectTimeout", seconds);
        properties.setProperty("loginTimeout", exactly);
        properties.setProperty("socketTimeout", seconds);
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("gssEncMode", "disable");
        properties.setProperty("options", "-c search_path=pg_catalog");
        String database = URLEncoder.encode(login.database(), StandardCharsets.UTF_8);
        Connection open = DriverManager.getConnection("jdbc:postgresql://" + server + "/" + database, properties);
        open.setReadOnly(true);
        open.setNetworkTimeout(Runnable::run, Math.toIntExact(timeoutMs));
        return open;
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
