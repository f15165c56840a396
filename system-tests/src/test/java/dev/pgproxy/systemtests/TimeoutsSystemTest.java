package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireLogin;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every wait ends with a reason, and nothing that works is disturbed. */
class TimeoutsSystemTest {

    private static final PostgresCluster CLUSTER = Fixture.cluster(18);

    private static void expectEnd(WireClient client, String sqlState) throws IOException {
        List<WireMessage> rest = client.readAll();
        WireMessage last = rest.get(rest.size() - 1);
        assertEquals('E', last.type(), rest::toString);
        assertEquals(sqlState, last.sqlState());
        assertEquals("FATAL", last.fields().get('S'));
        assertTrue(!last.fields().getOrDefault('H', "").isEmpty(), last::toString);
    }

    private static byte[] extended(String sql) {
        return WireClient.concat(
                FrontendMessage.wrap((byte) 'P', WireClient.parse(sql)),
                FrontendMessage.wrap((byte) 'B', new byte[8]),
                FrontendMessage.wrap((byte) 'E', new byte[5]),
                FrontendMessage.wrap((byte) 'S', new byte[0]));
    }

    /**
     * Logs in and sends these messages, all in one write: however slow this machine is, the client is not idle before they are answered.
     *
     * @return the client, logged in
     */
    private static WireClient busy(ProxyProcess proxy, byte[]... messages) throws IOException {
        byte[] startup = FrontendMessage.startup(
                WireClient.PROTOCOL_3_0,
                List.of(
                        new StartupParameters.Parameter("user", "postgres"),
                        new StartupParameters.Parameter("database", "postgres")));
        WireClient client = new WireClient(proxy.port());
        client.send(WireClient.concat(startup, WireClient.concat(messages)));
        client.readUntil('Z');
        return client;
    }

    private static void expectNoError(List<WireMessage> answer) {
        assertTrue(answer.stream().noneMatch(message -> message.type() == 'E'), answer::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nothing", "simple", "extended", "transaction"})
    void idleSessionEndsWithAWord(String lastUse) throws IOException {
        byte[] use = switch (lastUse) {
            case "simple" -> FrontendMessage.query("select 1");
            case "extended" -> extended("select 1");
            case "transaction" -> FrontendMessage.query("begin");
            default -> new byte[0];
        };
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "active_cnn_timeout = 300ms", "proxy_worker_num = 1");
                WireClient client = busy(proxy, use)) {
            if (use.length > 0) {
                expectNoError(client.readUntil('Z'));
            }
            expectEnd(client, "57P05");
            try (WireClient next = busy(proxy, FrontendMessage.query("select 1"))) {
                expectNoError(next.readUntil('Z'));
            }
        }
    }

    @Test
    void whateverRunsIsNotIdle() throws IOException {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "active_cnn_timeout = 300ms");
                WireClient client = busy(
                        proxy,
                        FrontendMessage.query("select pg_sleep(1)"),
                        extended("select pg_sleep(1)"),
                        FrontendMessage.query("create temporary table t (i int)"),
                        FrontendMessage.query("copy t from stdin"))) {
            expectNoError(client.readUntil('Z'));
            expectNoError(client.readUntil('Z'));
            expectNoError(client.readUntil('Z'));
            expectNoError(client.readUntil('G'));
            CLUSTER.primary().sql("select pg_sleep(1)"); // Meanwhile the COPY waits for its client.
            client.send('c', new byte[0]);
            expectNoError(client.readUntil('Z'));
        }
    }

    @Test
    void exemptedClientsMayRest() throws IOException {
        try (ProxyProcess proxy = Fixture.proxy(
                        CLUSTER,
                        "active_cnn_timeout = 300ms",
                        "disable_conds_list.1 = user=post.*, application_name=nightly",
                        "disable_conds_list.2 = user=nobody");
                WireClient exempt =
                        WireClient.login(proxy.port(), "postgres", "postgres", "application_name", "nightly");
                WireClient other = WireClient.login(proxy.port(), "postgres", "postgres")) {
            expectEnd(other, "57P05");
            assertEquals("1", exempt.value("select 1"));
        }
    }

    @Test
    void idleTransactionEndsAndIsRolledBack() throws IOException {
        CLUSTER.primary().sql("drop table if exists kept; create table kept (i int)");
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "idle_transaction_timeout = 300ms", "active_cnn_timeout = 0");
                WireClient resting = WireClient.login(proxy.port(), "postgres", "postgres");
                WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
            client.query("begin; insert into kept values (1)");
            expectEnd(client, "25P03");
            Await.until(
                    "the transaction to be over",
                    Fixture.SOON,
                    () -> CLUSTER.primary()
                            .sql("select count(*) from pg_locks where relation = 'kept'::regclass")
                            .equals("0"));
            assertEquals("0", resting.value("select count(*) from kept"));
        }
    }

    @Test
    void oldBackendsAreNotUsedAgain() throws IOException {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "server_lifetime = 500ms", "proxy_worker_num = 1")) {
            String pid;
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                pid = client.value("select pg_backend_pid() from pg_sleep(0.6)");
                client.send(FrontendMessage.terminate());
            }
            Fixture.awaitGone(CLUSTER, pid);
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                assertNotEquals(pid, client.value("select pg_backend_pid()"));
            }
        }
    }

    @Test
    void loginThatIsNotFinishedEnds() throws IOException {
        try (PostgresCluster cluster = PostgresCluster.start(
                        PostgresCluster.Options.of(18).withAccess("host all slow 127.0.0.1/32 scram-sha-256"));
                ProxyProcess proxy =
                        Fixture.proxy(cluster, "slaver_list =", "client_login_timeout = 500ms", "auth_cache_ttl = 0")) {
            cluster.primary().sql("create role slow login password 'right'");
            for (boolean warm : new boolean[] {false, true}) {
                try (WireClient client = new WireClient(proxy.port())) {
                    client.startup(WireClient.PROTOCOL_3_0, "slow", "postgres");
                    expectEnd(client, "57014");
                }
                if (!warm) {
                    Await.until("a login within client_login_timeout", Fixture.SOON, () -> logsIn(proxy));
                }
            }
        }
    }

    private static boolean logsIn(ProxyProcess proxy) throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            boolean isIn =
                    WireLogin.attempt(client, "slow", "postgres", "right").isIn();
            client.send(FrontendMessage.terminate());
            return isIn;
        }
    }
}
