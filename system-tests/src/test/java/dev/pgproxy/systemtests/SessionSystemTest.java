package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions of single clients: reuse and what it leaves behind, routing, clients that stop sending, idle timeouts. */
class SessionSystemTest {

    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void nextClientGetsWarmBackendAsGoodAsNew(int major) throws IOException {
        PostgresCluster cluster = Fixture.cluster(major);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "proxy_worker_num = 1")) {
            String pid;
            List<WireMessage> firstLogin;
            try (WireClient first = new WireClient(proxy.port())) {
                first.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres", "application_name", "one");
                firstLogin = first.readUntil('Z');
                pid = first.value("select pg_backend_pid()");
                first.query(
                        "set search_path = nowhere; set datestyle = 'german'; create temporary table leftover (i int);"
                                + "prepare p as select 1; listen channel; select pg_advisory_lock(1)");
                first.query("begin");
                first.query("select nonsense");
                first.send(FrontendMessage.terminate());
            }
            Fixture.awaitIdle(cluster, pid);
            try (WireClient second = new WireClient(proxy.port())) {
                second.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres", "application_name", "one");
                List<WireMessage> secondLogin = second.readUntil('Z');
                assertEquals(pid, second.value("select pg_backend_pid()"));
                assertEquals(described(firstLogin), described(secondLogin));
                assertNotEquals(secret(firstLogin), secret(secondLogin));
                assertEquals("ISO, MDY", second.value("show datestyle"));
                assertEquals("0", second.value("select count(*) from pg_prepared_statements"));
                assertEquals("0", second.value("select count(*) from pg_class where relname = 'leftover'"));
                assertEquals("0", second.value("select count(*) from pg_listening_channels()"));
                assertEquals("0", second.value("select count(*) from pg_locks where locktype = 'advisory'"));
            }
        }
    }

    /** A login as a client sees it, without order of parameters and without the secret. */
    private static List<String> described(List<WireMessage> login) {
        return login.stream()
                .map(message -> message.type() + (message.type() == 'K' ? hex(message.body(), 0, 4) : message.text()))
                .sorted()
                .toList();
    }

    private static String secret(List<WireMessage> login) {
        return login.stream()
                .filter(message -> message.type() == 'K')
                .map(message -> hex(message.body(), 4, message.body().length))
                .findFirst()
                .orElseThrow();
    }

    /** The bytes of a key are not text; as text, one byte could change how the one before it is decoded. */
    private static String hex(byte[] body, int from, int to) {
        return HexFormat.of().formatHex(body, from, to);
    }

    /** As on the server itself: what was sent is done and answered, even for a client that sends nothing more. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whoOnlyStopsSendingGetsItsAnswers(boolean isWarm) throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        cluster.primary().sql("drop table if exists half_closed; create table half_closed (i int)");
        try (ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            if (isWarm) {
                try (WireClient first = WireClient.login(proxy.port(), "postgres", "postgres")) {
                    String pid = first.value("select pg_backend_pid()");
                    first.send(FrontendMessage.terminate());
                    Fixture.awaitIdle(cluster, pid);
                }
            }
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                client.send(
                        FrontendMessage.query("select pg_sleep(0.5); insert into half_closed values (42) returning i"));
                client.finishSending();
                List<WireMessage> answer = client.readAll();
                assertEquals(
                        List.of("42"),
                        answer.stream()
                                .filter(message -> message.type() == 'D' && message.body().length > 6)
                                .map(WireMessage::firstColumn)
                                .filter(value -> !value.isEmpty())
                                .toList());
                assertEquals('Z', answer.get(answer.size() - 1).type());
            }
            assertEquals("1", cluster.primary().sql("select count(*) from half_closed"));
        }
    }

    /** A client that closes completely is noticed by the TCP reset that answers what it is sent. */
    @Test
    void whoClosesWhileItsQueryRunsIsNoticed() throws Exception {
        PostgresCluster cluster = Fixture.cluster(15);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            WireClient client = WireClient.login(proxy.port(), "postgres", "postgres");
            String pid = client.value("select pg_backend_pid()");
            client.send(FrontendMessage.query("select pg_sleep(600)"));
            Await.until(
                    "the query to run",
                    Fixture.SOON,
                    () -> cluster.primary()
                            .sql("select wait_event from pg_stat_activity where pid = " + pid)
                            .equals("PgSleep"));
            client.close();
            Fixture.awaitIdle(cluster, pid);
        }
    }

    @Test
    void clientsWithOtherParametersDoNotShareBackends() throws IOException {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "proxy_worker_num = 1")) {
            String pid;
            try (WireClient first = WireClient.login(proxy.port(), "postgres", "postgres", "search_path", "a")) {
                pid = first.value("select pg_backend_pid()");
                first.send(FrontendMessage.terminate());
            }
            Fixture.awaitIdle(cluster, pid);
            try (WireClient other = WireClient.login(proxy.port(), "postgres", "postgres", "search_path", "b")) {
                assertNotEquals(pid, other.value("select pg_backend_pid()"));
            }
            try (WireClient same = WireClient.login(proxy.port(), "postgres", "postgres", "search_path", "a")) {
                assertEquals(pid, same.value("select pg_backend_pid()"));
                assertEquals("a", same.value("show search_path"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"half a message", "copy in", "terminate in copy", "open sequence", "replication"})
    void backendInDoubtIsClosed(String how) throws IOException {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "proxy_worker_num = 1")) {
            String pid;
            String[] extra = how.equals("replication") ? new String[] {"replication", "database"} : new String[0];
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres", extra)) {
                pid = client.value("select pg_backend_pid()");
                switch (how) {
                    case "half a message" ->
                        client.send((byte) 'Q', (byte) 0, (byte) 0, (byte) 0, (byte) 50, (byte) 's');
                    case "copy in", "terminate in copy" -> {
                        client.query("create temporary table t (i int)");
                        client.send(FrontendMessage.query("copy t from stdin"));
                        client.readUntil('G');
                        if (how.startsWith("terminate")) {
                            client.send(FrontendMessage.terminate());
                            assertEquals(List.of(), client.readAll());
                        }
                    }
                    case "open sequence" -> {
                        client.send(
                                'P', WireClient.concat(WireClient.text("s"), WireClient.text("select 1"), new byte[2]));
                        client.send('H', new byte[0]);
                        client.readUntil('1');
                    }
                    default -> client.send(FrontendMessage.terminate());
                }
            }
            Fixture.awaitGone(cluster, pid);
        }
    }

    @Test
    void answersEverythingThatWasAskedBeforeTerminate() throws IOException {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18));
                WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
            client.send(FrontendMessage.query("select pg_sleep(0.2)"));
            client.send(FrontendMessage.query("select generate_series(1, 100000)"));
            client.send(FrontendMessage.terminate());
            long rows = client.readAll().stream()
                    .filter(message -> message.type() == 'D')
                    .count();
            assertEquals(100_001, rows);
        }
    }

    @Test
    void readersGoToStandbysInTurnAndWritersToThePrimary() throws IOException {
        try (PostgresCluster cluster =
                        PostgresCluster.start(PostgresCluster.Options.of(15).withStandbys(2));
                ProxyProcess proxy = Fixture.proxy(
                        cluster,
                        "slaver_list = " + cluster.standbys().get(0).address() + ", "
                                + cluster.standbys().get(1).address())) {
            cluster.primary().sql("create role reader_r login");
            cluster.standbys()
                    .forEach(standby -> Await.until(
                            "the role to arrive",
                            Fixture.SOON,
                            () -> standby.sql("select count(*) from pg_roles where rolname = 'reader_r'")
                                    .equals("1")));
            java.util.Map<String, Integer> ports = new java.util.TreeMap<>();
            for (int i = 0; i < 10; i++) {
                try (WireClient reader = WireClient.login(proxy.port(), "reader_r", "postgres")) {
                    assertEquals("t", reader.value("select pg_is_in_recovery()"));
                    ports.merge(reader.value("select inet_server_port()"), 1, Integer::sum);
                }
            }
            assertEquals(2, ports.size());
            assertTrue(ports.values().stream().allMatch(count -> count == 5), ports::toString);
            try (WireClient writer = WireClient.login(proxy.port(), "postgres", "postgres")) {
                assertEquals("f", writer.value("select pg_is_in_recovery()"));
            }
        }
    }

    @Test
    void serverThatIsNotThereIsExplained() throws IOException {
        // Bound but not listening: nothing else can get the port, not even the proxy itself.
        try (java.net.Socket taken = new java.net.Socket()) {
            taken.bind(new java.net.InetSocketAddress(java.net.InetAddress.getLoopbackAddress(), 0));
            try (ProxyProcess proxy = ProxyProcess.start(
                            Fixture.DISTRIBUTION, List.of("master = 127.0.0.1:" + taken.getLocalPort()));
                    WireClient client = new WireClient(proxy.port())) {
                client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
                WireMessage error = client.readUntil('E').get(0);
                assertEquals("08001", error.sqlState());
                assertTrue(error.fields().getOrDefault('M', "").contains("Connection refused"), error::toString);
            }
        }
    }

    @Test
    void listensOnSeveralAddressesOfBothFamilies() throws IOException {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "listen = 127.0.0.1:0, [::1]:0")) {
            assertEquals(2, proxy.ports().size());
            java.net.InetSocketAddress v6 = new java.net.InetSocketAddress(
                    java.net.InetAddress.getByAddress(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
                    proxy.ports().get(1));
            try (WireClient client = new WireClient(v6)) {
                client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
                client.readUntil('Z');
                assertEquals("1", client.value("select 1"));
            }
        }
    }

    @Test
    void idleBackendsEndAfterTheirTimeout() throws IOException {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "idle_cnn_timeout = 200ms")) {
            String pid;
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                pid = client.value("select pg_backend_pid()");
                client.send(FrontendMessage.terminate());
            }
            Fixture.awaitGone(cluster, pid);
        }
    }
}
