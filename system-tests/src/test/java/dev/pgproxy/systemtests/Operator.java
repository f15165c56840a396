package dev.pgproxy.systemtests;

import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** An operator's session of pg_proxy, through pgjdbc. */
final class Operator implements AutoCloseable {

    private final Connection connection;

    private Operator(Connection connection) {
        this.connection = connection;
    }

    static Operator of(ProxyProcess proxy) throws SQLException {
        return of(proxy, ProxyProcess.OPERATOR_PASSWORD);
    }

    static Operator of(ProxyProcess proxy, String password, String... properties) throws SQLException {
        return new Operator(connect(proxy, password, properties));
    }

    static Connection connect(ProxyProcess proxy, String password, String... properties) throws SQLException {
        String url = "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/pg_proxy?sslmode=disable&user=anybody&password="
                + password;
        return DriverManager.getConnection(properties.length == 0 ? url : url + "&" + String.join("&", properties));
    }

    Connection connection() {
        return connection;
    }

    /** All rows, columns separated by {@code |}. */
    List<String> rows(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> all = new ArrayList<>();
            while (rows.next()) {
                List<String> values = new ArrayList<>();
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    values.add(String.valueOf(rows.getString(i)));
                }
                all.add(String.join("|", values));
            }
            return all;
        }
    }

    String value(String sql) throws SQLException {
        return String.join("\n", rows(sql));
    }

    /** @return the number of connections that a DELETE has ended */
    int execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    /** The first warning of a command; empty when there is none. */
    String notice(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
            SQLWarning warning = statement.getWarnings();
            return warning == null ? "" : String.valueOf(warning.getMessage());
        }
    }

    void await(String what, String sql, String expected) {
        Await.until(
                what + " (last: " + sql + ")", Fixture.SOON, () -> value(sql).equals(expected));
    }

    /** Changes keys of the configuration file; a line replaces one with the same key. */
    static void configure(ProxyProcess proxy, String... lines) throws IOException {
        Path file = proxy.directory().resolve("conf.properties");
        List<String> all = new ArrayList<>(Files.readAllLines(file));
        for (String line : lines) {
            String key = line.substring(0, line.indexOf('=')).strip();
            all.removeIf(old ->
                    old.substring(0, Math.max(0, old.indexOf('='))).strip().equals(key));
            all.add(line);
        }
        Files.write(file, all);
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
