package dev.pgproxy.systemtests;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.NetworkHost;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Assumptions;

/** What most system tests need: a cluster of each version, shared by all of them, and a pgproxy of their own in front. */
final class Fixture {

    static final Path DISTRIBUTION =
            Path.of(System.getProperty("pgproxy.distribution", "../distribution/target/pgproxy"));
    static final Path SCRIPTS = Path.of(System.getProperty("pgproxy.scripts", "../scripts"));

    /** The tag of tests that only {@code .ci/run} runs, so that the others are done in a few minutes. */
    static final String LONG = "long";

    static final Duration SOON = Await.PATIENCE;

    private static final String RESET =
            "select count(*) from pg_stat_activity where query like 'SELECT /* pgproxy%' and state = 'idle'";

    private static final Map<Integer, PostgresCluster> CLUSTERS = new ConcurrentHashMap<>();

    private Fixture() {}

    /** A primary with one standby; closed when the JVM ends. */
    static PostgresCluster cluster(int major) {
        return CLUSTERS.computeIfAbsent(
                major,
                key -> PostgresCluster.start(PostgresCluster.Options.of(key).withStandbys(1)));
    }

    static ProxyProcess proxy(PostgresCluster cluster, String... lines) {
        return proxy(List.of(), cluster, lines);
    }

    /** @param variables as {@code NAME=value} */
    static ProxyProcess proxy(List<String> variables, PostgresCluster cluster, String... lines) {
        List<String> configuration = new ArrayList<>(List.of(lines));
        configuration.add("master = " + cluster.primary().address());
        if (configuration.stream().noneMatch(line -> line.startsWith("slaver_list"))) {
            configuration.add("slaver_list = " + cluster.standbys().get(0).address());
        }
        return ProxyProcess.startWith(variables, DISTRIBUTION, configuration);
    }

    static Connection connect(int port, String user, String... properties) throws SQLException {
        String url = "jdbc:postgresql://127.0.0.1:" + port + "/postgres?sslmode=disable&user=" + user;
        return DriverManager.getConnection(properties.length == 0 ? url : url + "&" + String.join("&", properties));
    }

    static String value(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return rows.next() ? String.valueOf(rows.getString(1)) : "";
        }
    }

    static int openFds(ProxyProcess proxy) {
        return ProxyProcess.openFds(proxy.master().pid())
                + proxy.master()
                        .toHandle()
                        .children()
                        .mapToInt(child -> ProxyProcess.openFds(child.pid()))
                        .sum();
    }

    /** Waits until all processes together have no more open descriptors than this. */
    static void awaitFds(ProxyProcess proxy, int atMost) {
        Await.until("open descriptors to go back to " + atMost, SOON, () -> {
            int open = openFds(proxy);
            if (open > atMost) {
                throw new IllegalStateException(open + " are open");
            }
            return true;
        });
    }

    /** Waits until the backend is back in the pool: the server shows it idle after its reset. */
    static void awaitIdle(PostgresCluster cluster, String pid) {
        Await.until(
                "backend " + pid + " to be reset",
                SOON,
                () -> cluster.primary().sql(RESET + " and pid = " + pid).equals("1"));
    }

    /** A host of its own; the test is skipped, with a reason, if none can be created. */
    static NetworkHost networkHost() {
        try {
            return NetworkHost.create();
        } catch (IOException e) {
            System.out.println("SKIPPED: no network namespace can be made here: " + e.getMessage());
            Assumptions.abort(String.valueOf(e.getMessage()));
            throw new IllegalStateException("aborted", e);
        }
    }

    static void awaitGone(PostgresCluster cluster, String pid) {
        Await.until(
                "backend " + pid + " to be closed",
                SOON,
                () -> cluster.primary()
                        .sql("select count(*) from pg_stat_activity where pid = " + pid)
                        .equals("0"));
    }

    /** Waits until a client can log in and run a query; earlier ones may still be leaving. */
    static void awaitLogin(ProxyProcess proxy) {
        Await.until("room for others", SOON, () -> {
            try (WireClient next = WireClient.login(proxy.port(), "postgres", "postgres")) {
                return next.value("select 1").equals("1");
            }
        });
    }
}
