package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.Md5Exchange;
import dev.pgproxy.common.protocol.FrontendMessage;
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
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A reused backend is indistinguishable from a new one, and is not kept where it would block others. */
class ReuseSystemTest {

    /** What a client may leave behind. */
    private enum Leftover {
        TEMPORARY_TABLE("create temporary table leftover as select 1"),
        SETTING("set search_path = nowhere; set datestyle = german; set work_mem = '99MB'"),
        PREPARED_STATEMENT("prepare leftover as select 1"),
        LISTEN("listen leftover"),
        ADVISORY_LOCK("select pg_advisory_lock(42)"),
        HELD_CURSOR("declare leftover cursor with hold for select 1"),
        ROLE("set role pg_monitor"),
        SESSION_AUTHORIZATION("set session authorization someone"),
        OPEN_TRANSACTION("begin; create table leftover (i int)"),
        ABORTED_TRANSACTION("begin; select 1/0"),
        SEQUENCE_VALUE("create temporary sequence leftover; select nextval('leftover')"),
        PARAMETER("set app.tenant = '42'"),
        PARAMETER_OF_A_TRANSACTION("begin; set local app.tenant = '42'; commit"),
        TEMPORARY_SLOT("select pg_create_physical_replication_slot('leftover', true, true)"),
        SLOT_OF_A_FUNCTION("select create_slot()"),
        CONNECTION_OF_AN_EXTENSION("select dblink_connect('leftover', here())"),
        CONNECTION_OF_A_FUNCTION("select connect_there()"),
        NAMELESS_CONNECTION("select dblink_connect(here())"),
        UNSET_PARAMETER("reset app.tenant"),
        LARGE_OBJECT("begin; select lo_open(lo_create(0), 131072)"),
        UNFINISHED_COPY("create temporary table leftover (i int)"),
        UNFINISHED_SEQUENCE(""),
        FAILED_SEQUENCE(""),
        HALF_A_MESSAGE(""),
        UNREAD_RESULT("");

        private final String sql;

        Leftover(String sql) {
            this.sql = sql;
        }

        private void leave(WireClient client) throws IOException {
            if (!sql.isEmpty()) {
                client.query(sql);
            }
            switch (this) {
                case UNFINISHED_COPY -> {
                    client.send(FrontendMessage.query("copy leftover from stdin"));
                    client.readUntil('G');
                    client.send('d', new byte[] {'1', '\n'});
                    client.close();
                }
                case UNFINISHED_SEQUENCE -> {
                    client.send('P', WireClient.parse("begin"));
                    client.send('B', new byte[8]);
                    client.send('E', new byte[5]);
                    client.send('H', new byte[0]);
                    client.readUntil('C');
                    client.close();
                }
                case FAILED_SEQUENCE -> {
                    client.send('P', WireClient.parse("nonsense"));
                    client.send('H', new byte[0]);
                    client.readUntil('E');
                    client.close();
                }
                case HALF_A_MESSAGE -> {
                    client.send((byte) 'Q', (byte) 0, (byte) 0, (byte) 0, (byte) 50, (byte) 's');
                    client.close();
                }
                case UNREAD_RESULT -> {
                    client.send(FrontendMessage.query("select repeat('x', 1000) from generate_series(1, 100000)"));
                    client.resetOnClose();
                    client.close();
                }
                default -> {
                    client.send(FrontendMessage.terminate());
                    assertEquals(List.of(), client.readAll());
                    client.close();
                }
            }
        }
    }

    /** All state that a session may carry, in one row. */
    private static final String STATE = """
            select concat_ws('|', current_user, session_user, current_setting('search_path'), current_setting('datestyle'),
              current_setting('work_mem'), (select count(*) from pg_prepared_statements), (select count(*) from pg_cursors),
              (select count(*) from pg_listening_channels()), to_regclass('leftover'),
              (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'),
              (select count(*) from pg_settings where source = 'session'), current_setting('app.tenant', true) is null,
              (select count(*) from pg_replication_slots where active_pid = pg_backend_pid()), dblink_get_connections() is null,
              (select count(*) from pg_stat_activity where application_name = 'dblink of ' || pg_backend_pid()))
            """;

    private static final String ENDED_BY_SERVER =
            "select sessions_fatal from pg_stat_database where datname = 'template1'";

    /** Functions through which clients leave state that their queries do not show. */
    private static final String FUNCTIONS = """
            create extension if not exists dblink;
            create or replace function here() returns text language sql as $$
              select 'host=127.0.0.1 user=postgres dbname=postgres port=' || current_setting('port') ||
                ' application_name=''dblink of ' || pg_backend_pid() || '''' $$;
            create or replace function create_slot() returns int language sql as $$
              select 1 from pg_create_physical_replication_slot('leftover', true, true) $$;
            create or replace function connect_there() returns text language sql as $$ select dblink_connect('leftover', here()) $$
            """;

    @ParameterizedTest
    @EnumSource
    void nothingIsLeftForTheNextClient(Leftover leftover) throws IOException {
        PostgresCluster cluster = Fixture.cluster(18);
        cluster.primary().sql("do $$ begin create role someone; exception when duplicate_object then null; end $$");
        cluster.primary().sql(FUNCTIONS);
        try (ProxyProcess proxy =
                Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1", "max_server_conn = 1")) {
            String expected;
            try (WireClient direct = WireClient.login(cluster.primary().port(), "postgres", "postgres")) {
                expected = direct.value(STATE);
            }
            // One place only: the next client gets the same backend, or a new one that could be opened because that one
            // is gone.
            try (WireClient first = WireClient.login(proxy.port(), "postgres", "postgres")) {
                leftover.leave(first);
            }
            try (WireClient next = WireClient.login(proxy.port(), "postgres", "postgres")) {
                assertEquals(expected, next.value(STATE));
                List<WireMessage> answer = next.query("select 'mine'");
                assertEquals("I", answer.get(answer.size() - 1).text(), "the transaction status");
                assertEquals(4, answer.size(), answer::toString);
            }
        }
    }

    /** The proxy asks once which functions set parameters; after that, a connection is reused as long as no client has called one. */
    @Test
    void aParameterThatAFunctionSetsIsNotThereForTheNextClient() throws IOException {
        PostgresCluster cluster = Fixture.cluster(15);
        cluster.primary().sql("drop database if exists tenants");
        cluster.primary().sql("create database tenants");
        try (WireClient owner = WireClient.login(cluster.primary().port(), "postgres", "tenants");
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            assertEquals(
                    List.of(),
                    errors(owner.query(
                            "create function be(name text) returns void language plpgsql as $$ begin execute format($q$set app.tenant = %L$q$, name); end $$;"
                                    + " create function by_setting() returns text language sql set by_setting.x = '1'"
                                    + " as $$ select current_setting('by_setting.x') $$")));
            try (WireClient first = WireClient.login(proxy.port(), "postgres", "tenants")) {
                String learning = first.value("select pg_backend_pid()");
                first.send(FrontendMessage.terminate());
                Fixture.awaitGone(cluster, learning);
            }
            String pid = pidOf(proxy, cluster, "postgres", "tenants", new String[0]);
            assertEquals(pid, pidOf(proxy, cluster, "postgres", "tenants", new String[0]), "nobody has called them");
            for (String call : List.of("select be('42')", "select by_setting()")) {
                try (WireClient client = WireClient.login(proxy.port(), "postgres", "tenants")) {
                    String used = client.value("select pg_backend_pid()");
                    client.query(call);
                    client.send(FrontendMessage.terminate());
                    Fixture.awaitGone(cluster, used);
                }
            }
            assertTrue(proxy.log().contains("own in a function"), proxy.log());
        }
    }

    @Test
    void anOperatorCanHaveConnectionsUsedOnce() throws IOException {
        PostgresCluster cluster = Fixture.cluster(15);
        cluster.primary().sql("drop role if exists once; create role once login");
        try (ProxyProcess proxy = Fixture.proxy(
                cluster, "slaver_list =", "proxy_worker_num = 1", "single_use_conds_list.1 = user=once")) {
            try (WireClient client = WireClient.login(proxy.port(), "once", "postgres")) {
                String pid = client.value("select pg_backend_pid()");
                client.send(FrontendMessage.terminate());
                Fixture.awaitGone(cluster, pid);
            }
            String others = pidOf(proxy, cluster, "postgres");
            assertEquals(others, pidOf(proxy, cluster, "postgres"));
        }
    }

    /** Even for a role whose search_path lets others redefine operators. */
    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void connectionsAreUsedAgainOnEveryVersion(int major) throws IOException {
        PostgresCluster cluster = Fixture.cluster(major);
        cluster.primary()
                .sql(
                        "drop role if exists plain; create role plain login; alter role plain set search_path = public, pg_catalog");
        try (ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            String pid = pidOf(proxy, cluster, "plain");
            assertEquals(pid, pidOf(proxy, cluster, "plain"));
        }
    }

    /** Such a database is asked in more detail, and what it has does no harm by itself. */
    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void whatHardlyAnyDatabaseHasIsNoReasonByItself(int major) throws IOException {
        PostgresCluster cluster = Fixture.cluster(major);
        cluster.primary().sql("drop database if exists rare");
        cluster.primary().sql("create database rare");
        cluster.primary()
                .sql(
                        "drop role if exists plain, other, assumed; create role plain login; create role assumed; create role other;"
                                + " alter role other set role = 'assumed'");
        try (WireClient owner = WireClient.login(cluster.primary().port(), "postgres", "rare");
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            assertEquals(
                    List.of(),
                    errors(owner.query("create language plperl handler plpgsql_call_handler;"
                            + " create function of_perl() returns int language plperl as 'begin return 1; end'")));
            String pid = pidOf(proxy, cluster, "plain", "rare", new String[0]);
            assertEquals(pid, pidOf(proxy, cluster, "plain", "rare", new String[0]));
            assertFalse(proxy.log().contains("event=backend_not_as_new"), proxy.log());
        } finally {
            cluster.primary().sql("drop role other");
        }
    }

    /** A query that is too long to be inspected may have set anything. */
    @Test
    void whatCouldNotBeReadIsDoubted() throws IOException {
        PostgresCluster cluster = Fixture.cluster(15);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                String pid = client.value("select pg_backend_pid()");
                client.value("select length('" + "x".repeat(100_000) + "'); set app.tenant = '42'");
                client.send(FrontendMessage.terminate());
                Fixture.awaitGone(cluster, pid);
            }
            assertTrue(proxy.log().contains("event=backend_not_as_new"), proxy.log());
            assertTrue(proxy.log().contains("more than 16 KiB"), proxy.log());
        }
    }

    @Test
    void timeInThePoolIsNotIdlenessOfTheNextClient() throws IOException {
        PostgresCluster cluster = Fixture.cluster(18);
        cluster.primary()
                .sql(
                        "drop role if exists timed; create role timed login; alter role timed set idle_session_timeout = '5min'");
        try (ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            assertTrue(seesTheNextClient(proxy, cluster, "timed"), "the server would count on");
            assertFalse(seesTheNextClient(proxy, cluster, "postgres"), "without need");
        }
    }

    /** Whether the server notices a client that gets a warm backend and sends nothing. */
    private static boolean seesTheNextClient(ProxyProcess proxy, PostgresCluster cluster, String user)
            throws IOException {
        String pid = pidOf(proxy, cluster, user);
        String query = "select query like 'SELECT /* pgproxy%' from pg_stat_activity where pid = " + pid;
        assertEquals("t", cluster.primary().sql(query));
        try (WireClient next = WireClient.login(proxy.port(), user, "postgres")) {
            boolean seen = user.equals("timed");
            if (seen) {
                Await.until(
                        "a sign of life",
                        Fixture.SOON,
                        () -> cluster.primary().sql(query).equals("f"));
            } else {
                seen = !cluster.primary().sql(query).equals("t");
            }
            assertEquals(pid, next.value("select pg_backend_pid()"));
            return seen;
        }
    }

    /** As when it drops thousands of temporary tables: a client that arrives meanwhile gets a new connection, if allowed. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aSlowResetHoldsUpNobodyWhoMayHaveANewConnection(int limit) throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(
                        cluster,
                        "slaver_list =",
                        "proxy_worker_num = 1",
                        "server_reset_timeout = 600",
                        "max_server_conn = " + limit);
                Operator operator = Operator.of(proxy)) {
            String pid;
            try (WireClient first = WireClient.login(proxy.port(), "postgres", "postgres")) {
                pid = first.value("select pg_backend_pid()");
                Programs.run(List.of("kill", "-STOP", pid));
                first.send(FrontendMessage.terminate());
            }
            try (WireClient next = new WireClient(proxy.port())) {
                operator.await("the reset", "select sum(resetting) from pool", "1");
                next.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
                if (limit == 0) {
                    next.readUntil('Z');
                    assertNotEquals(pid, next.value("select pg_backend_pid()"));
                    operator.await("the reset to go on", "select sum(resetting) from pool", "1");
                    Programs.run(List.of("kill", "-CONT", pid));
                } else {
                    operator.await(
                            "it to wait for the reset",
                            "select count(*) from connection where state = 'login' and client_bytes = 0",
                            "1");
                    Programs.run(List.of("kill", "-CONT", pid));
                    next.readUntil('Z');
                    assertEquals(pid, next.value("select pg_backend_pid()"));
                }
            } finally {
                Programs.run(List.of("kill", "-CONT", pid));
            }
        }
    }

    /** The server would end it in the middle of a login. */
    @Test
    void whatTheServerWillEndSoonIsNotUsed() throws IOException {
        PostgresCluster cluster = Fixture.cluster(15);
        cluster.primary()
                .sql(
                        "drop role if exists timed; create role timed login; alter role timed set idle_session_timeout = '10s'");
        String ended = cluster.primary().sql(ENDED_BY_SERVER);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            String pid;
            try (WireClient client = WireClient.login(proxy.port(), "timed", "template1")) {
                pid = client.value("select pg_backend_pid()");
                client.send(FrontendMessage.terminate());
            }
            Fixture.awaitGone(cluster, pid);
            assertEquals(ended, cluster.primary().sql(ENDED_BY_SERVER), "the proxy is to close it before");
        }
    }

    private static String pidOf(ProxyProcess proxy, PostgresCluster cluster, String user, String... extra)
            throws IOException {
        return pidOf(proxy, cluster, user, "postgres", extra);
    }

    /** The pid of the backend that such a client gets, once it is idle. */
    private static String pidOf(
            ProxyProcess proxy, PostgresCluster cluster, String user, String database, String[] extra)
            throws IOException {
        try (WireClient client = WireClient.login(proxy.port(), user, database, extra)) {
            String pid = client.value("select pg_backend_pid()");
            client.send(FrontendMessage.terminate());
            Fixture.awaitIdle(cluster, pid);
            return pid;
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "alter role changing set work_mem = '77MB'",
                "alter database postgres set work_mem = '77MB'",
                "alter role changing in database postgres set work_mem = '77MB'",
                "drop role changing; create role changing login; alter role changing set work_mem = '77MB'",
                "alter role changing set work_mem = '77MB'; alter role changing bypassrls"
            })
    void whatIsReadAtTheStartOfASessionIsReadAgain(String change) throws IOException {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(15));
                ProxyProcess proxy =
                        Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1", "auth_cache_ttl = 0")) {
            cluster.primary().sql("create role changing login; grant create on schema public to public");
            String pid = pidOf(proxy, cluster, "changing");
            assertEquals(pid, pidOf(proxy, cluster, "changing"));
            cluster.primary().sql(change);
            try (WireClient client = WireClient.login(proxy.port(), "changing", "postgres")) {
                assertNotEquals(pid, client.value("select pg_backend_pid()"));
                assertEquals("77MB", client.value("show work_mem"));
                assertEquals("", String.join("", errors(client.query("create table mine (i int)"))));
            }
        }
    }

    private static List<String> errors(List<WireMessage> answer) {
        return answer.stream()
                .filter(message -> message.type() == 'E')
                .map(WireMessage::toString)
                .toList();
    }

    /** Changes made through the proxy take effect at once, however long role look-ups are cached. */
    @Test
    void changesMadeThroughTheProxyCountAtOnce() throws IOException {
        PostgresCluster cluster = Fixture.cluster(18);
        cluster.primary().sql("drop role if exists swift; create role swift login");
        try (ProxyProcess proxy = Fixture.proxy(cluster, "auth_cache_ttl = 1h");
                WireClient admin = WireClient.login(proxy.port(), "postgres", "postgres")) {
            pidOf(proxy, cluster, "swift");
            admin.query("begin");
            admin.query("alter role swift set work_mem = '55MB'");
            admin.query("commit");
            try (WireClient client = WireClient.login(proxy.port(), "swift", "postgres")) {
                assertEquals("55MB", client.value("show work_mem"));
            }
            admin.query("do $$ begin alter role swift set work_mem = '56MB'; end $$");
            try (WireClient client = WireClient.login(proxy.port(), "swift", "postgres")) {
                assertEquals("56MB", client.value("show work_mem"));
            }
            admin.query(
                    "create or replace procedure slow_down() language sql as $$ alter role swift set work_mem = '57MB' $$");
            admin.query("call slow_down()");
            try (WireClient client = WireClient.login(proxy.port(), "swift", "postgres")) {
                assertEquals("57MB", client.value("show work_mem"));
            }
            admin.query("alter role swift nologin");
            try (WireClient client = new WireClient(proxy.port())) {
                client.startup(WireClient.PROTOCOL_3_0, "swift", "postgres");
                assertEquals("28000", last(client).sqlState());
            }
        }
    }

    /** A change made without the proxy may cost one client a refusal, and no other client anything. */
    @ParameterizedTest
    @ValueSource(strings = {"md5", "scram-sha-256", "password"})
    void aPasswordChangedOnTheServerWorksAtTheSecondTryAtTheLatest(String method) throws IOException {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(18)
                        .withSettings("password_encryption = " + (method.equals("md5") ? "md5" : "'scram-sha-256'"))
                        .withAccess("host all app 127.0.0.1/32 " + method));
                ProxyProcess proxy =
                        Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1", "auth_cache_ttl = 1h")) {
            cluster.primary().sql("create role app login password 'secret'");
            Fixture.awaitIdle(cluster, Integer.toString(login(proxy, "secret").pid()));
            cluster.primary().sql("alter role app password 'new'");
            boolean first = login(proxy, "new").isIn();
            assertTrue(first || login(proxy, "new").isIn());
            assertFalse(login(proxy, "secret").isIn());
            if (method.equals("password")) {
                assertTrue(first, "a password in clear text is shown to the server as it is");
            }
        }
    }

    /** On the wire, radius asks like "password", but the password that it checks is not in pg_authid. */
    @Test
    void passwordsThatAnotherJudgesAreNotChecked() throws IOException {
        try (PostgresCluster cluster = PostgresCluster.start(
                        PostgresCluster.Options.of(15)
                                .withAccess(
                                        "host all app 127.0.0.1/32 password",
                                        "host all directory 127.0.0.1/32 radius radiusservers=127.0.0.1 radiussecrets=shared"));
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            cluster.primary().sql("create role app login password 'secret'");
            Fixture.awaitGone(cluster, Integer.toString(login(proxy, "secret").pid()));
            assertTrue(proxy.log().contains("ldap, pam or radius"), proxy.log());
        }
    }

    @Test
    void idleBackendsDoNotKeepADatabaseFromBeingDropped() throws IOException {
        PostgresCluster cluster = Fixture.cluster(18);
        cluster.primary().sql("create database doomed");
        try (ProxyProcess proxy = Fixture.proxy(cluster);
                WireClient admin = WireClient.login(proxy.port(), "postgres", "postgres")) {
            for (int i = 0; i < 3; i++) {
                try (WireClient client =
                        WireClient.login(proxy.port(), "postgres", "doomed", "search_path", "path" + i)) {
                    client.value("select 1");
                    client.send(FrontendMessage.terminate());
                }
            }
            Await.until(
                    "all backends to be idle",
                    Fixture.SOON,
                    () -> cluster.primary()
                            .sql("select count(*) from pg_stat_activity where datname = 'doomed' and state = 'idle'"
                                    + " and query like 'SELECT /* pgproxy%'")
                            .equals("3"));
            assertEquals(List.of(), errors(admin.query("alter database doomed rename to gone")));
            assertEquals(List.of(), errors(admin.query("drop database gone")));
            // A template that a client has used can be copied, too.
            WireClient.login(proxy.port(), "postgres", "template1").close();
            assertEquals(List.of(), errors(admin.query("create database doomed")));
            assertEquals(List.of(), errors(admin.query("drop database if exists doomed with (force)")));
            assertTrue(proxy.log().contains("event=idle_given_up"), proxy.log());
        }
    }

    @Test
    void applicationNameIsEachClientsOwnOnOneBackend() throws IOException {
        PostgresCluster cluster = Fixture.cluster(15);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "proxy_worker_num = 1")) {
            String pid = pidOf(proxy, cluster, "postgres", "application_name", "first");
            for (String name : List.of("second", "it's \\ \"quoted\"", "first", "")) {
                String[] extra = name.isEmpty() ? new String[0] : new String[] {"application_name", name};
                try (WireClient client = new WireClient(proxy.port())) {
                    client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres", extra);
                    String told = client.readUntil('Z').stream()
                            .filter(message ->
                                    message.type() == 'S' && message.text().startsWith("application_name"))
                            .map(WireMessage::text)
                            .findFirst()
                            .orElse("");
                    assertEquals("application_name." + name + ".", told);
                    List<WireMessage> answer = client.query("select application_name || ' ' || pid"
                            + " from pg_stat_activity where pid = pg_backend_pid()");
                    assertEquals(4, answer.size(), "the proxy's own query shows: " + answer);
                    assertEquals(name + " " + pid, answer.get(1).firstColumn());
                    client.send(FrontendMessage.terminate());
                    Fixture.awaitIdle(cluster, pid);
                }
            }
        }
    }

    @Test
    void otherIgnoredParametersAreSetBeforeTheWelcomeOrRefused() throws IOException {
        PostgresCluster cluster = Fixture.cluster(15);
        try (ProxyProcess proxy = Fixture.proxy(
                cluster, "proxy_worker_num = 1", "pool_ignore_parameters = DateStyle, statement_timeout")) {
            String pid = pidOf(proxy, cluster, "postgres", "DateStyle", "german");
            try (WireClient client = new WireClient(proxy.port())) {
                client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres", "DateStyle", "SQL, YMD");
                assertTrue(client.readUntil('Z').stream()
                        .anyMatch(message -> message.text().equals("DateStyle.SQL, YMD.")));
                assertEquals(pid, client.value("select pg_backend_pid()"));
                client.send(FrontendMessage.terminate());
                Fixture.awaitIdle(cluster, pid);
            }
            try (WireClient client = new WireClient(proxy.port());
                    WireClient direct = new WireClient(cluster.primary().port())) {
                client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres", "DateStyle", "nonsense");
                direct.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres", "DateStyle", "nonsense");
                WireMessage expected = last(direct);
                WireMessage refusal = last(client);
                assertEquals(expected.sqlState(), refusal.sqlState());
                assertEquals(expected.fields().get('M'), refusal.fields().get('M'));
            }
        }
    }

    /** A client may send its first query without waiting for the login to end; on a new backend the server accepts that. */
    @Test
    void whatIsSentBehindThePasswordIsForTheSession() throws IOException {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(15)
                        .withSettings("password_encryption = md5")
                        .withAccess("host all app 127.0.0.1/32 md5"));
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            cluster.primary().sql("create role app login password 'secret'");
            String pid = Integer.toString(login(proxy, "secret").pid());
            Fixture.awaitIdle(cluster, pid);
            try (WireClient client = new WireClient(proxy.port())) {
                client.startup(WireClient.PROTOCOL_3_0, "app", "postgres");
                WireMessage request = client.read();
                assertNotNull(request);
                byte[] salt = Arrays.copyOfRange(request.body(), 4, 8);
                byte[] hash = Md5Exchange.response(
                        Md5Exchange.stored(
                                "secret".getBytes(StandardCharsets.US_ASCII),
                                "app".getBytes(StandardCharsets.US_ASCII)),
                        salt);
                client.send(WireClient.concat(
                        FrontendMessage.wrap(FrontendMessage.PASSWORD, WireClient.concat(hash, new byte[1])),
                        FrontendMessage.query("select pg_backend_pid()")));
                client.readUntil('Z');
                assertEquals(pid, client.readUntil('Z').get(1).firstColumn());
            }
        }
    }

    /** Any client can raise any error; only the server's own error about a database in use closes anything. */
    @Test
    void aForgedErrorClosesNobodysIdleBackends() throws IOException {
        PostgresCluster cluster = Fixture.cluster(15);
        cluster.primary()
                .sql("drop database if exists private; create database private; drop role if exists forger;"
                        + " create role forger login");
        cluster.primary().sql("revoke connect on database private from public");
        try (ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1");
                WireClient forger = WireClient.login(proxy.port(), "forger", "postgres")) {
            String pid;
            try (WireClient owner = WireClient.login(proxy.port(), "postgres", "private")) {
                pid = owner.value("select pg_backend_pid()");
                owner.send(FrontendMessage.terminate());
                Fixture.awaitIdle(cluster, pid);
            }
            String forged = "database \"private\" is being accessed by other users";
            List<WireMessage> answer =
                    forger.query("do $$ begin raise exception '%', '" + forged + "' using errcode = '55006'; end $$");
            assertEquals(1, errors(answer).size(), answer::toString);
            try (WireClient owner = WireClient.login(proxy.port(), "postgres", "private")) {
                assertEquals(pid, owner.value("select pg_backend_pid()"));
            }
        }
    }

    /** pg_hba.conf may trust a group. */
    @Test
    void whoLeavesAGroupThatIsTrustedIsNotLetInWithoutAPassword() throws IOException {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(15)
                        .withAccess("host all +staff 127.0.0.1/32 trust", "host all app 127.0.0.1/32 scram-sha-256"));
                ProxyProcess proxy =
                        Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1", "auth_cache_ttl = 0")) {
            cluster.primary().sql("create role staff; create role app login password 'secret' in role staff");
            String pid = pidOf(proxy, cluster, "app");
            assertEquals(pid, pidOf(proxy, cluster, "app"));
            cluster.primary().sql("revoke staff from app");
            try (WireClient client = new WireClient(proxy.port())) {
                client.startup(WireClient.PROTOCOL_3_0, "app", "postgres");
                WireMessage request = client.read();
                assertNotNull(request);
                assertEquals(10, ByteBuffer.wrap(request.body()).getInt(), "AuthenticationSASL");
            }
        }
    }

    /** It is then unknown whether a role is unchanged. */
    @Test
    void nothingIsUsedAgainWhenRolesCannotBeLookedUp() throws IOException {
        PostgresCluster cluster = Fixture.cluster(15);
        try (ProxyProcess proxy =
                Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1", "conninfo.user = nobody_at_all")) {
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                String pid = client.value("select pg_backend_pid()");
                client.send(FrontendMessage.terminate());
                Fixture.awaitGone(cluster, pid);
            }
            assertTrue(proxy.log().contains("event=backend_not_reusable"), proxy.log());
        }
    }

    private static WireMessage last(WireClient client) throws IOException {
        List<WireMessage> rest = client.readAll();
        return rest.get(rest.size() - 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"md5", "scram-sha-256", "password"})
    void authFileStandsInForPgAuthidAndIsReadAgain(String method) throws IOException {
        try (TestDirectory directory = new TestDirectory();
                PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(18)
                        .withSettings("password_encryption = " + (method.equals("md5") ? "md5" : "'scram-sha-256'"))
                        .withAccess("host all app 127.0.0.1/32 " + method))) {
            cluster.primary().sql("create role app login password 'secret'; create role watcher login");
            Path file = Files.writeString(directory.path().resolve("users"), "\"other\" \"secret\"\n");
            try (ProxyProcess proxy = Fixture.proxy(
                    cluster,
                    "slaver_list =",
                    "proxy_worker_num = 1",
                    "conninfo.user = watcher",
                    "auth_cache_ttl = 0",
                    "auth_file = " + file)) {
                int first = login(proxy, "secret").pid();
                Fixture.awaitGone(cluster, Integer.toString(first));
                int second = login(proxy, "secret").pid();
                Fixture.awaitGone(cluster, Integer.toString(second));
                assertEquals(2, proxy.log().split("event=backend_not_reusable", -1).length, proxy.log());

                Files.writeString(file, "\"app\" \"secret\"\n");
                int third = login(proxy, "secret").pid();
                Fixture.awaitIdle(cluster, Integer.toString(third));
                assertEquals(third, login(proxy, "secret").pid());
                Fixture.awaitIdle(cluster, Integer.toString(third));
                WireLogin wrong = login(proxy, "guess");
                assertEquals(
                        "28P01",
                        wrong.received().get(wrong.received().size() - 1).sqlState());
                assertTrue(!proxy.log().contains("secret\""), "a password in the log");
            }
        }
    }

    private static WireLogin login(ProxyProcess proxy, String password) throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            WireLogin login = WireLogin.attempt(client, "app", "postgres", password);
            if (login.isIn()) {
                client.send(FrontendMessage.terminate());
                assertEquals(List.of(), client.readAll());
            }
            return login;
        }
    }
}
