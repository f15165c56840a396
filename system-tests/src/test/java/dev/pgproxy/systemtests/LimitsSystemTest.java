package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits count over all workers, and nobody waits for what is another's limit. */
class LimitsSystemTest {

    private static final int STORM = 2000;
    private static final int PLACES = 50;

    private static void leave(WireClient client) throws IOException {
        client.send(FrontendMessage.terminate());
        client.close();
    }

    @Test
    void userAtHisLimitWaitsAndOthersDoNot() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        cluster.primary().sql("drop role if exists limited; create role limited login");
        try (ProxyProcess proxy = Fixture.proxy(cluster, "limit.user.limited = 2");
                WireClient one = WireClient.login(proxy.port(), "limited", "postgres");
                WireClient two = WireClient.login(proxy.port(), "limited", "template1");
                WireClient third = new WireClient(proxy.port())) {
            third.startup(WireClient.PROTOCOL_3_0, "limited", "postgres");
            for (int i = 0; i < 5; i++) {
                leave(WireClient.login(proxy.port(), "postgres", "postgres"));
            }
            assertEquals("1", one.value("select 1"));
            // The place of a backend that is of no use to the one who waits is made free for him.
            leave(two);
            third.readUntil('Z');
            assertEquals("postgres", third.value("select current_database()"));
        }
    }

    @Test
    void manyWhoWaitForOneLimitKeepNobodyElseWaiting() throws Exception {
        PostgresCluster cluster = Fixture.cluster(15);
        cluster.primary().sql("drop role if exists greedy; create role greedy login");
        List<WireClient> greedy = new ArrayList<>();
        try (ProxyProcess proxy = Fixture.proxy(cluster, "limit.user.greedy = 1", "query_wait_timeout = 20")) {
            for (int i = 0; i < 200; i++) {
                WireClient client = new WireClient(proxy.port());
                client.startup(WireClient.PROTOCOL_3_0, "greedy", "postgres", "search_path", "path" + i);
                greedy.add(client);
            }
            for (int i = 0; i < 5; i++) {
                leave(WireClient.login(proxy.port(), "postgres", "postgres"));
            }
        } finally {
            for (WireClient client : greedy) {
                client.close();
            }
        }
    }

    @Test
    void databaseAtItsLimitRefusesAfterTheWait() throws Exception {
        PostgresCluster cluster = Fixture.cluster(15);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "limit.database.template1 = 1", "query_wait_timeout = 300ms");
                WireClient one = WireClient.login(proxy.port(), "postgres", "template1");
                WireClient late = new WireClient(proxy.port())) {
            late.startup(WireClient.PROTOCOL_3_0, "postgres", "template1");
            var error = late.readUntil('E').get(0);
            assertEquals("53300", error.sqlState());
            assertTrue(error.fields().getOrDefault('H', "").contains("limit.database"), error::toString);
            assertEquals("1", one.value("select 1"));
            leave(WireClient.login(proxy.port(), "postgres", "postgres"));
        }
    }

    /** A stream of clients with warm backends must not keep one of another kind waiting for ever. */
    @Test
    void warmBackendsOfOthersDoNotStarveWhoeverWaits() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "max_server_conn = 2", "query_wait_timeout = 20")) {
            List<Integer> clients = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                clients.add(i);
            }
            Parallel.run(clients, client -> {
                for (int i = 0; i < 30; i++) {
                    String[] extra = client < 10 ? new String[0] : new String[] {"search_path", "rare" + client};
                    try (WireClient each = WireClient.login(proxy.port(), "postgres", "postgres", extra)) {
                        assertEquals("1", each.value("select 1"));
                        each.send(FrontendMessage.terminate());
                    }
                }
            });
        }
    }

    /**
     * The server itself watches: it has room for so many sessions, for the one that looks up roles and the one that looks how it is, and
     * for nobody else, so one too many would be refused by it.
     */
    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void stormOfClientsIsServedInTurnWithinTheLimit(int major) throws Exception {
        int reserved = 3;
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(major)
                        .withSettings(
                                "max_connections = " + (PLACES + 2 + reserved),
                                "superuser_reserved_connections = " + reserved));
                ProxyProcess proxy = Fixture.proxy(
                        cluster, "slaver_list =", "max_server_conn = " + PLACES, "conninfo.query_interval = 1h")) {
            for (String role : List.of("app", "web", "job")) {
                cluster.primary().sql("create role " + role + " login");
            }
            leave(WireClient.login(proxy.port(), "app", "postgres"));
            String sessions = "select sessions from pg_stat_database where datname = 'postgres'";
            long before = Long.parseLong(cluster.primary().sql(sessions));
            List<WireClient> clients = new ArrayList<>();
            List<String> users = List.of("app", "app", "app", "app", "app", "app", "app", "app", "web", "job");
            for (int i = 0; i < STORM; i++) {
                WireClient client = new WireClient(proxy.port());
                client.startup(WireClient.PROTOCOL_3_0, users.get(i % users.size()), "postgres");
                clients.add(client);
            }
            Parallel.run(clients, client -> {
                client.readUntil('Z');
                assertEquals("1", client.value("select 1"));
                leave(client);
            });
            long opened = Long.parseLong(cluster.primary().sql(sessions)) - before;
            assertTrue(opened < STORM / 2, opened + " sessions were opened for " + STORM + " clients");
            System.out.println("storm on " + major + ": " + opened + " sessions opened for " + STORM + " clients");
        }
    }
}
