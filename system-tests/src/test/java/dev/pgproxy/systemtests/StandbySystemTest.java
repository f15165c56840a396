package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.postgres.PostgresServer;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Readers of standbys continue to read, whichever server fails. */
@Tag(Fixture.LONG)
class StandbySystemTest {

    private static final String PORT = "select current_setting('port')";

    private static String portOf(ProxyProcess proxy, String user, String database) throws SQLException {
        String url = "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + database + "?sslmode=disable&user=" + user;
        try (Connection client = java.sql.DriverManager.getConnection(url)) {
            return Fixture.value(client, PORT);
        }
    }

    private static ProxyProcess proxy(PostgresCluster cluster, String... lines) {
        List<PostgresServer> standbys = cluster.standbys();
        List<String> all = new java.util.ArrayList<>(List.of(lines));
        all.add("slaver_list = " + standbys.get(0).address() + ", "
                + standbys.get(1).address());
        all.add("conninfo.conn_retry_interval = 0.3");
        all.add("conninfo.query_interval = 0.5");
        all.add("failover.probe_timeout = 1");
        return Fixture.proxy(cluster, all.toArray(new String[0]));
    }

    @Test
    void readersTakeTurnsOnTheStandbysThatAreWell() throws Exception {
        try (PostgresCluster cluster =
                        PostgresCluster.start(PostgresCluster.Options.of(18).withStandbys(2));
                ProxyProcess proxy = proxy(cluster, "standby_retry_num = 2")) {
            cluster.primary().sql("create role app_r login");
            PostgresServer one = cluster.standbys().get(0);
            PostgresServer two = cluster.standbys().get(1);
            Await.until(
                    "the role to be on the standbys",
                    Fixture.SOON,
                    () -> List.of(one, two).stream()
                            .allMatch(each -> each.sql("select count(*) from pg_roles where rolname = 'app_r'")
                                    .equals("1")));
            Set<String> both = Set.of(Integer.toString(one.port()), Integer.toString(two.port()));
            assertEquals(both, ports(proxy, 4));

            two.kill();
            // No client notices, from the very first moment.
            assertEquals(Set.of(Integer.toString(one.port())), ports(proxy, 6));
            FailoverSystemTest.awaitLog(proxy, "event=standby_out");

            two.start();
            FailoverSystemTest.awaitLog(proxy, "event=standby_back");
            assertEquals(both, ports(proxy, 4));

            one.kill();
            two.kill();
            assertEquals(Set.of(Integer.toString(cluster.primary().port())), ports(proxy, 4));
        }
    }

    private static Set<String> ports(ProxyProcess proxy, int clients) throws SQLException {
        Set<String> ports = new TreeSet<>();
        for (int i = 0; i < clients; i++) {
            ports.add(portOf(proxy, "app_r", "postgres"));
        }
        return ports;
    }

    @Test
    void aStandbyThatFallsBehindIsLeftOutUntilItHasCaughtUp() throws Exception {
        try (PostgresCluster cluster =
                        PostgresCluster.start(PostgresCluster.Options.of(15).withStandbys(2));
                ProxyProcess proxy = proxy(cluster, "standby_max_lag_bytes = 100000")) {
            PostgresServer late = cluster.standbys().get(1);
            late.sql("select pg_wal_replay_pause()");
            cluster.primary().sql("create table big as select repeat('x', 100) from generate_series(1, 5000)");
            FailoverSystemTest.awaitLog(proxy, "event=standby_out server=" + late.address());
            assertTrue(proxy.log().contains("bytes, more than standby_max_lag_bytes"), proxy.log());
            try (Operator operator = Operator.of(proxy)) {
                assertEquals(
                        1,
                        operator.rows("select server from server where problem like '%lags by%'")
                                .size());
            }
            late.sql("select pg_wal_replay_resume()");
            FailoverSystemTest.awaitLog(proxy, "event=standby_back server=" + late.address());
        }
    }

    @Test
    void theNameOfTheDatabaseCanSayWhoReadsFromAStandby() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "route.standby_database_suffix = @ro")) {
            String standby = Integer.toString(cluster.standbys().get(0).port());
            String primary = Integer.toString(cluster.primary().port());
            assertEquals(standby, portOf(proxy, "postgres", "postgres@ro"));
            assertEquals(primary, portOf(proxy, "postgres", "postgres"));
            String url = "jdbc:postgresql://127.0.0.1:" + proxy.port()
                    + "/postgres@ro?sslmode=disable&user=postgres&options=-c%20work_mem%3D7MB";
            try (Connection client = java.sql.DriverManager.getConnection(url)) {
                assertEquals("postgres", Fixture.value(client, "select current_database()"));
                assertEquals("7MB", Fixture.value(client, "show work_mem"));
            }
        }
    }

    /** With a role that was granted what promotion by a trigger file needs, and is no superuser. */
    private static PostgresCluster withWatcher(PostgresCluster cluster) {
        cluster.primary().sql("create role watcher login in role pg_monitor");
        cluster.primary().sql("grant execute on function lo_export to watcher");
        cluster.primary().sql("grant select on large object 9999 to watcher");
        return cluster;
    }

    @Test
    void readersOnACascadeReadOnThroughAFailover() throws Exception {
        try (PostgresCluster cluster = withWatcher(FailoverSystemTest.synchronous(FailoverSystemTest.options(15)));
                ProxyProcess proxy =
                        FailoverSystemTest.proxy(cluster, "promote_method = trigger_file", "conninfo.user = watcher")) {
            cluster.primary().sql("create role app_r login; create table seen (i int); insert into seen values (1)");
            cluster.primary().sql("grant select on seen to app_r");
            PostgresServer last = cluster.standbys().get(1);
            Await.until(
                    "the table to be on the last standby",
                    Fixture.SOON,
                    () -> last.sql("select count(*) from pg_tables where tablename = 'seen'")
                            .equals("1"));
            AtomicBoolean stop = new AtomicBoolean();
            AtomicInteger reads = new AtomicInteger();
            Map<String, String> problems = new java.util.concurrent.ConcurrentHashMap<>();
            Thread kept = new Thread(() -> {
                try (Connection client = Fixture.connect(proxy.port(), "app_r")) {
                    while (!stop.get()) {
                        Fixture.value(client, "select count(*) from seen");
                        reads.incrementAndGet();
                    }
                } catch (SQLException e) {
                    problems.put("a session that was there before", e.toString());
                }
            });
            Thread coming = new Thread(() -> {
                while (!stop.get()) {
                    try (Connection client = Fixture.connect(proxy.port(), "app_r")) {
                        Fixture.value(client, "select count(*) from seen");
                    } catch (SQLException e) {
                        problems.put("a new client", e.toString());
                    }
                }
            });
            kept.start();
            coming.start();
            try {
                Await.until("reads", Fixture.SOON, () -> reads.get() > 10);
                cluster.primary().kill();
                FailoverSystemTest.awaitLog(proxy, "event=promoted");
                try (Connection writer = Fixture.connect(proxy.port(), "postgres")) {
                    writer.createStatement().execute("insert into seen values (2)");
                }
                Await.until("the last standby to follow the new primary", Fixture.SOON, () -> {
                    try (Connection reader = Fixture.connect(proxy.port(), "app_r")) {
                        return Fixture.value(reader, "select count(*) from seen")
                                        .equals("2")
                                && Fixture.value(reader, PORT).equals(Integer.toString(last.port()));
                    }
                });
                int before = reads.get();
                Await.until("more reads", Fixture.SOON, () -> reads.get() > before + 10);
            } finally {
                stop.set(true);
                kept.join();
                coming.join();
            }
            assertEquals(Map.of(), problems);
            assertFalse(proxy.log().contains("event=standby_out"), proxy.log());
        }
    }

    @Test
    void pgbenchWithAConnectionForEachTransactionGetsThroughAFailover() throws Exception {
        Requirement.program("pgbench");
        try (PostgresCluster cluster = FailoverSystemTest.synchronous(FailoverSystemTest.options(18));
                ProxyProcess proxy = FailoverSystemTest.proxy(cluster)) {
            List<String> where = List.of("-h", "127.0.0.1", "-p", Integer.toString(proxy.port()), "-U", "postgres");
            Programs.Result made = Programs.run(pgbench(where, "-i", "-q"));
            assertEquals(0, made.status(), made.output());
            List<Programs.Result> results = new java.util.concurrent.CopyOnWriteArrayList<>();
            int clients = 40;
            int each = 4;
            // At this rate most clients are between two transactions, and without a connection, when the primary dies.
            Thread load = new Thread(() -> results.add(Programs.run(pgbench(
                    where,
                    "-n",
                    "-C",
                    "-c",
                    Integer.toString(clients),
                    "-j",
                    "2",
                    "-R",
                    "12",
                    "-t",
                    Integer.toString(each)))));
            load.start();
            Await.until(
                    "pgbench to write",
                    Fixture.SOON,
                    () -> Integer.parseInt(cluster.primary().sql("select count(*) from pgbench_history")) > 15);
            int before = Integer.parseInt(cluster.primary().sql("select count(*) from pgbench_history"));
            cluster.primary().kill();
            load.join();
            Programs.Result result = results.get(0);
            long aborted = result.output()
                    .lines()
                    .filter(line -> line.matches(".*client \\d+.* aborted .*"))
                    .count();
            System.out.println(
                    "failover: pgbench -C: " + aborted + " of " + clients + " clients were in a transaction");
            assertFalse(result.output().contains("establishing connection"), result.output());
            assertFalse(result.output().contains("connection to server"), result.output());
            int done = Integer.parseInt(cluster.standbys().get(0).sql("select count(*) from pgbench_history"));
            assertTrue(
                    aborted < clients && done > before && done >= (clients - aborted) * each,
                    done + "\n" + result.output());
        }
    }

    private static List<String> pgbench(List<String> where, String... options) {
        List<String> command = new java.util.ArrayList<>(List.of("pgbench"));
        command.addAll(where);
        command.addAll(List.of(options));
        command.add("postgres");
        return command;
    }
}
