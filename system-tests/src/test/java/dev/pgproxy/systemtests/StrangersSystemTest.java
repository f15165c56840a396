package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireLogin;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients that have not authenticated must cost the others little, and the proxy no more than it has. */
@Tag(Fixture.LONG)
class StrangersSystemTest {

    private static final PostgresCluster CLUSTER = Fixture.cluster(15);

    @Test
    void cancelsAndTheConsoleGetThroughASilentCrowd() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "slaver_list =", "max_client_conn = 40");
                Crowd silent = new Crowd();
                Crowd sessions = new Crowd();
                WireClient idle = WireClient.login(proxy.port(), "postgres", "postgres");
                WireClient busy = new WireClient(proxy.port())) {
            busy.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
            WireMessage key = busy.readUntil('Z').stream()
                    .filter(message -> message.type() == 'K')
                    .findFirst()
                    .orElseThrow();
            ByteBuffer fields = ByteBuffer.wrap(key.body());
            int pid = fields.getInt();
            busy.send(FrontendMessage.query("select pg_sleep(600)"));
            for (int i = 2; i < 40; i++) {
                WireClient session = sessions.connect(proxy.port());
                session.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
                session.readUntil('Z');
            }
            for (int i = 0; i < 200; i++) {
                silent.connect(proxy.port());
            }
            try (Operator operator = Operator.of(proxy)) {
                operator.await("the query", "select count(*) from connection where state = 'active'", "1");
            }
            try (WireClient cancel = new WireClient(proxy.port())) {
                cancel.send(FrontendMessage.cancelRequest(pid, Arrays.copyOfRange(key.body(), 4, key.body().length)));
                List<WireMessage> answer = busy.readUntil('E');
                assertEquals("57014", answer.get(answer.size() - 1).sqlState());
            }
            assertEquals("1", idle.value("select 1"));
            for (WireClient session : sessions.clients()) {
                assertEquals("1", session.value("select 1"));
            }
        }
    }

    @Test
    void whatClientsSendAtTheirStartIsBoundedInBytes() throws Exception {
        String[] fat = fat();
        try (ProxyProcess proxy = ProxyProcess.startWith(
                        List.of("PGPROXY_MASTER_OPTS=-Xmx24m"),
                        Fixture.DISTRIBUTION,
                        List.of(
                                "master = " + CLUSTER.primary().address(),
                                "max_server_conn = 1",
                                "proxy_worker_num = 1"));
                Crowd crowd = new Crowd();
                WireClient only = WireClient.login(proxy.port(), "postgres", "postgres")) {
            for (int i = 0; i < 600; i++) {
                fat[1] = "x" + i;
                crowd.connect(proxy.port()).startup(WireClient.PROTOCOL_3_0, "stranger", "postgres", fat);
            }
            WireMessage refusal = crowd.clients().get(0).readUntil('E').get(0);
            assertEquals("53300", refusal.sqlState(), "who came first gives way");
            assertTrue(proxy.log().contains("event=client_memory_full"), proxy.log());
            assertEquals("1", only.value("select 1"));
            crowd.leave();
            only.send(FrontendMessage.terminate());
            Fixture.awaitLogin(proxy);
            assertTrue(proxy.master().isAlive());
        }
    }

    private static String[] fat() {
        String[] fat = new String[480];
        for (int i = 0; i < fat.length; i += 2) {
            fat[i] = "a.p" + i;
            fat[i + 1] = "x".repeat(28);
        }
        return fat;
    }

    @Test
    void whatClientsSendAtTheirStartIsBoundedInBytesWhileThePrimaryIsFrozen() throws Exception {
        String[] fat = fat();
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(15));
                ProxyProcess proxy = ProxyProcess.startWith(
                        List.of("PGPROXY_MASTER_OPTS=-Xmx24m"),
                        Fixture.DISTRIBUTION,
                        List.of("master = " + cluster.primary().address()));
                Crowd crowd = new Crowd()) {
            cluster.primary().freeze();
            try {
                for (int i = 0; i < 600; i++) {
                    fat[1] = "x" + i;
                    crowd.connect(proxy.port()).startup(WireClient.PROTOCOL_3_0, "postgres", "postgres", fat);
                }
                Await.until(
                        "the memory to be full", Fixture.SOON, () -> proxy.log().contains("event=client_memory_full"));
            } finally {
                cluster.primary().thaw();
            }
            crowd.leave();
            Fixture.awaitLogin(proxy);
            assertTrue(proxy.master().isAlive());
        }
    }

    @Test
    void oneClientDoesNotFillTheServerWithWhatOnlyItCanUse() throws Exception {
        CLUSTER.primary().sql("drop role if exists hoarder; create role hoarder login");
        try (ProxyProcess proxy =
                        Fixture.proxy(CLUSTER, "slaver_list =", "max_idle_server_conn = 5", "proxy_worker_num = 2");
                Operator operator = Operator.of(proxy)) {
            String pid;
            try (WireClient other = WireClient.login(proxy.port(), "postgres", "postgres")) {
                pid = other.value("select pg_backend_pid()");
                other.send(FrontendMessage.terminate());
                Fixture.awaitIdle(CLUSTER, pid);
            }
            for (int i = 0; i < 30; i++) {
                try (WireClient client =
                        WireClient.login(proxy.port(), "hoarder", "postgres", "options", "-c work_mem=" + (1000 + i))) {
                    assertEquals("1", client.value("select 1"));
                    client.send(FrontendMessage.terminate());
                    assertEquals(List.of(), client.readAll());
                }
            }
            operator.await(
                    "the surplus to be closed", "select count(*) <= 5 from connection where state = 'pooled'", "t");
            try (WireClient other = WireClient.login(proxy.port(), "postgres", "postgres")) {
                assertEquals(pid, other.value("select pg_backend_pid()"), "one who has one keeps it");
            }
        }
    }

    /** Clients that do not authenticate only wait for each other. */
    @ParameterizedTest
    @CsvSource({"10,20", "20,5", "0,5"})
    void silentStrangersKeepNobodyFromAPlaceAndCloseNoWarmBackend(int places, int logins) throws Exception {
        try (PostgresCluster cluster = secured();
                ProxyProcess proxy = Fixture.proxy(
                        cluster,
                        "slaver_list =",
                        "proxy_worker_num = 2",
                        "max_server_conn = " + places,
                        "client_login_timeout = 60s");
                Crowd strangers = new Crowd()) {
            Set<Integer> warm = warmUp(proxy, cluster, 5);
            for (int i = 0; i < 200; i++) {
                strangers.connect(proxy.port()).startup(WireClient.PROTOCOL_3_0, "nobody" + i, "postgres");
            }
            try (Operator operator = Operator.of(proxy)) {
                operator.await(
                        "strangers to be asked by the server, and others to wait",
                        "select count(*) filter (where wait_for = 'the server''s login') > 0"
                                + " and count(*) filter (where state = 'waiting') > 0 from connection",
                        "t");
            }
            for (int i = 0; i < logins; i++) {
                assertTrue(warm.contains(login(proxy, "secret").pid()), "a login on a warm backend");
            }
            int all = Integer.parseInt(cluster.primary()
                    .sql("select count(*) from pg_stat_activity where backend_type = 'client backend'"));
            assertTrue(all <= 80, all + " processes of a server with no limit");
        }
    }

    /** A client that knows a role's name but not its password costs the role's users nothing. */
    @Test
    void wrongPasswordsCloseNoWarmBackend() throws Exception {
        try (PostgresCluster cluster = secured();
                ProxyProcess proxy =
                        Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1", "max_server_conn = 20");
                Crowd silent = new Crowd()) {
            Set<Integer> warm = warmUp(proxy, cluster, 8);
            guess(proxy);
            for (int i = 0; i < 50; i++) {
                silent.connect(proxy.port()).startup(WireClient.PROTOCOL_3_0, "app", "postgres");
            }
            Set<Integer> again = new HashSet<>();
            Crowd users = new Crowd();
            try (users) {
                for (int i = 0; i < 8; i++) {
                    WireLogin login = WireLogin.attempt(users.connect(proxy.port()), "app", "postgres", "secret");
                    again.add(login.pid());
                }
            }
            assertEquals(warm, again);
        }
    }

    /** The same where the proxy cannot ask before there is a backend: its verifiers have a salt that differs from the server's. */
    @Test
    void wrongPasswordsCloseNoWarmBackendOfThoseInAuthFile() throws Exception {
        try (TestDirectory directory = new TestDirectory();
                PostgresCluster cluster = secured()) {
            Path file = Files.writeString(directory.path().resolve("users"), "\"app\" \"secret\"\n");
            for (String limit : List.of("max_server_conn = 20", "max_server_conn = 0")) {
                try (ProxyProcess proxy =
                        Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1", limit, "auth_file = " + file)) {
                    Set<Integer> warm = warmUp(proxy, cluster, 4);
                    guess(proxy);
                    warm.forEach(pid -> Fixture.awaitIdle(cluster, Integer.toString(pid)));
                    assertTrue(warm.contains(login(proxy, "secret").pid()), limit);
                }
            }
        }
    }

    private static void guess(ProxyProcess proxy) throws IOException {
        for (int i = 0; i < 8; i++) {
            WireLogin refused = login(proxy, "guess" + i);
            assertFalse(refused.isIn());
            WireMessage last = refused.received().get(refused.received().size() - 1);
            assertEquals("28P01", last.sqlState());
            assertEquals("auth.c", last.fields().get('F'), "the server's own word");
        }
    }

    /** The proxy discards what it remembers of how the server asks once the server asks otherwise. */
    @Test
    void aServerThatAsksOtherwiseIsBelieved() throws Exception {
        try (PostgresCluster cluster = secured();
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            warmUp(proxy, cluster, 1);
            Path access = cluster.primary().data().resolve("pg_hba.conf");
            Files.writeString(access, "host all app 127.0.0.1/32 password\n" + Files.readString(access));
            cluster.primary().signal("HUP");
            Await.until("the server to ask otherwise", Fixture.SOON, () -> asked(cluster) == 3);
            try (Operator operator = Operator.of(proxy)) {
                operator.execute("reconnect");
            }
            Await.until(
                    "a login in the new way",
                    Fixture.SOON,
                    () -> login(proxy, "secret").isIn());
        }
    }

    /** A server reads no SASL message of more than 1,024 bytes, whatever its content. */
    @Test
    void anEndlessSaslMessageCostsNobodyElseAnything() throws Exception {
        try (PostgresCluster cluster = secured();
                ProxyProcess proxy =
                        Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1", "max_server_conn = 20");
                Operator operator = Operator.of(proxy);
                WireClient other = WireClient.login(proxy.port(), "postgres", "postgres")) {
            warmUp(proxy, cluster, 2);
            String processes = "select pid, contained_faults from process order by pid";
            List<String> before = operator.rows(processes);
            for (String database : List.of("postgres", "pg_proxy")) {
                for (int extensions : new int[] {10, 200, 1_300, 5_000, 1_000_000}) {
                    sayAtLength(proxy, database, extensions);
                }
            }
            assertEquals("1", other.value("select 1"));
            assertEquals(before, operator.rows(processes), proxy.log());
        }
    }

    /** Sends a SASLInitialResponse with this many extensions; only short ones are answered. */
    private static void sayAtLength(ProxyProcess proxy, String database, int extensions) throws IOException {
        byte[] first = ("n,,n=,r=abcdefghijkl" + ",a=".repeat(extensions)).getBytes(StandardCharsets.US_ASCII);
        byte[] body = WireClient.concat(
                WireClient.text("SCRAM-SHA-256"),
                ByteBuffer.allocate(Integer.BYTES).putInt(first.length).array(),
                first);
        try (WireClient client = new WireClient(proxy.port())) {
            client.startup(WireClient.PROTOCOL_3_0, "app", database);
            client.readUntil('R');
            client.send('p', body);
            WireMessage answer = client.read();
            boolean isAnswered = answer != null && answer.type() == 'R';
            assertEquals(body.length <= 1_024, isAnswered, database + " with " + extensions + ": " + answer);
        } catch (SocketException e) {
            assertTrue(body.length > 1_024, "refused while it was still sending");
        }
    }

    private static PostgresCluster secured() {
        PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(15)
                .withAccess("host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"));
        cluster.primary().sql("create role app login password 'secret'");
        return cluster;
    }

    /** The code of the server's authentication request. */
    private static int asked(PostgresCluster cluster) throws IOException {
        try (WireClient direct = new WireClient(cluster.primary().port())) {
            direct.startup(WireClient.PROTOCOL_3_0, "app", "postgres");
            return ByteBuffer.wrap(direct.readUntil('R').get(0).body()).getInt();
        }
    }

    /** The server processes of this many idle backends. */
    private static Set<Integer> warmUp(ProxyProcess proxy, PostgresCluster cluster, int count) throws IOException {
        Set<Integer> pids = new HashSet<>();
        Crowd users = new Crowd();
        try (users) {
            for (int i = 0; i < count; i++) {
                pids.add(WireLogin.attempt(users.connect(proxy.port()), "app", "postgres", "secret")
                        .pid());
            }
            for (WireClient user : users.clients()) {
                user.send(FrontendMessage.terminate());
            }
        }
        pids.forEach(pid -> Fixture.awaitIdle(cluster, Integer.toString(pid)));
        return pids;
    }

    private static WireLogin login(ProxyProcess proxy, String password) throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            WireLogin login = WireLogin.attempt(client, "app", "postgres", password);
            if (login.isIn()) {
                client.send(FrontendMessage.terminate());
                client.readAll();
            }
            return login;
        }
    }
}
