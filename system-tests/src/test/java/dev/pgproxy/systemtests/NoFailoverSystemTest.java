package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.postgres.PostgresServer;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Primaries that look dead but are not; and cases that only an operator can decide. */
@Tag(Fixture.LONG)
class NoFailoverSystemTest {

    private static PostgresCluster cluster() {
        return PostgresCluster.start(FailoverSystemTest.options(18));
    }

    private static void assertNothingWasPromoted(PostgresCluster cluster, ProxyProcess proxy) {
        assertFalse(proxy.log().contains("event=promoting"), proxy.log());
        for (PostgresServer standby : cluster.standbys()) {
            assertEquals("t", standby.sql("select pg_is_in_recovery()"));
        }
    }

    /** Waits until pgproxy has probed often enough that it would have decided. */
    private static void awaitLooks(ProxyProcess proxy, PostgresCluster cluster, int number) throws Exception {
        String sql = "select checked_at from server where server = '"
                + cluster.primary().address() + "'";
        try (Operator operator = Operator.of(proxy)) {
            for (int i = 0; i < number; i++) {
                long before = lookedAtMs(operator, sql);
                Await.until("another look", Fixture.SOON, () -> lookedAtMs(operator, sql) > before + 100);
            }
        }
    }

    private static long lookedAtMs(Operator operator, String sql) throws Exception {
        try (Statement statement = operator.connection().createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return rows.next() && rows.getTimestamp(1) != null
                    ? rows.getTimestamp(1).getTime()
                    : 0;
        }
    }

    private static final String END_OURS =
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgproxy'";

    @Test
    void aPrimaryThatOnlyRejectsLoginsIsAlive() throws Exception {
        try (PostgresCluster cluster = cluster();
                ProxyProcess proxy = FailoverSystemTest.proxy(cluster)) {
            FailoverSystemTest.awaitLog(proxy, "event=serving");
            Path access = cluster.primary().data().resolve("pg_hba.conf");
            String before = Files.readString(access);
            Files.writeString(access, "host all postgres 127.0.0.1/32 reject\n" + before);
            cluster.primary().signal("HUP");
            // Sessions that logged in before stay until they are ended.
            ProcessHandle.of(cluster.primary().pid())
                    .orElseThrow()
                    .children()
                    .filter(child -> command(child).startsWith("postgres: postgres postgres"))
                    .forEach(ProcessHandle::destroy);
            FailoverSystemTest.awaitLog(proxy, "event=primary_not_probed");
            awaitLooks(proxy, cluster, 4);
            Files.writeString(access, before);
            cluster.primary().signal("HUP");
            assertNothingWasPromoted(cluster, proxy);
        }
    }

    private static String command(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
        } catch (java.io.IOException e) {
            return "";
        }
    }

    @Test
    void aFullPrimaryIsAlive() throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(18)
                        .withStandbys(2)
                        .inCascade()
                        .withSettings("max_connections = 100"));
                ProxyProcess proxy = FailoverSystemTest.proxy(cluster)) {
            List<Connection> all = new ArrayList<>();
            try {
                all.add(cluster.primary().connect("postgres", "postgres"));
                Await.until("the primary to be full, and pgproxy outside", Fixture.SOON, () -> {
                    if (proxy.log().contains("event=primary_not_probed")) {
                        return true;
                    }
                    try {
                        Fixture.value(all.get(0), END_OURS);
                        while (true) {
                            all.add(cluster.primary().connect("postgres", "postgres"));
                        }
                    } catch (SQLException e) {
                        return false;
                    }
                });
                awaitLooks(proxy, cluster, 4);
            } finally {
                for (Connection each : all) {
                    each.close();
                }
            }
            assertNothingWasPromoted(cluster, proxy);
        }
    }

    @Test
    void aPrimaryThatIsRestartedStaysThePrimaryAndClientsWait() throws Exception {
        try (PostgresCluster cluster = cluster();
                ProxyProcess proxy = FailoverSystemTest.proxy(cluster, "conninfo.conn_retry_num = 60");
                Writers writers = Writers.start(
                        cluster.primary(), proxy.port(), 24, 2)) { // So that logins are under way at each stop.
            for (int i = 0; i < 3; i++) {
                writers.awaitCommit();
                cluster.primary().stop();
                cluster.primary().start();
            }
            writers.awaitCommit();
            writers.stop();
            assertEquals(0, writers.failedConnects(), writers.firstFailure());
            assertNothingWasPromoted(cluster, proxy);
        }
    }

    @Test
    void aStandbyThatStillHearsThePrimaryIsNotPromoted() throws Exception {
        try (PostgresCluster cluster = cluster();
                ProxyProcess proxy = FailoverSystemTest.proxy(cluster)) {
            // Only the postmaster: new connections hang, and open ones continue.
            cluster.primary().signal("STOP");
            FailoverSystemTest.awaitLog(proxy, "event=promotion_refused");
            assertTrue(proxy.log().contains("still hears the primary"), proxy.log());
            cluster.primary().signal("CONT");
            FailoverSystemTest.awaitLog(proxy, "event=primary_back");
            assertNothingWasPromoted(cluster, proxy);
        }
    }

    @Test
    void nothingIsPromotedBeforeTheDecisionIsOnTheDisk() throws Exception {
        try (TestDirectory directory = new TestDirectory();
                PostgresCluster cluster = cluster()) {
            Path blocked = directory.path().resolve("blocked");
            try (ProxyProcess proxy = FailoverSystemTest.proxy(cluster, "state_file = " + blocked.resolve("state"))) {
                Await.until("the state file", Fixture.SOON, () -> Files.exists(blocked.resolve("state")));
                Files.move(blocked, directory.path().resolve("away"));
                Files.createFile(blocked); // Nothing can be written into it.
                cluster.primary().kill();
                FailoverSystemTest.awaitLog(
                        proxy, "no standby is promoted yet, because the decision must be in the state file");
                assertEquals("t", cluster.standbys().get(0).sql("select pg_is_in_recovery()"));
                Files.delete(blocked);
                FailoverSystemTest.awaitLog(proxy, "event=promoted");
                assertTrue(Files.readString(blocked.resolve("state")).contains("phase=done"));
            }
        }
    }

    @Test
    void aPausedPrimaryMayBeStoppedForAsLongAsItTakes() throws Exception {
        try (PostgresCluster cluster = cluster();
                ProxyProcess proxy = FailoverSystemTest.proxy(cluster);
                Operator operator = Operator.of(proxy)) {
            String primary = cluster.primary().address().toString();
            operator.connection().createStatement().execute("pause " + primary);
            cluster.primary().stop();
            FailoverSystemTest.awaitLog(proxy, "an operator has paused the primary");
            cluster.primary().start();
            operator.connection().createStatement().execute("resume " + primary);
            FailoverSystemTest.awaitLog(proxy, "event=primary_back");
            assertNothingWasPromoted(cluster, proxy);
            try (Connection client = Fixture.connect(proxy.port(), "postgres")) {
                assertEquals("1", Fixture.value(client, "select 1"));
            }
        }
    }

    @Test
    void whatAnOperatorPromotesIsUsedOnceThePrimaryIsDown() throws Exception {
        try (PostgresCluster cluster = cluster();
                ProxyProcess proxy = FailoverSystemTest.proxy(cluster)) {
            PostgresServer other = cluster.standbys().get(1);
            FailoverSystemTest.awaitLog(proxy, "event=serving");
            other.sql("select pg_promote()");
            FailoverSystemTest.awaitLog(proxy, "event=two_primaries");
            try (Connection client = Fixture.connect(proxy.port(), "postgres")) {
                assertEquals(
                        Integer.toString(cluster.primary().port()),
                        Fixture.value(client, "select current_setting('port')"));
            }
            cluster.primary().kill();
            FailoverSystemTest.awaitLog(proxy, "event=adopted");
            try (Connection client = Fixture.connect(proxy.port(), "postgres")) {
                assertEquals(Integer.toString(other.port()), Fixture.value(client, "select current_setting('port')"));
            }
            assertFalse(proxy.log().contains("event=promoting"), proxy.log());
        }
    }

    @Test
    void twoProxiesEndOnTheSamePrimary() throws Exception {
        try (PostgresCluster cluster = cluster();
                ProxyProcess one = FailoverSystemTest.proxy(cluster);
                ProxyProcess two = FailoverSystemTest.proxy(cluster)) {
            Await.until(
                    "both to know the primary",
                    Fixture.SOON,
                    () -> Files.exists(one.directory().resolve("state"))
                            && Files.exists(two.directory().resolve("state")));
            cluster.primary().kill();
            String expected = "new_primary=" + cluster.standbys().get(0).address();
            for (ProxyProcess proxy : List.of(one, two)) {
                Await.until("the failover", Fixture.SOON, () -> {
                    String state = Files.readString(proxy.directory().resolve("state"));
                    return state.contains("phase=done") && state.contains(expected);
                });
            }
            assertEquals(
                    "00000002",
                    cluster.standbys().get(0).sql("select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"));
        }
    }

    @Test
    void theOldPrimaryIsNeverUsedAgainAndAContradictionIsExplained() throws Exception {
        try (PostgresCluster cluster = cluster();
                ProxyProcess proxy = FailoverSystemTest.proxy(cluster)) {
            FailoverSystemTest.awaitLog(proxy, "event=serving");
            Await.until(
                    "the state file",
                    Fixture.SOON,
                    () -> Files.exists(proxy.directory().resolve("state")));
            cluster.primary().kill();
            FailoverSystemTest.awaitLog(proxy, "event=promoted");
            cluster.primary().start();
            FailoverSystemTest.awaitLog(proxy, "event=old_primary_back");
            assertEquals(0, proxy.stop());
            proxy.startAgain();
            String promoted = Integer.toString(cluster.standbys().get(0).port());
            Await.until("the new process to use the new primary", Fixture.SOON, () -> {
                try (Connection client = Fixture.connect(proxy.port(), "postgres")) {
                    return Fixture.value(client, "select current_setting('port')")
                            .equals(promoted);
                }
            });
            assertEquals(0, proxy.stop());

            Path file = proxy.directory().resolve("conf.properties");
            String configuration = Files.readString(file);
            Files.writeString(
                    file,
                    configuration.replaceAll(
                            "(?m)^promote = .*$",
                            "promote = " + cluster.standbys().get(1).address()));
            Programs.Result result = Programs.run(
                    List.of(Fixture.DISTRIBUTION.resolve("bin/pgproxy-master").toString(), file.toString()));
            assertEquals(2, result.status(), result.output());
            assertTrue(result.output().contains("rm " + proxy.directory().resolve("state")), result.output());
            assertTrue(result.output().contains("master = ADDRESS"), result.output());
        }
    }
}
