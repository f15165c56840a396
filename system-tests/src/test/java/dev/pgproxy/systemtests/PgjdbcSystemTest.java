package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** pgjdbc with passwords, on backends that change their clients. */
class PgjdbcSystemTest {

    private static final int CLIENTS = 200;

    @ParameterizedTest
    @CsvSource({
        "15,scram-sha-256,extended",
        "15,md5,simple",
        "18,scram-sha-256,simple",
        "18,scram-sha-256,extendedCacheEverything"
    })
    void worksOnBackendsThatOthersUsedBefore(int major, String method, String queryMode) throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(major)
                        .withSettings("password_encryption = '" + method + "'")
                        .withAccess("host postgres app 127.0.0.1/32 " + method));
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "max_server_conn = 10")) {
            cluster.primary().sql("create role app login password 'secret'; grant create on schema public to app");
            Set<String> backends = Collections.synchronizedSet(new HashSet<>());
            List<Integer> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(i);
            }
            Parallel.run(clients, client -> backends.add(use(proxy, client, queryMode)));
            assertTrue(backends.size() <= CLIENTS / 2, backends.size() + " backends for " + CLIENTS + " clients");
            SQLException refusal = assertThrows(
                    SQLException.class,
                    () -> Fixture.connect(proxy.port(), "app", "password=wrong").close());
            assertEquals("28P01", refusal.getSQLState());
        }
    }

    private static String use(ProxyProcess proxy, int number, String queryMode) throws SQLException {
        String[] properties = {
            "password=secret", "preferQueryMode=" + queryMode, "ApplicationName=client" + number, "prepareThreshold=1"
        };
        try (Connection connection = Fixture.connect(proxy.port(), "app", properties)) {
            assertEquals("client" + number, Fixture.value(connection, "show application_name"));
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("create temporary table mine (i int, t text) on commit drop");
            }
            try (PreparedStatement insert = connection.prepareStatement("insert into mine values (?, ?)")) {
                for (int i = 0; i < 20; i++) {
                    insert.setInt(1, i);
                    insert.setString(2, "text " + number);
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            try (PreparedStatement query =
                    connection.prepareStatement("select count(*), min(t) from mine where i >= ?")) {
                query.setInt(1, 5);
                try (ResultSet rows = query.executeQuery()) {
                    assertTrue(rows.next());
                    assertEquals(15, rows.getInt(1));
                    assertEquals("text " + number, rows.getString(2));
                }
            }
            connection.commit();
            return Fixture.value(connection, "select pg_backend_pid()");
        }
    }
}
