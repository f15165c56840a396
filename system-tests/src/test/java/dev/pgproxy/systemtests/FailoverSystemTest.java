package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.postgres.PostgresServer;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.NetworkHost;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The primary dies in every way, and its clients continue with the standby. */
class FailoverSystemTest {

    private static final int WRITERS = 4;
    private static final int ROWS_A_SESSION = 5;

    /** How a primary can die. */
    enum Death {
        KILLED {
            @Override
            void strike(PostgresServer primary) {
                primary.kill();
            }
        },
        STOPPED {
            @Override
            void strike(PostgresServer primary) {
                primary.signal("INT");
            }
        },
        FROZEN {
            @Override
            void strike(PostgresServer primary) {
                primary.freeze();
            }
        };

        abstract void strike(PostgresServer primary);
    }

    static PostgresCluster.Options options(int major) {
        PostgresCluster.Options options =
                PostgresCluster.Options.of(major).withStandbys(2).inCascade();
        return major < 16
                ? options.withSettings("wal_receiver_timeout = 2s", "promote_trigger_file = 'trigger_file'")
                : options.withSettings("wal_receiver_timeout = 2s");
    }

    static ProxyProcess proxy(PostgresCluster cluster, String... lines) {
        return proxy(List.of(), cluster, lines);
    }

    /** @param variables as {@code NAME=value} */
    static ProxyProcess proxy(List<String> variables, PostgresCluster cluster, String... lines) {
        List<String> all = new ArrayList<>(Arrays.asList(lines));
        List<String> defaults = List.of(
                "promote = " + cluster.standbys().get(0).address(),
                "slaver_list = " + cluster.standbys().get(1).address(),
                "conninfo.conn_retry_num = 3",
                "conninfo.conn_retry_interval = 0.5",
                "conninfo.query_interval = 1",
                "failover.probe_timeout = 1");
        for (String line : defaults) {
            String key = line.substring(0, line.indexOf('=') + 1);
            if (all.stream().noneMatch(given -> given.startsWith(key))) {
                all.add(line);
            }
        }
        ProxyProcess proxy = Fixture.proxy(variables, cluster, all.toArray(new String[0]));
        awaitSeen(proxy, all);
        return proxy;
    }

    /** As below, with the default state file. */
    static void awaitSystemSeen(ProxyProcess proxy) {
        awaitSeen(proxy, List.of());
    }

    /** Waits until the primary was probed: before that, nothing would ever be promoted. */
    private static void awaitSeen(ProxyProcess proxy, List<String> configuration) {
        Path state = configuration.stream()
                .filter(line -> line.startsWith("state_file = "))
                .map(line -> Path.of(line.substring("state_file = ".length())))
                .findFirst()
                .orElse(proxy.directory().resolve("state"));
        Pattern seen = Pattern.compile("system_identifier=-?[1-9]");
        Await.until(
                "the primary to be seen",
                Fixture.SOON,
                () -> Files.exists(state)
                        && seen.matcher(Files.readString(state)).find());
    }

    static void awaitLog(ProxyProcess proxy, String text) {
        Await.until(text + " in the log", Fixture.SOON, () -> {
            if (!proxy.log().contains(text)) {
                throw new IllegalStateException(proxy.log());
            }
            return true;
        });
    }

    static Stream<Arguments> deaths() {
        return Stream.of(Death.values())
                .flatMap(death -> Stream.of(
                        Arguments.of(15, "trigger_file", death),
                        Arguments.of(15, "pg_promote", death),
                        Arguments.of(18, "auto", death)));
    }

    /** A cluster whose primary alone waits for its standby, and that has an empty large object. */
    static PostgresCluster synchronous(PostgresCluster.Options options) {
        PostgresCluster cluster = PostgresCluster.start(options);
        cluster.primary().sql("select lo_create(9999)");
        // The standbys have copies of its configuration file, but not of this setting.
        cluster.primary().sql("alter system set synchronous_standby_names = '*'");
        cluster.primary().sql("select pg_reload_conf()");
        Await.until(
                "the standby to follow in step",
                Fixture.SOON,
                () -> cluster.primary()
                                .sql("select count(*) from pg_stat_replication where sync_state = 'sync'")
                                .equals("1")
                        && cluster.standbys()
                                .get(0)
                                .sql("select count(*) from pg_largeobject_metadata")
                                .equals("1"));
        return cluster;
    }

    @ParameterizedTest(name = "PostgreSQL {0}, {1}, {2}")
    @MethodSource("deaths")
    void writersGoOnWithTheStandbyAndNothingIsLost(int major, String method, Death death) throws Exception {
        try (PostgresCluster cluster = synchronous(options(major));
                ProxyProcess proxy = proxy(cluster, "promote_method = " + method)) {
            PostgresServer promoted = cluster.standbys().get(0);
            try (Writers writers = Writers.start(cluster.primary(), proxy.port(), WRITERS, ROWS_A_SESSION)) {
                writers.awaitCommit();
                long deathNs = System.nanoTime();
                death.strike(cluster.primary());
                awaitLog(proxy, "event=promoted");
                writers.awaitCommit();
                long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - deathNs);
                System.out.printf(
                        "failover: PostgreSQL %d, %s, %s: %d ms until writes go on%n", major, method, death, tookMs);
                writers.stop();
                assertEquals(Set.of(), writers.lost(promoted));
                assertEquals(0, writers.failedConnects(), writers.firstFailure());
            }
            assertEquals("f", promoted.sql("select pg_is_in_recovery()"));
            assertEquals(1, count(proxy.log(), "event=promoted"), proxy.log());
            assertFalse(proxy.log().contains("promotion_impossible"), proxy.log());
        }
    }

    private static int count(String text, String part) {
        return text.split(java.util.regex.Pattern.quote(part), -1).length - 1;
    }

    @Test
    void theNextStandbyIsNamedByAReloadThatDropsNobody() throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(options(18));
                ProxyProcess proxy = proxy(cluster)) {
            PostgresServer promoted = cluster.standbys().get(0);
            PostgresServer next = cluster.standbys().get(1);
            cluster.primary().kill();
            awaitLog(proxy, "event=promoted");
            try (WireClient session = WireClient.login(proxy.port(), "postgres", "postgres");
                    Operator operator = Operator.of(proxy)) {
                assertEquals(Integer.toString(promoted.port()), session.value("show port"));
                Operator.configure(proxy, "master = " + promoted.address(), "promote = " + next.address());
                assertEquals("changed: master, promote", operator.notice("reload"));
                assertEquals(Integer.toString(promoted.port()), session.value("show port"));
                operator.await(
                        "the standby to follow", "select up from server where server = '" + next.address() + "'", "t");
                promoted.kill();
                Await.until(
                        "the next one to be promoted", Fixture.SOON, () -> count(proxy.log(), "event=promoted") == 2);
            }
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                assertEquals(Integer.toString(next.port()), client.value("show port"));
            }
        }
    }

    @Test
    void aHostThatVanishesIsReplacedToo() throws Exception {
        try (NetworkHost host = Fixture.networkHost();
                PostgresCluster cluster = synchronous(
                        options(18).withPrimaryOn(new PostgresCluster.Host(host.address(), host.prefix())));
                ProxyProcess proxy = proxy(cluster)) {
            try (Writers writers = Writers.start(cluster.primary(), proxy.port(), WRITERS, ROWS_A_SESSION)) {
                writers.awaitCommit();
                long deathNs = System.nanoTime();
                host.vanish();
                awaitLog(proxy, "event=promoted");
                writers.awaitCommit();
                System.out.printf(
                        "failover: host vanished: %d ms until writes go on%n",
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - deathNs));
                writers.stop();
                assertEquals(Set.of(), writers.lost(cluster.standbys().get(0)));
                assertEquals(0, writers.failedConnects(), writers.firstFailure());
            }
        }
    }

    @Test
    void withAsynchronousReplicationWhatWasLostIsCounted() throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(options(18));
                ProxyProcess proxy = proxy(cluster)) {
            PostgresServer promoted = cluster.standbys().get(0);
            try (Writers writers = Writers.start(cluster.primary(), proxy.port(), WRITERS, ROWS_A_SESSION)) {
                writers.awaitCommit();
                cluster.primary().kill();
                awaitLog(proxy, "event=promoted");
                writers.awaitCommit();
                writers.stop();
                Set<Integer> lost = writers.lost(promoted);
                System.out.printf(
                        "failover: asynchronous replication: %d of %d acknowledged rows were lost%n",
                        lost.size(), writers.committedRows());
                assertTrue(lost.size() < writers.committedRows());
                assertEquals(0, writers.failedConnects(), writers.firstFailure());
            }
        }
    }
}
