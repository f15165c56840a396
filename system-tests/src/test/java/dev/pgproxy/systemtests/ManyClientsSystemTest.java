package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** More clients than places: each gets a turn, none gets too much, and nothing is left over. */
@Tag(Fixture.LONG)
class ManyClientsSystemTest {

    private static final int CLIENTS = 5_000;
    /** All but this test and the proxy's own connections, which probe the server and look up roles. */
    private static final String CLIENTS_OF_THE_SERVER =
            " where backend_type = 'client backend'" + " and pid <> pg_backend_pid() and application_name <> 'pgproxy'";

    private static final int CONNECTS = 20_000;
    private static final int PLACES = 100;
    private static final int READERS = 16;

    @Test
    void fiveThousandClientsTakeTurnsOnOneHundredBackends() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "max_server_conn = " + PLACES);
                Operator operator = Operator.of(proxy)) {
            warmUp(proxy);
            int fdsBefore = Fixture.openFds(proxy);
            List<WireClient> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                WireClient client = new WireClient(proxy.port());
                client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
                clients.add(client);
            }
            assertTrue(serverConnections(cluster) <= PLACES);
            operator.await(
                    "all of them to be seen, those who wait too",
                    "select p.kind, c.state, count(*), c.wait_for from connection c join process p using (pid)"
                            + " group by 1, 2, 4 order by 1",
                    "master|waiting|" + (CLIENTS - PLACES) + "|a place: max_server_conn = " + PLACES + "\npool|idle|"
                            + PLACES + "|null");
            Parallel.run(clients, client -> {
                client.readUntil('Z');
                assertEquals("1", client.value("select 1"));
                client.send(FrontendMessage.terminate());
                client.close();
            });
            assertTrue(serverConnections(cluster) <= PLACES);
            Fixture.awaitFds(proxy, fdsBefore + PLACES);
            retirePool(cluster);
            Fixture.awaitFds(proxy, fdsBefore);
        }
    }

    @Test
    void twentyThousandConnectsLeaveNothingBehind() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "max_server_conn = 20")) {
            warmUp(proxy);
            int fdsBefore = Fixture.openFds(proxy);
            List<Integer> shares = new ArrayList<>();
            for (int i = 0; i < READERS; i++) {
                shares.add(CONNECTS / READERS);
            }
            Parallel.run(shares, share -> {
                for (int i = 0; i < share; i++) {
                    try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                        assertEquals("1", client.value("select 1"));
                        client.send(FrontendMessage.terminate());
                    }
                }
            });
            retirePool(cluster);
            Fixture.awaitFds(proxy, fdsBefore);
        }
    }

    @Test
    void clientsAboveTheLimitAreToldAndLatecomersWaitNoLongerThanAllowed() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(
                        cluster, "max_client_conn = 2", "max_server_conn = 1", "query_wait_timeout = 300ms");
                WireClient first = WireClient.login(proxy.port(), "postgres", "postgres");
                WireClient second = new WireClient(proxy.port());
                WireClient third = new WireClient(proxy.port());
                Operator operator = Operator.of(proxy)) {
            // By then the master, too, knows that the first client is logged in.
            operator.await("the first one", "select count(*) from connection where state = 'idle'", "1");
            second.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
            third.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
            // The kernel decides which of the two arrives first: one has to wait, and there is no room for the other.
            List<String> told = new ArrayList<>();
            for (WireClient client : List.of(second, third)) {
                var error = client.readUntil('E').get(0);
                assertEquals("53300", error.sqlState());
                told.add(error.fields().getOrDefault('M', ""));
            }
            told.sort(null);
            assertEquals(
                    List.of(
                            "no connection to the server became free within query_wait_timeout",
                            "sorry, too many clients already"),
                    told);
            assertEquals("1", first.value("select 1"));
        }
    }

    @Test
    void idleBackendOfAnotherUserMakesRoom() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "max_server_conn = 1")) {
            for (String path : List.of("a", "b", "c", "a")) {
                try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres", "search_path", path)) {
                    assertEquals(path, client.value("show search_path"));
                    client.send(FrontendMessage.terminate());
                }
            }
        }
    }

    @Test
    void withoutFileDescriptorsClientsAreToldAndServedAgainLater() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = ProxyProcess.startWithFiles(
                128,
                Fixture.DISTRIBUTION,
                List.of("master = " + cluster.primary().address(), "proxy_worker_num = 1"))) {
            List<WireClient> silent = new ArrayList<>();
            try {
                for (int i = 0; i < 200; i++) {
                    silent.add(new WireClient(proxy.port()));
                }
                Await.until(
                        "accepting to pause", Fixture.SOON, () -> proxy.log().contains("event=accept_paused"));
                long told = 0;
                for (WireClient client : silent) {
                    client.socket().setSoTimeout(1);
                    told += hasBeenTold(client) ? 1 : 0;
                }
                assertTrue(told > 0, proxy.log());
            } finally {
                for (WireClient client : silent) {
                    client.close();
                }
            }
            Await.until("clients to be served again", Fixture.SOON, () -> {
                try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                    return client.value("select 1").equals("1");
                }
            });
            // One line for each pause and one for its end, however many attempts there were in between.
            assertEquals(count(proxy, "event=accept_paused"), count(proxy, "event=accept_resumed"), proxy.log());
            assertTrue(count(proxy, "event=accept_paused") <= 5, proxy.log());
        }
    }

    private static int count(ProxyProcess proxy, String event) {
        return proxy.log().split(event, -1).length - 1;
    }

    private static boolean hasBeenTold(WireClient client) throws IOException {
        try {
            var message = client.read();
            return message != null && message.sqlState().equals("53300");
        } catch (java.net.SocketTimeoutException e) {
            return false;
        }
    }

    /** The first clients make every worker load what it needs. */
    private static void warmUp(ProxyProcess proxy) throws IOException {
        for (int i = 0; i < 20; i++) {
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres", "search_path", "w" + i)) {
                client.value("select 1");
            }
        }
        retirePool(Fixture.cluster(18));
    }

    /** Ends every idle backend from the server's side, which the proxy has to notice. */
    private static void retirePool(PostgresCluster cluster) {
        Await.until(
                "the pool to be empty",
                Fixture.SOON,
                () -> cluster.primary()
                        .sql("select count(pg_terminate_backend(pid)) from pg_stat_activity" + CLIENTS_OF_THE_SERVER)
                        .equals("0"));
    }

    private static int serverConnections(PostgresCluster cluster) {
        return Integer.parseInt(cluster.primary().sql("select count(*) from pg_stat_activity" + CLIENTS_OF_THE_SERVER));
    }
}
