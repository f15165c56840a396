package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.postgres.PostgresServer;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** What happens to idle sessions during a switchover. */
@Tag(Fixture.LONG)
class MovedSessionsSystemTest {

    private static final List<String> METHODS = List.of("trust", "md5", "scram-sha-256");

    /** State that a session may hold and no other server knows. */
    private static final List<String> STATE = List.of(
            "prepare p as select 1",
            "declare c cursor with hold for select 1",
            "listen somebody",
            "select pg_advisory_lock(1)",
            "create temporary table t()",
            "set role reader",
            "set session authorization reader",
            "set myapp.tenant = '1'",
            "SET SESSION \"myapp\".tenant TO '1'",
            "select Set_Config('myapp.tenant', '1', false)",
            "do $$ begin perform set_config('myapp.tenant', '1', false); end $$",
            "load 'plpgsql'",
            "select pg_create_physical_replication_slot('slot', false, true)",
            "select pg_replication_origin_create('o'); select pg_replication_origin_session_setup('o')",
            "set search_path = ä");

    private static final String BACKEND = "select pg_backend_pid()";

    private static PostgresCluster cluster(int major) {
        List<String> access = new ArrayList<>();
        METHODS.forEach(method -> access.add("host \"db " + method + "\" all 127.0.0.1/32 " + method));
        PostgresCluster cluster =
                PostgresCluster.start(FailoverSystemTest.options(major).withAccess(access.toArray(new String[0])));
        for (String method : METHODS) {
            cluster.primary().sql("create database \"db " + method + "\"");
            String encryption = method.equals("trust") ? "scram-sha-256" : method;
            cluster.primary()
                    .sql("set password_encryption = '" + encryption + "'; create role \"" + method
                            + "\" login password 'secret'");
        }
        cluster.primary().sql("create role reader");
        return cluster;
    }

    private static Connection connect(ProxyProcess proxy, String method, String... more) throws SQLException {
        String url = "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/db%20" + method
                + "?sslmode=disable&password=secret&user=" + method;
        return java.sql.DriverManager.getConnection(url + String.join("", more));
    }

    /**
     * A client on a backend that another client had before. Waits until the proxy knows the role, and until a reset is done.
     *
     * @param backends receives the pids of all that were used
     */
    private static Connection onWarmBackend(ProxyProcess proxy, String method, Set<String> backends) {
        List<Connection> warm = new ArrayList<>();
        Await.until("a warm backend with " + method, Fixture.SOON, () -> {
            Connection client = connect(proxy, method, "&ApplicationName=client" + backends.size());
            if (backends.add(Fixture.value(client, BACKEND))) {
                client.close();
                return false;
            }
            return warm.add(client);
        });
        return warm.get(0);
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String port(Connection connection) throws SQLException {
        return Fixture.value(connection, "select current_setting('port')");
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void sessionsThatHoldNothingGoOnWithTheNewPrimary(int major) throws Exception {
        try (PostgresCluster cluster = cluster(major);
                ProxyProcess proxy = SwitchoverSystemTest.proxy(cluster)) {
            PostgresServer target = cluster.standbys().get(0);
            Map<String, Connection> clients = new LinkedHashMap<>();
            for (String method : METHODS) {
                Set<String> backends = new HashSet<>();
                clients.put(method + " on a warm backend", onWarmBackend(proxy, method, backends));
                String pid;
                do {
                    Connection next = connect(proxy, method);
                    pid = Fixture.value(next, BACKEND);
                    clients.put(method + " on backend " + pid, next);
                } while (!backends.add(pid)); // The last one is on a new backend.
            }
            Connection withSettings = connect(proxy, "scram-sha-256");
            execute(withSettings, "set statement_timeout = '7s'");
            execute(withSettings, "set search_path = \"a b\", public");
            execute(withSettings, "set time zone 'Asia/Shanghai'");
            execute(withSettings, "set application_name = 'it''s mine'");

            assertEquals(
                    "", SwitchoverSystemTest.switchover(proxy, target.address().toString()), proxy.log());

            for (Map.Entry<String, Connection> client : clients.entrySet()) {
                assertEquals(
                        Integer.toString(target.port()), port(client.getValue()), client.getKey() + "\n" + proxy.log());
                String name = client.getValue().getClientInfo("ApplicationName");
                assertEquals(name, Fixture.value(client.getValue(), "show application_name"), client.getKey());
                execute(client.getValue(), "create temporary table t()");
            }
            assertEquals("7s", Fixture.value(withSettings, "show statement_timeout"));
            assertEquals("\"a b\", public", Fixture.value(withSettings, "show search_path"));
            assertEquals("Asia/Shanghai", Fixture.value(withSettings, "show timezone"));
            assertEquals("it's mine", Fixture.value(withSettings, "show application_name"));
            cancelsReach(withSettings);
            clients.put("with settings", withSettings);
            for (Connection client : clients.values()) {
                client.close();
            }
        }
    }

    /** The cancel names the pid that the client was given, which was one of the old primary. */
    private static void cancelsReach(Connection connection) throws Exception {
        execute(connection, "set statement_timeout = 0");
        try (Statement statement = connection.createStatement()) {
            CompletableFuture<String> running = CompletableFuture.supplyAsync(() -> {
                try {
                    statement.execute("select pg_sleep(600)");
                    return "it ended";
                } catch (SQLException e) {
                    return String.valueOf(e.getSQLState());
                }
            });
            PGConnection canceller = connection.unwrap(PGConnection.class);
            Await.until("the cancel to reach the new primary", Fixture.SOON, () -> {
                // A statement sends only one cancel, which is lost if it overtakes the query.
                canceller.cancelQuery();
                return running.isDone();
            });
            assertEquals("57014", running.get());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void sessionsThatHoldStateEnd(int major) throws Exception {
        try (PostgresCluster cluster = cluster(major);
                ProxyProcess proxy = SwitchoverSystemTest.proxy(cluster)) {
            PostgresServer target = cluster.standbys().get(0);
            Map<String, Connection> clients = new LinkedHashMap<>();
            for (String state : STATE) {
                Connection client = Fixture.connect(proxy.port(), "postgres");
                execute(client, state);
                clients.put(state, client);
            }
            Connection innocent = Fixture.connect(proxy.port(), "postgres");
            assertEquals("1", Fixture.value(innocent, "select 1"));
            assertEquals(
                    "", SwitchoverSystemTest.switchover(proxy, target.address().toString()), proxy.log());
            for (Map.Entry<String, Connection> client : clients.entrySet()) {
                SQLException ended = assertThrows(SQLException.class, () -> port(client.getValue()), client.getKey());
                assertEquals("57P01", ended.getSQLState(), client.getKey() + ": " + ended);
            }
            assertEquals(Integer.toString(target.port()), port(innocent), proxy.log());
            innocent.close();
            assertTrue(proxy.log().contains("moved="), proxy.log());
        }
    }

    @Test
    void aFunctionThatSetsParametersIsEnoughToDoubt() throws Exception {
        try (PostgresCluster cluster = cluster(18);
                ProxyProcess proxy = SwitchoverSystemTest.proxy(cluster);
                Connection client = connect(proxy, "trust");
                Connection elsewhere = connect(proxy, "md5")) {
            try (Connection owner = Fixture.connect(proxy.port(), "postgres", "sslmode=disable");
                    Connection database = cluster.primary().connect("postgres", "db trust")) {
                assertEquals("1", Fixture.value(owner, "select 1"));
                execute(
                        database,
                        "create function public.enter() returns text language sql"
                                + " as $$ select set_config('myapp.tenant', '1', false) $$");
            }
            assertEquals("1", Fixture.value(client, "select public.enter()"));
            String target = cluster.standbys().get(0).address().toString();
            assertEquals("", SwitchoverSystemTest.switchover(proxy, target), proxy.log());
            SQLException ended = assertThrows(SQLException.class, () -> port(client));
            assertEquals("57P01", ended.getSQLState(), ended.toString());
            assertEquals(Integer.toString(cluster.standbys().get(0).port()), port(elsewhere));
        }
    }

    @Test
    void nobodyIsMovedWhereAnOperatorDoesNotWantIt() throws Exception {
        try (PostgresCluster cluster = cluster(18);
                ProxyProcess proxy = SwitchoverSystemTest.proxy(cluster);
                Connection client = connect(proxy, "trust");
                Operator operator = Operator.of(proxy)) {
            assertEquals("1", Fixture.value(client, "select 1"));
            Operator.configure(proxy, "failover.move_sessions = off");
            assertEquals("changed: failover.move_sessions", operator.notice("reload"));
            String target = cluster.standbys().get(0).address().toString();
            assertEquals("", SwitchoverSystemTest.switchover(proxy, target), proxy.log());
            SQLException ended = assertThrows(SQLException.class, () -> port(client));
            assertEquals("57P01", ended.getSQLState(), ended.toString());
        }
    }

    private static WireClient wire(ProxyProcess proxy) throws IOException {
        return WireClient.login(proxy.port(), "postgres", "postgres");
    }

    @Test
    void sessionsOnNoServerCanBeSeenEndedAndAbandoned() throws Exception {
        try (PostgresCluster cluster = cluster(18);
                ProxyProcess proxy = SwitchoverSystemTest.proxy(cluster);
                WireClient idle = wire(proxy);
                WireClient ended = wire(proxy);
                WireClient gone = wire(proxy);
                Operator operator = Operator.of(proxy)) {
            String pid = ended.value(BACKEND);
            String query = "select session_id from connection where backend_pid = " + pid;
            Await.until(
                    "the session to be seen",
                    Fixture.SOON,
                    () -> !operator.value(query).isEmpty());
            String session = operator.value(query);
            String target = cluster.standbys().get(0).address().toString();
            assertEquals("", SwitchoverSystemTest.switchover(proxy, target), proxy.log());
            String parked = "select count(*) from connection where state = 'idle' and server = '" + target
                    + "' and backend_pid is null";
            Await.until(
                    "all to be parked",
                    Fixture.SOON,
                    () -> operator.value(parked).equals("3"));
            assertEquals(1, operator.execute("delete from connection where session_id = " + session));
            assertEquals("57P01", ended.readAll().get(0).sqlState());
            gone.socket().close();
            Await.until(
                    "one to be left", Fixture.SOON, () -> operator.value(parked).equals("1"));
            assertEquals(Integer.toString(cluster.standbys().get(0).port()), idle.value("show port"));
            assertEquals("0", operator.value(parked));
        }
    }

    /** Each session sent 8 KB at its start. */
    @Test
    void sessionsOnNoServerTakeLittleMemory() throws Exception {
        String[] large = IntStream.range(0, 200)
                .mapToObj(i -> i % 2 == 0 ? "a.p" + i : "x".repeat(60))
                .toArray(String[]::new);
        try (PostgresCluster cluster =
                        PostgresCluster.start(FailoverSystemTest.options(18).withSettings("max_connections = 300"));
                ProxyProcess proxy = SwitchoverSystemTest.proxy(
                        List.of("PGPROXY_MASTER_OPTS=-Xmx24m", "PGPROXY_POOL_OPTS=-Xmx32m"), cluster);
                Crowd idle = new Crowd()) {
            for (int i = 0; i < 120; i++) {
                idle.add(WireClient.login(proxy.port(), "postgres", "postgres", large));
            }
            PostgresServer target = cluster.standbys().get(0);
            assertEquals(
                    "", SwitchoverSystemTest.switchover(proxy, target.address().toString()), proxy.log());
            for (WireClient client : idle.clients()) {
                assertEquals(Integer.toString(target.port()), client.value("show port"));
            }
        }
    }

    @Test
    void sessionsOnNoServerAreEndedWhenTheyAreIdleForTooLong() throws Exception {
        try (PostgresCluster cluster = cluster(18);
                ProxyProcess proxy = SwitchoverSystemTest.proxy(cluster, "active_cnn_timeout = 6");
                WireClient idle = wire(proxy)) {
            String target = cluster.standbys().get(0).address().toString();
            assertEquals("", SwitchoverSystemTest.switchover(proxy, target), proxy.log());
            assertEquals("57P05", idle.readAll().get(0).sqlState());
        }
    }

    @Test
    void whoDoesNotWorkOnThePrimaryHoldsUpNothing() throws Exception {
        try (PostgresCluster cluster = cluster(18);
                ProxyProcess proxy = SwitchoverSystemTest.proxy(cluster);
                WireClient silent = new WireClient(proxy.port());
                WireClient walsender = WireClient.login(proxy.port(), "postgres", "postgres", "replication", "true")) {
            silent.startup(WireClient.PROTOCOL_3_0, "md5", "db md5");
            assertEquals('R', silent.readUntil('R').get(0).type());
            String position = cluster.primary().sql("select pg_current_wal_lsn()");
            walsender.send('Q', WireClient.text("START_REPLICATION PHYSICAL " + position));
            walsender.readUntil('W');
            String target = cluster.standbys().get(0).address().toString();
            assertEquals("", SwitchoverSystemTest.switchover(proxy, target), proxy.log());
            assertEquals("57P01", silent.readAll().get(0).sqlState());
        }
    }

    /** Each writer inserts one row after the other; a session that never receives an error has never ended. */
    private static void write(ProxyProcess proxy, int writer, AtomicBoolean stop, AtomicInteger acknowledged)
            throws IOException {
        try (WireClient client = wire(proxy)) {
            for (int row = 0; !stop.get(); row++) {
                List<WireMessage> answer = client.query("insert into written values (" + writer + ", " + row + ")");
                assertEquals(
                        List.of(),
                        answer.stream().filter(each -> each.type() == 'E').toList());
                acknowledged.incrementAndGet();
            }
        }
    }

    @Test
    void writersKeepTheirSessionsAndWhatTheyHaveWritten() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger acknowledged = new AtomicInteger();
        try (PostgresCluster cluster = cluster(18);
                ProxyProcess proxy = SwitchoverSystemTest.proxy(cluster)) {
            cluster.primary()
                    .sql("create table written (writer int, number int, port text default current_setting('port'))");
            PostgresServer target = cluster.standbys().get(0);
            CompletableFuture<Void> writers = CompletableFuture.runAsync(() -> {
                try {
                    Parallel.run(
                            IntStream.range(0, 16).boxed().toList(),
                            writer -> write(proxy, writer, stop, acknowledged));
                } catch (Exception e) {
                    throw new CompletionException(e);
                }
            });
            try {
                Await.until("writers to write", Fixture.SOON, () -> acknowledged.get() > 100);
                assertEquals(
                        "",
                        SwitchoverSystemTest.switchover(proxy, target.address().toString()),
                        proxy.log());
                String written = "select count(distinct writer) from written where port = '" + target.port() + "'";
                Await.until(
                        "all to go on", Fixture.SOON, () -> target.sql(written).equals("16"));
            } finally {
                stop.set(true);
                writers.join();
            }
            assertEquals(
                    Integer.toString(acknowledged.get()), target.sql("select count(*) from written"), "none is lost");
        }
    }
}
