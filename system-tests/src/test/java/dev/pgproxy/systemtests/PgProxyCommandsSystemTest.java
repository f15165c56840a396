package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireMessage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Commands of operators in pg_proxy. */
class PgProxyCommandsSystemTest {

    private static final PostgresCluster CLUSTER = Fixture.cluster(15);

    private static WireClient client(ProxyProcess proxy, String name) throws Exception {
        return WireClient.login(proxy.port(), "postgres", "postgres", "application_name", name);
    }

    @Test
    void deletingConnectionsEndsTheirSessions() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "max_server_conn = 3");
                Operator operator = Operator.of(proxy);
                WireClient idle = client(proxy, "a");
                WireClient busy = client(proxy, "b");
                WireClient spared = client(proxy, "c");
                WireClient waiting = new WireClient(proxy.port())) {
            busy.send(FrontendMessage.query("select pg_sleep(600)"));
            waiting.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres", "application_name", "d");
            operator.await(
                    "all of them to be seen",
                    "select application_name, state, wait_for from connection where fe_ip is not null order by 1",
                    "a|idle|null\nb|active|null\nc|idle|null\nd|waiting|a place: max_server_conn = 3");
            assertEquals(3, operator.execute("delete from connection where application_name in ('a', 'b', 'd')"));
            for (WireClient ended : List.of(idle, busy, waiting)) {
                WireMessage error = ended.readUntil('E').stream()
                        .filter(message -> message.type() == 'E')
                        .findFirst()
                        .orElseThrow();
                assertEquals("57P01", error.sqlState());
            }
            assertEquals("1", spared.value("select 1"));
            Await.until(
                    "the query to end on the server",
                    Fixture.SOON,
                    () -> CLUSTER.primary()
                            .sql("select count(*) from pg_stat_activity where query = 'select pg_sleep(600)'")
                            .equals("0"));
            operator.await("only one to be left", "select count(*) from connection where fe_ip is not null", "1");
        }
    }

    @Test
    void pauseHoldsNewClientsBackUntilResume() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "pg_proxy_query_timeout = 3s");
                Operator operator = Operator.of(proxy);
                Operator other = Operator.of(proxy);
                WireClient stays = client(proxy, "stays")) {
            String server = CLUSTER.primary().address().toString();
            SQLException inUse = assertThrows(SQLException.class, () -> operator.execute("pause " + server));
            assertEquals("55006", inUse.getSQLState());
            assertTrue(String.valueOf(inUse.getMessage()).contains("1 of postgres on postgres"), inUse.getMessage());
            assertEquals("1", stays.value("select 1"), "a client that is there may stay");
            CompletableFuture<WireClient> late = CompletableFuture.supplyAsync(() -> {
                try {
                    return client(proxy, "late");
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            operator.await("the late one to wait", "select wait_for from connection where state = 'waiting'", "RESUME");
            stays.send(FrontendMessage.terminate());
            operator.execute("pause " + server); // No client is left, so it succeeds, even the second time.
            assertEquals("t", operator.value("select paused from server where role = 'primary'"));
            operator.execute("resume");
            assertEquals("nothing was paused", other.notice("resume"));
            try (WireClient came = late.get(Fixture.SOON.toSeconds(), TimeUnit.SECONDS)) {
                assertEquals("1", came.value("select 1"));
                SQLException unknown = assertThrows(SQLException.class, () -> operator.execute("pause 10.1.2.3:1"));
                assertEquals("42704", unknown.getSQLState());
            }
        }
    }

    @Test
    void pausesAndResumesOfManyOperatorsAllEnd() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "pg_proxy_query_timeout = 2s");
                WireClient endless = client(proxy, "endless")) {
            List<Integer> numbers =
                    java.util.stream.IntStream.range(0, 15).boxed().toList();
            Parallel.run(numbers, number -> {
                try (Operator operator = Operator.of(proxy)) {
                    for (int i = 0; i < 6; i++) {
                        String command = (number + i) % 3 == 0 ? "pause" : "resume";
                        try {
                            operator.execute(command);
                        } catch (SQLException e) {
                            // Another operator resumed, or the endless client is still there.
                            assertTrue(List.of("57014", "55006").contains(e.getSQLState()), e.getMessage());
                        }
                    }
                }
            });
            try (Operator last = Operator.of(proxy)) {
                Await.until("nobody to be paused", Fixture.SOON, () -> {
                    last.execute("resume");
                    return last.value("select count(*) from server where paused")
                            .equals("0");
                });
            }
            assertEquals("1", endless.value("select 1"));
            try (WireClient fresh = client(proxy, "fresh")) {
                assertEquals("1", fresh.value("select 1"));
            }
        }
    }

    @Test
    void reconnectUsesNoOldConnectionAgain() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "proxy_worker_num = 1");
                Operator operator = Operator.of(proxy)) {
            String used;
            try (WireClient active = client(proxy, "active")) {
                used = active.value("select pg_backend_pid()");
                try (WireClient gone = client(proxy, "gone")) {
                    gone.value("select 1");
                }
                operator.await("one to be idle", "select sum(idle) from pool", "1");
                operator.execute("reconnect");
                operator.await("the idle one to be closed", "select sum(idle), sum(active) from pool", "0|1");
                assertEquals(used, active.value("select pg_backend_pid()"));
            }
            Fixture.awaitGone(CLUSTER, used);
        }
    }

    @Test
    void reloadTakesEffectEverywhereAndEndsNobody() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "slaver_list =", "max_server_conn = 1");
                Operator operator = Operator.of(proxy);
                WireClient first = client(proxy, "first");
                WireClient second = new WireClient(proxy.port())) {
            second.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres", "application_name", "second");
            operator.await("the second to wait", "select count(*) from connection where state = 'waiting'", "1");
            String standby = CLUSTER.standbys().get(0).address().toString();
            Operator.configure(
                    proxy,
                    "max_server_conn = 2",
                    "slaver_list = " + standby,
                    "idle_cnn_timeout = 100ms",
                    "log.level = debug");
            String said = operator.notice("reload");
            assertEquals("changed: idle_cnn_timeout, log.level, max_server_conn, slaver_list", said);
            second.readUntil('Z'); // There is a place for it now.
            assertEquals("1", first.value("select 1"));
            assertEquals("1", second.value("select 1"));
            operator.await(
                    "the standby to be there", "select role from server where server = '" + standby + "'", "standby");
            second.send(FrontendMessage.terminate());
            operator.await(
                    "the idle one to be closed soon", "select sum(idle) from pool where database = 'postgres'", "0");
            Operator.configure(proxy, "active_cnn_timeout = 200ms");
            operator.execute("reload");
            assertEquals("57P05", first.readUntil('E').get(0).sqlState(), "also for sessions that were there");
        }
    }

    @Test
    void aBadFileChangesNothingAndSighupIsTheSame() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "pg_proxy_pw = old");
                Operator operator = Operator.of(proxy, "old")) {
            Operator.configure(proxy, "pg_proxy_pw = new", "no_such_key = 1", "query_wait_timeout = soon");
            SQLException refused = assertThrows(SQLException.class, () -> operator.execute("reload"));
            assertEquals("F0000", refused.getSQLState());
            assertTrue(String.valueOf(refused.getMessage()).contains("no_such_key"), refused.getMessage());
            assertTrue(String.valueOf(refused.getMessage()).contains("query_wait_timeout"), refused.getMessage());
            Operator.of(proxy, "old").close();
            Operator.configure(proxy, "query_wait_timeout = 7", "listen = 127.0.0.1:1");
            Path file = proxy.directory().resolve("conf.properties");
            Files.write(
                    file,
                    Files.readAllLines(file).stream()
                            .filter(line -> !line.startsWith("no_such_key"))
                            .toList());
            Programs.run(List.of("kill", "-HUP", Long.toString(proxy.master().pid())));
            Await.until("SIGHUP to reload", Fixture.SOON, () -> proxy.log().contains("event=reloaded"));
            assertTrue(proxy.log().contains("unchanged=listen"), proxy.log());
            assertEquals(
                    List.of("listen|127.0.0.1:0", "query_wait_timeout|7"),
                    operator.rows(
                            "select \"key\", \"value\" from config where \"key\" in ('listen', 'query_wait_timeout') order by 1"));
            Operator.of(proxy, "new").close();
            assertThrows(SQLException.class, () -> Operator.of(proxy, "old"));
        }
    }

    @Test
    void shutdownStopsTheProxy() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER);
                Operator operator = Operator.of(proxy);
                WireClient client = client(proxy, "client")) {
            operator.execute("shutdown");
            assertEquals("57P01", client.readUntil('E').get(0).sqlState());
            assertTrue(proxy.master().waitFor(Fixture.SOON.toSeconds(), TimeUnit.SECONDS));
            assertEquals(0, proxy.master().exitValue(), proxy.log());
            assertTrue(proxy.log().contains("event=stopping signal=SHUTDOWN"), proxy.log());
        }
    }

    @Test
    void eventsTellWhatHappenedInEveryProcess() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "proxy_worker_num = 1");
                Operator operator = Operator.of(proxy)) {
            proxy.children("pgproxy-pool").get(0).destroyForcibly();
            operator.await(
                    "the death of a worker to be told",
                    "select process, level, count(*) from event where event = 'child_exit' group by process, level",
                    "master|warn|1");
            operator.await("its successor to be seen", "select restarts from process where kind = 'pool'", "1");
            operator.await(
                    "the successor's own words",
                    "select count(*) > 0 from event where process = 'pool-1' and event = 'child_started'",
                    "t");
        }
    }
}
