package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.hostile.FakeServer;
import dev.pgproxy.testkit.hostile.HostileBehaviours;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireLogin;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The bounds of ARCHITECTURE.md, with processes that have little memory: one that holds more than its bound runs out of it. */
@Tag(Fixture.LONG)
class BoundedMemorySystemTest {

    private static final PostgresCluster CLUSTER = Fixture.cluster(15);

    /** Less than a tenth of what the clients of these tests would make the process hold without bounds. */
    private static final String SMALL_POOL = "PGPROXY_POOL_OPTS=-Xmx32m -XX:MaxDirectMemorySize=24m";

    /** What servers say without end in a login: the proxy refuses the first, and passes the next two on. */
    private static final List<Endless> ENDLESS = List.of(
            new Endless("endless-parameters", Long.MAX_VALUE),
            new Endless("endless-string", 1_000_000),
            new Endless("endless-notices", 1_000_000),
            new Endless("says-nothing", 0));

    /**
     * A behaviour of a server.
     *
     * @param mostBytes that a client reads of it; the proxy may have ended it before
     */
    private record Endless(String behaviour, long mostBytes) {}

    private static ProxyProcess proxy(String variable, String primary, String... lines) {
        return proxy(List.of(variable), primary, lines);
    }

    private static ProxyProcess proxy(List<String> variables, String primary, String... lines) {
        List<String> configuration = new ArrayList<>(List.of(lines));
        configuration.add("master = " + primary);
        configuration.add("proxy_worker_num = 1");
        return ProxyProcess.startWith(variables, Fixture.DISTRIBUTION, configuration);
    }

    private static List<Long> processes(ProxyProcess proxy) {
        return proxy.children("pgproxy-").stream()
                .map(ProcessHandle::pid)
                .sorted()
                .toList();
    }

    private static void assertUnharmed(ProxyProcess proxy, List<Long> before) throws Exception {
        assertTrue(processes(proxy).containsAll(before), proxy.log()); // The admin-worker starts with its first login.
        try (Operator operator = Operator.of(proxy)) {
            assertEquals("0", operator.value("select sum(contained_faults) from process"), proxy.log());
        }
    }

    /** The server sends each client 20 MB, and each client sends the server a message that never ends. */
    @Test
    void aWorkerHoldsNoMoreThanABufferForWhoDoesNotRead() throws Exception {
        try (ProxyProcess proxy = proxy(SMALL_POOL, CLUSTER.primary().address().toString());
                Crowd lazy = new Crowd();
                WireClient other = WireClient.login(proxy.port(), "postgres", "postgres")) {
            List<Long> before = processes(proxy);
            for (int i = 0; i < 60; i++) {
                WireClient client = lazy.connect(proxy.port());
                client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
                client.readUntil('Z');
                client.send(FrontendMessage.query("select repeat('x', 1000000) from generate_series(1, 20)"));
                byte[] parse = WireClient.concat(
                        WireClient.text("name"), WireClient.text("select '" + "y".repeat(15_000) + "'"), new byte[2]);
                byte[] message = FrontendMessage.wrap((byte) 'P', parse);
                client.send(Arrays.copyOf(message, message.length - 1));
            }
            try (Operator operator = Operator.of(proxy)) {
                operator.await(
                        "all to be sent what they do not read",
                        "select count(*) from connection where wait_for = 'the client to read'",
                        "60");
            }
            assertEquals("1", other.value("select 1"));
            assertUnharmed(proxy, before);
        }
    }

    /** Each client announces an answer of 16 KB and sends five bytes of it; the proxy asks them since it knows how the server does. */
    @Test
    void aWorkerMakesNoRoomForWhatClientsOnlyClaim() throws Exception {
        int count = 2_000;
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(15)
                        .withAccess("host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 password"));
                ProxyProcess proxy =
                        proxy(SMALL_POOL, cluster.primary().address().toString(), "max_server_conn = 10");
                Crowd claiming = new Crowd();
                WireClient other = WireClient.login(proxy.port(), "postgres", "postgres")) {
            cluster.primary().sql("create role app login password 'secret'");
            logInAsApp(proxy);
            List<Long> before = processes(proxy);
            for (int i = 0; i < count; i++) {
                WireClient client = claiming.connect(proxy.port());
                client.startup(WireClient.PROTOCOL_3_0, "app", "postgres");
                client.readUntil('R');
                byte[] answer = FrontendMessage.wrap((byte) 'p', new byte[16_000]);
                client.send(Arrays.copyOf(answer, 10));
            }
            logInAsApp(proxy);
            assertEquals("1", other.value("select 1"));
            assertUnharmed(proxy, before);
        }
    }

    private static void logInAsApp(ProxyProcess proxy) throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            WireLogin login = WireLogin.attempt(client, "app", "postgres", "secret");
            assertTrue(login.isIn(), () -> "refused: " + login.received());
        }
    }

    /** What is remembered of each user: how it logged in, its role, its totals. */
    @Test
    void manyUsersAreRememberedInLittleMemory() throws Exception {
        List<String> small =
                List.of("PGPROXY_MASTER_OPTS=-Xmx24m", "PGPROXY_TASK_OPTS=-Xmx24m", "PGPROXY_POOL_OPTS=-Xmx32m");
        try (FakeServer server = new FakeServer(client -> {
                    client.letIn();
                    client.readToEnd();
                });
                ProxyProcess proxy = proxy(small, server.address())) {
            List<Long> before = processes(proxy);
            Parallel.run(IntStream.range(0, 3_000).boxed().toList(), i -> {
                try (WireClient client =
                        WireClient.login(proxy.port(), "user" + i + "x".repeat(50), "shop" + i + "y".repeat(50))) {
                    client.send(FrontendMessage.terminate());
                }
            });
            assertTrue(proxy.master().isAlive(), proxy.log());
            assertUnharmed(proxy, before);
        }
    }

    /** As large as it may be, and read again while the previous one is in use. */
    @Test
    void aLargeAuthFileIsReadInLittleMemory() throws Exception {
        try (TestDirectory directory = new TestDirectory();
                PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(15)
                        .withAccess(
                                "host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"))) {
            cluster.primary().sql("create role app login password 'secret'");
            String users = IntStream.range(0, 70_000)
                    .mapToObj(i -> "\"somebody" + (100_000 + i) + "\" \"md5" + "0".repeat(32) + "\"\n")
                    .collect(Collectors.joining());
            Path file = Files.writeString(directory.path().resolve("users"), users + "\"app\" \"secret\"\n");
            try (ProxyProcess proxy = proxy(
                    "PGPROXY_TASK_OPTS=-Xmx48m",
                    cluster.primary().address().toString(),
                    "auth_file = " + file,
                    "auth_cache_ttl = 0")) {
                logInAsApp(proxy);
                List<Long> before = processes(proxy);
                for (int i = 0; i < 3; i++) {
                    Files.writeString(file, "; changed\n", StandardOpenOption.APPEND);
                    logInAsApp(proxy);
                }
                assertFalse(proxy.log().contains("auth_file_unreadable"), proxy.log());
                assertUnharmed(proxy, before);
            }
        }
    }

    /** All clients can log in at once, because strangers have a tenth of the places. */
    @Test
    void aWorkerHoldsLittleOfWhatServersSayWithoutEnd() throws Exception {
        Map<String, FakeServer.Behaviour> behaviours = HostileBehaviours.atLogin();
        List<String> endless = ENDLESS.stream().map(Endless::behaviour).toList();
        try (FakeServer server = new FakeServer(client -> {});
                ProxyProcess proxy =
                        proxy(SMALL_POOL, server.address(), "client_login_timeout = 600s", "max_server_conn = 4000");
                Crowd clients = new Crowd()) {
            List<Long> before = processes(proxy);
            endless.forEach(name -> server.on(name, Objects.requireNonNull(behaviours.get(name))));
            for (int i = 0; i < 120; i++) {
                clients.connect(proxy.port())
                        .startup(WireClient.PROTOCOL_3_0, "stranger", endless.get(i % endless.size()));
            }
            Await.until(
                    "all servers to be heard",
                    Fixture.SOON,
                    () -> server.met().entrySet().stream()
                                    .filter(met -> endless.contains(met.getKey()))
                                    .mapToInt(Map.Entry::getValue)
                                    .sum()
                            >= 120);
            for (int i = 0; i < clients.clients().size(); i++) {
                long most = ENDLESS.get(i % ENDLESS.size()).mostBytes();
                WireClient client = clients.clients().get(i);
                for (long read = 0; read < most && client.readByte() >= 0; read++) {
                    // until the proxy has given it up, or the server has said more than the proxy could keep
                }
            }
            assertUnharmed(proxy, before);
        }
    }

    /** Each operator could have 16 MiB, and none reads. */
    @Test
    void operatorsWhoDoNotReadFillNoMemory() throws Exception {
        try (ProxyProcess proxy = proxy(
                        "PGPROXY_ADMIN_OPTS=-Xmx256m",
                        CLUSTER.primary().address().toString(),
                        "pg_proxy_max_conn = 30",
                        "pg_proxy_query_timeout = 60s");
                Crowd operators = new Crowd();
                Operator patient = Operator.of(proxy)) {
            List<Long> before = processes(proxy);
            for (int i = 0; i < 20; i++) {
                WireClient client = operators.connect(proxy.port());
                WireLogin login = WireLogin.attempt(client, "op" + i, "pg_proxy", ProxyProcess.OPERATOR_PASSWORD);
                assertTrue(login.isIn(), () -> "refused: " + login.received());
                client.send(FrontendMessage.query("select * from config a, config b, config c limit 60000"));
            }
            for (int i = 0; i < 20; i++) {
                assertEquals("1", patient.value("select 1"), "while others fetch much");
            }
            // A reader gets all of it now, or is told that too much is under way.
            for (WireClient client : operators.clients()) {
                client.readUntil('Z');
            }
            assertUnharmed(proxy, before);
        }
    }

    /** 300 MB of parameters, in portals that nothing closes before a Sync. */
    @Test
    void whatAnOperatorBindsIsBounded() throws Exception {
        byte[] value = "x".repeat(1_000_000).getBytes(StandardCharsets.US_ASCII);
        byte[] parameters = ByteBuffer.allocate(4 * Short.BYTES + value.length)
                .putShort((short) 0)
                .putShort((short) 1)
                .putInt(value.length)
                .put(value)
                .array();
        assertBounded(client -> {
            client.send('P', WireClient.concat(WireClient.text(""), WireClient.text("select $1::text"), new byte[2]));
            for (int i = 0; i < 300; i++) {
                client.send(
                        'B', WireClient.concat(WireClient.text("p" + i), WireClient.text(""), parameters, new byte[2]));
            }
        });
    }

    /** 300 MB of statements that only portals hold, since each is the unnamed one. */
    @Test
    void whatPortalsHoldIsBounded() throws Exception {
        String sql = "select '" + "x".repeat(1_000_000) + "'";
        byte[] parse = WireClient.concat(WireClient.text(""), WireClient.text(sql), new byte[2]);
        assertBounded(client -> {
            for (int i = 0; i < 300; i++) {
                client.send('P', parse);
                client.send('B', WireClient.concat(WireClient.text("p" + i), WireClient.text(""), new byte[6]));
            }
        });
    }

    private interface Speech {
        void to(WireClient client) throws IOException;
    }

    /** An operator that sends this is refused for lack of memory, and another one notices nothing. */
    private static void assertBounded(Speech speech) throws Exception {
        try (ProxyProcess proxy = proxy(
                        "PGPROXY_ADMIN_OPTS=-Xmx256m",
                        CLUSTER.primary().address().toString());
                Operator other = Operator.of(proxy);
                WireClient client = new WireClient(proxy.port())) {
            List<Long> before = processes(proxy);
            assertTrue(WireLogin.attempt(client, "op", "pg_proxy", ProxyProcess.OPERATOR_PASSWORD)
                    .isIn());
            speech.to(client);
            client.send('S', new byte[0]);
            List<WireMessage> answer = client.readUntil('Z');
            assertEquals(
                    List.of("53200"),
                    answer.stream()
                            .filter(message -> message.type() == 'E')
                            .map(WireMessage::sqlState)
                            .toList());
            assertEquals("1", other.value("select 1"));
            assertUnharmed(proxy, before);
        }
    }

    /** A worker that takes nothing, cancels without a target, and clients that are refused but stay. */
    @Test
    void theMasterHoldsLittleForThoseWhomNobodyServes() throws Exception {
        try (ProxyProcess proxy = proxy(
                        "PGPROXY_MASTER_OPTS=-Xmx24m",
                        CLUSTER.primary().address().toString(),
                        "max_client_conn = 1000");
                Crowd crowd = new Crowd()) {
            long master = proxy.master().pid();
            ProcessHandle worker = proxy.children("pgproxy-pool").get(0);
            signal(worker.pid(), "STOP");
            String[] large = IntStream.range(0, 200)
                    .mapToObj(i -> i % 2 == 0 ? "a.p" + i : "x".repeat(60))
                    .toArray(String[]::new);
            for (int i = 0; i < 500; i++) {
                large[1] = "x" + i;
                crowd.connect(proxy.port()).startup(WireClient.PROTOCOL_3_0, "postgres", "postgres", large);
                crowd.connect(proxy.port()).send(FrontendMessage.cancelRequest(i, new byte[] {1, 2, 3, 4}));
                crowd.connect(proxy.port()).startup(7 << 16, "postgres", "postgres");
            }
            Await.until(
                    "another worker",
                    Fixture.SOON,
                    () -> !worker.isAlive() && proxy.children("pgproxy-pool").size() == 1);
            crowd.leave();
            Fixture.awaitLogin(proxy);
            assertEquals(master, proxy.master().pid());
            assertTrue(proxy.master().isAlive(), proxy.log());
        }
    }

    private static void signal(long pid, String name) {
        Programs.Result result = Programs.run(List.of("kill", "-" + name, Long.toString(pid)));
        assertEquals(0, result.status(), result.output());
    }
}
