package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.hostile.FakeServer;
import dev.pgproxy.testkit.hostile.HostileBehaviours;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The primary breaks the protocol in every way that we thought of; clients that read from a healthy standby must lose nothing. */
@Tag(Fixture.LONG)
class HostileServerSystemTest {

    private static final int CLIENTS_AT_ONCE = 8;
    /** How long a client waits once the server has met it and sends nothing more; then it leaves. */
    private static final int PATIENCE_MS = 400;

    @Test
    void aServerThatBreaksTheProtocolAtLoginCostsNobodyElseAnything() throws Exception {
        breakTheProtocol(HostileBehaviours.atLogin());
    }

    @Test
    void aServerThatBreaksTheProtocolInASessionCostsNobodyElseAnything() throws Exception {
        breakTheProtocol(HostileBehaviours.inSession());
    }

    @Test
    void aServerThatAsksForThePasswordInClearTextDoesNotGetTheProxys() throws Exception {
        List<Character> given = new CopyOnWriteArrayList<>();
        FakeServer.Behaviour asking = client -> {
            client.sendAuthentication(3);
            given.add(client.readMessage());
        };
        try (FakeServer server = new FakeServer(asking);
                ProxyProcess proxy = lookingAt(server, "conninfo.pw = topsecret")) {
            awaitLooks(server, proxy);
            assertFalse(given.contains('p'), proxy.log());
            assertTrue(proxy.log().contains("conninfo.require_auth does not allow"), proxy.log());
            assertFalse(proxy.log().contains("topsecret"), proxy.log());
            assertFalse(proxy.log().contains("event=primary_down"), proxy.log());
        }
    }

    @Test
    void aServerThatSaysWithoutEndWhatNobodyAskedForCostsNoProcess() throws Exception {
        Map<String, FakeServer.Behaviour> behaviours = HostileBehaviours.atLogin();
        for (String name :
                List.of("endless-parameters", "endless-notices", "endless-string", "zeros-R0", "length--1")) {
            try (FakeServer server = new FakeServer(Objects.requireNonNull(behaviours.get(name)));
                    ProxyProcess proxy = lookingAt(server)) {
                List<String> before = processes(proxy);
                awaitLooks(server, proxy);
                assertEquals(before, processes(proxy), name + "\n" + proxy.log());
                assertFalse(proxy.log().contains("event=primary_down"), name + "\n" + proxy.log());
            }
        }
    }

    /** A proxy that probes often. */
    private static ProxyProcess lookingAt(FakeServer server, String... lines) {
        List<String> configuration = new ArrayList<>(List.of(lines));
        configuration.addAll(List.of(
                "master = " + server.address(),
                "proxy_worker_num = 1",
                "conninfo.conn_retry_interval = 50ms",
                "conninfo.conn_retry_num = 2",
                "conninfo.query_interval = 50ms"));
        return ProxyProcess.startWith(
                List.of("PGPROXY_MASTER_OPTS=-Xmx24m", "PGPROXY_TASK_OPTS=-Xmx24m"),
                Fixture.DISTRIBUTION,
                configuration);
    }

    /** Waits until the server was probed often enough, and asked about a role. */
    private static void awaitLooks(FakeServer server, ProxyProcess proxy) throws IOException {
        Await.until("looks at the server", Fixture.SOON, () -> server.met().getOrDefault("postgres", 0) >= 6);
        meet(proxy.port(), "shop", () -> proxy.log().contains("role_lookup_failed"));
    }

    private static void breakTheProtocol(Map<String, FakeServer.Behaviour> behaviours) throws Exception {
        try (FakeServer server = new FakeServer(client -> {});
                ProxyProcess proxy = ProxyProcess.startWith(
                        List.of("PGPROXY_POOL_OPTS=-Xmx32m -XX:MaxDirectMemorySize=32m"),
                        Fixture.DISTRIBUTION,
                        List.of(
                                "master = " + server.address(),
                                "slaver_list = "
                                        + Fixture.cluster(15).standbys().get(0).address(),
                                "route.standby_user_suffix = gres",
                                "route.standby_fallback = error",
                                "proxy_worker_num = 2",
                                "server_reset_timeout = 2s"));
                WireClient one = WireClient.login(proxy.port(), "postgres", "postgres", "options", "-c a.b=1");
                WireClient two = WireClient.login(proxy.port(), "postgres", "postgres", "options", "-c a.b=2")) {
            behaviours.forEach(server::on);
            List<String> before = processes(proxy);
            String pids = one.value("select pg_backend_pid()") + two.value("select pg_backend_pid()");

            meetAll(proxy.port(), server, behaviours.keySet());

            assertEquals(before, processes(proxy), proxy.log());
            assertEquals(pids, one.value("select pg_backend_pid()") + two.value("select pg_backend_pid()"));
            assertFalse(proxy.log().contains("_broken"), proxy.log());
            assertFalse(proxy.log().contains("control_message_dropped"), proxy.log());
        }
    }

    private static void meetAll(int port, FakeServer server, Set<String> databases) throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS_AT_ONCE);
        try {
            List<Callable<Void>> meetings = new ArrayList<>();
            for (String database : databases) {
                meetings.add(() -> {
                    meet(port, database, () -> server.met().containsKey(database));
                    return null;
                });
            }
            for (Future<Void> meeting : clients.invokeAll(meetings)) {
                meeting.get();
            }
        } finally {
            clients.shutdownNow();
        }
    }

    /** Starts a login and sends a query, stays until the server has met it, and reads whatever arrives. */
    private static void meet(int port, String database, Callable<Boolean> met) throws IOException {
        try (WireClient client = new WireClient(port)) {
            client.startup(WireClient.PROTOCOL_3_0, "stranger", database);
            client.send(FrontendMessage.query("select 1"));
            Await.until("the server meets a client of " + database, Fixture.SOON, met);
            client.socket().setSoTimeout(PATIENCE_MS);
            while (client.readByte() >= 0) {
                // whatever it is
            }
        } catch (SocketTimeoutException e) {
            return; // Nothing more arrives, and the client leaves.
        } catch (SocketException e) {
            return; // Closed before the client was done.
        }
    }

    private static List<String> processes(ProxyProcess proxy) {
        return proxy.children("pgproxy-").stream()
                .map(child -> Long.toString(child.pid()))
                .sorted()
                .toList();
    }
}
