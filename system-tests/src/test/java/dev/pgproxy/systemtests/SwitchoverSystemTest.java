package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.postgres.PostgresServer;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An operator switches over to a standby, and nothing is lost although replication is asynchronous. */
class SwitchoverSystemTest {

    /** As {@link FailoverSystemTest#proxy}, for servers that are alive, however slow they are. */
    static ProxyProcess proxy(PostgresCluster cluster, String... lines) {
        return proxy(List.of(), cluster, lines);
    }

    /** @param variables as {@code NAME=value} */
    static ProxyProcess proxy(List<String> variables, PostgresCluster cluster, String... lines) {
        List<String> all = new ArrayList<>(List.of(lines));
        all.add("failover.probe_timeout = 20");
        return FailoverSystemTest.proxy(variables, cluster, all.toArray(new String[0]));
    }

    static String switchover(ProxyProcess proxy, String server) throws SQLException {
        try (Operator operator = Operator.of(proxy);
                Statement statement = operator.connection().createStatement()) {
            statement.execute("switchover to '" + server + "'");
            return "";
        } catch (SQLException e) {
            return e.getSQLState() + " " + e.getMessage();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void writersGoOnWithTheStandbyAndNothingIsLost(int major) throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(major)
                        .withStandbys(2)
                        .inCascade()
                        .withSettings("synchronous_commit = off"));
                ProxyProcess proxy = proxy(cluster)) {
            PostgresServer target = cluster.standbys().get(0);
            try (Writers writers = Writers.start(cluster.primary(), proxy.port(), 8, 3)) {
                writers.awaitCommit();
                long startNs = System.nanoTime();
                assertEquals("", switchover(proxy, target.address().toString()), proxy.log());
                System.out.printf(
                        "failover: switchover on %d: %d ms%n", major, (System.nanoTime() - startNs) / 1_000_000);
                writers.awaitCommit();
                writers.stop();
                assertEquals(Set.of(), writers.lost(target));
                assertEquals(0, writers.failedConnects(), writers.firstFailure());
            }
            assertTrue(proxy.log().contains("event=switched_over"), proxy.log());
            try (Operator operator = Operator.of(proxy)) {
                assertEquals(
                        List.of(target.address().toString()),
                        operator.rows("select server from server where role = 'primary'"));
            }
        }
    }

    /** The standby was once fenced as an old primary, but takes writes when it is promoted. */
    @Test
    void othersAreKeptFromWritingToTheOldPrimary() throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(FailoverSystemTest.options(18));
                ProxyProcess proxy = proxy(cluster, "failover.fence_old_primary = on");
                Connection other = cluster.primary().connect("postgres", "postgres");
                Connection idle = Fixture.connect(proxy.port(), "postgres")) {
            PostgresServer target = cluster.standbys().get(0);
            target.sql("alter system set default_transaction_read_only = on");
            target.sql("select pg_reload_conf()");
            cluster.primary().sql("create table t (i int)");
            other.setAutoCommit(false);
            Fixture.value(other, "select pg_current_xact_id()");
            String before = Fixture.value(idle, "select inet_server_port()");

            assertEquals("", switchover(proxy, target.address().toString()), proxy.log());

            SQLException ended = assertThrows(SQLException.class, () -> Fixture.value(other, "select 1"));
            assertEquals("57P01", ended.getSQLState());
            assertEquals("on", cluster.primary().sql("show default_transaction_read_only"));
            assertTrue(proxy.log().contains("event=old_primary_fenced"), proxy.log());
            String after = Fixture.value(idle, "select inet_server_port()");
            assertFalse(before.equals(after), "pgproxy's own session was to move");
            try (Statement insert = idle.createStatement()) {
                insert.execute("insert into t values (1)");
            }
        }
    }

    @Test
    void aTransactionThatDoesNotEndCallsItOffAndEverybodyGoesOn() throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(FailoverSystemTest.options(18));
                ProxyProcess proxy = proxy(cluster, "failover.switchover_timeout = 3");
                Writers writers = Writers.start(cluster.primary(), proxy.port(), 4, 3);
                Connection slow = Fixture.connect(proxy.port(), "postgres")) {
            writers.awaitCommit();
            slow.setAutoCommit(false);
            assertEquals("1", Fixture.value(slow, "select 1"));
            String target = cluster.standbys().get(0).address().toString();
            String problem = switchover(proxy, target);
            assertTrue(problem.contains("transactions on the primary did not end"), problem);
            assertEquals("2", Fixture.value(slow, "select 2"));
            slow.commit();
            writers.awaitCommit();
            assertEquals("", switchover(proxy, target), proxy.log());
            // The driver has prepared its BEGIN, so the session could not be moved.
            SQLException ended = assertThrows(SQLException.class, () -> Fixture.value(slow, "select 3"));
            assertEquals("57P01", ended.getSQLState(), ended.toString());
            writers.awaitCommit();
            writers.stop();
            assertEquals(Set.of(), writers.lost(cluster.standbys().get(0)));
            assertEquals(0, writers.failedConnects(), writers.firstFailure());
        }
    }

    /** The command waits as long as the switchover may take, whatever the limit for other statements is. */
    @Test
    void anOperatorCallsItOff() throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(FailoverSystemTest.options(18));
                ProxyProcess proxy =
                        proxy(cluster, "failover.switchover_timeout = 120", "pg_proxy_query_timeout = 3s");
                Operator other = Operator.of(proxy);
                Connection slow = Fixture.connect(proxy.port(), "postgres")) {
            assertEquals(
                    "55000",
                    assertThrows(SQLException.class, () -> other.execute("switchover cancel"))
                            .getSQLState());
            slow.setAutoCommit(false);
            assertEquals("1", Fixture.value(slow, "select 1"));
            String target = cluster.standbys().get(0).address().toString();
            CompletableFuture<String> command = CompletableFuture.supplyAsync(() -> {
                try {
                    return switchover(proxy, target);
                } catch (SQLException e) {
                    throw new CompletionException(e);
                }
            });
            FailoverSystemTest.awaitLog(proxy, "event=switchover_begun server=" + target);
            other.await(
                    "longer than a statement may take",
                    "select state_seconds > 5 from connection where state = 'idle in transaction'",
                    "t");
            assertFalse(command.isDone(), proxy.log());
            other.execute("switchover cancel");
            String problem = command.get(Fixture.SOON.toSeconds(), TimeUnit.SECONDS);
            assertTrue(problem.contains("an operator called it off"), problem);
            assertEquals("2", Fixture.value(slow, "select 2"));
            slow.commit();
            assertEquals(
                    Integer.toString(cluster.primary().port()), Fixture.value(slow, "select current_setting('port')"));
            assertTrue(
                    Pattern.compile(
                                    "event=operator_command user=anybody peer=127\\.0\\.0\\.1\\S* command=SWITCHOVER argument="
                                            + target)
                            .matcher(proxy.log())
                            .find(),
                    proxy.log());
            assertTrue(proxy.log().contains("command=\"SWITCHOVER CANCEL\""), proxy.log());
        }
    }

    @Test
    void aStandbyThatDoesNotAnswerIsGivenUpForGood() throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(FailoverSystemTest.options(18));
                ProxyProcess proxy = proxy(cluster, "failover.switchover_timeout = 3");
                Connection client = Fixture.connect(proxy.port(), "postgres")) {
            assertEquals("1", Fixture.value(client, "select 1"));
            PostgresServer target = cluster.standbys().get(0);
            target.freeze();
            String problem = switchover(proxy, target.address().toString());
            target.thaw();
            assertTrue(problem.contains("did not answer within failover.switchover_timeout"), problem);
            assertEquals("2", Fixture.value(client, "select 2"));
            // The standby now answers what it was asked for the first switchover, which must not begin it. Its WAL
            // receiver may have given up meanwhile, and reconnects.
            Await.until(
                    "a switchover",
                    Fixture.SOON,
                    () -> switchover(proxy, target.address().toString()).isEmpty());
            assertEquals(1, proxy.log().split("event=switching_over", -1).length - 1, proxy.log());
        }
    }

    @Test
    void whatCannotBeDoneIsRefusedAndChangesNothing() throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(FailoverSystemTest.options(18));
                ProxyProcess proxy = proxy(cluster)) {
            String primary = cluster.primary().address().toString();
            assertTrue(switchover(proxy, "nowhere:1").startsWith("42704"), "no such server");
            assertTrue(switchover(proxy, primary).contains("it is the primary already"));
            cluster.standbys().get(1).kill();
            FailoverSystemTest.awaitLog(proxy, "event=standby_out");
            String dead = cluster.standbys().get(1).address().toString();
            assertTrue(switchover(proxy, dead).startsWith("55000"), "a dead one");
            try (Connection client = Fixture.connect(proxy.port(), "postgres")) {
                assertEquals(
                        Integer.toString(cluster.primary().port()),
                        Fixture.value(client, "select current_setting('port')"));
            }
            assertFalse(proxy.log().contains("event=switching_over"), proxy.log());
        }
    }
}
