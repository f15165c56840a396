package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireLogin;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits count over all workers, and no client waits because of another's limit. */
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
            // The idle backend is of no use to the waiting client, so its place is freed for it.
            leave(two);
            third.readUntil('Z');
            assertEquals("postgres", third.value("select current_database()"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"max_server_conn = 3", "limit.user.lowered = 3", "limit.database.postgres = 3"})
    void aLowerLimitClosesIdleConnectionsAtOnce(String limit) throws Exception {
        PostgresCluster cluster = Fixture.cluster(15);
        cluster.primary().sql("drop role if exists lowered; create role lowered login");
        String count = "select count(*) from pg_stat_activity where usename = 'lowered'";
        try (ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "query_wait_timeout = 60");
                Operator operator = Operator.of(proxy);
                Crowd clients = new Crowd()) {
            for (int i = 0; i < 8; i++) {
                clients.add(WireClient.login(proxy.port(), "lowered", "postgres"));
            }
            clients.leave();
            operator.await("all to be idle", "select sum(idle) from pool where \"user\" = 'lowered'", "8");
            Operator.configure(proxy, limit);
            operator.execute("reload");
            try (WireClient next = WireClient.login(proxy.port(), "lowered", "postgres")) {
                Await.until(
                        "the server to have no more than the limit",
                        Fixture.SOON,
                        () -> Integer.parseInt(cluster.primary().sql(count)) <= 3);
                assertEquals("1", next.value("select 1"));
            }
        }
    }

    /** Connections in use when the limit is lowered are closed as their clients leave. */
    @Test
    void aLowerLimitIsReachedAsClientsLeave() throws Exception {
        PostgresCluster cluster = Fixture.cluster(15);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "query_wait_timeout = 60");
                Operator operator = Operator.of(proxy);
                Crowd clients = new Crowd();
                WireClient next = new WireClient(proxy.port())) {
            for (int i = 0; i < 6; i++) {
                clients.add(WireClient.login(proxy.port(), "postgres", "postgres"));
            }
            Operator.configure(proxy, "max_server_conn = 2");
            operator.execute("reload");
            next.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
            operator.await("it to wait", "select count(*) from connection where state = 'waiting'", "1");
            clients.leave();
            next.readUntil('Z');
            assertEquals("1", next.value("select 1"));
        }
    }

    /** A server's own limits: idle connections in the pool give way to new clients instead of blocking them. */
    @ParameterizedTest
    @ValueSource(strings = {"trust", "scram-sha-256"})
    void idleConnectionsGiveWayToTheLimitOfARole(String method) throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(
                        PostgresCluster.Options.of(18).withAccess("host all few 127.0.0.1/32 " + method));
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 2");
                Operator operator = Operator.of(proxy)) {
            cluster.primary().sql("create role few login connection limit 1 password 'secret'");
            cluster.primary().sql("create database other");
            // The server itself authenticates the first client, and a client that was asked receives the refusal.
            logInAsFew(proxy, "postgres");
            if (!method.equals("trust")) {
                Await.until("its way to be known", Fixture.SOON, () -> canLogIn(proxy, "other"));
                Await.until("its way to be known", Fixture.SOON, () -> canLogIn(proxy, "postgres"));
            }
            for (int i = 0; i < 4; i++) {
                operator.await("the last one to be idle", "select sum(idle), sum(active) from pool", "1|0");
                logInAsFew(proxy, i % 2 == 0 ? "other" : "postgres");
            }
        }
    }

    private static boolean canLogIn(ProxyProcess proxy, String database) throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            boolean isIn = WireLogin.attempt(client, "few", database, "secret").isIn();
            client.send(FrontendMessage.terminate());
            return isIn;
        }
    }

    private static void logInAsFew(ProxyProcess proxy, String database) throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            WireLogin login = WireLogin.attempt(client, "few", database, "secret");
            assertTrue(login.isIn(), () -> "refused: " + login.received());
            leave(client);
        }
    }

    /** In every worker; and the client gets the server's own error when nothing is idle. */
    @Test
    void idleConnectionsGiveWayWhenTheServerIsFull() throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(15)
                        .withSettings("max_connections = 14", "superuser_reserved_connections = 0"));
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 2");
                Operator operator = Operator.of(proxy);
                Crowd clients = new Crowd()) {
            for (int i = 0; i < 12; i++) {
                cluster.primary().sql("create role u" + i + " login");
            }
            for (int i = 0; i < 9; i++) {
                leave(WireClient.login(proxy.port(), "u" + i, "postgres"));
            }
            operator.await("all to be idle", "select sum(idle) from pool", "9");
            for (int i = 9; i < 12; i++) {
                clients.add(WireClient.login(proxy.port(), "u" + i, "postgres"));
                clients.add(WireClient.login(proxy.port(), "u" + i, "template1"));
            }
            List<WireMessage> answer = List.of();
            while (answer.isEmpty() || answer.get(answer.size() - 1).type() == 'Z') {
                WireClient client = clients.connect(proxy.port());
                client.startup(WireClient.PROTOCOL_3_0, "u0", "template1");
                answer = client.readToReady();
            }
            assertEquals("53300", answer.get(answer.size() - 1).sqlState());
            operator.await("all to be used", "select sum(idle) from pool", "0");
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

    /** A stream of clients with warm backends must not keep one of another kind waiting forever. */
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
     * The server itself checks this: it has room for this many sessions, for the one that looks up roles and the one that probes it, and
     * for no other, so it would refuse one too many.
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
