package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.postgres.PostgresServer;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireLogin;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients, operators and servers over Unix sockets. */
class UnixSocketSystemTest {

    private static final String USER = System.getProperty("user.name");

    private final TestDirectory directory = new TestDirectory();
    private final Endpoint.Unix listen =
            new Endpoint.Unix(directory.path().resolve(".s.PGSQL.9999").toString());

    @AfterEach
    void close() {
        directory.close();
    }

    private static PostgresCluster cluster(int major) {
        return PostgresCluster.start(
                PostgresCluster.Options.of(major).withStandbys(1).withUnixSockets());
    }

    private ProxyProcess launch(PostgresCluster cluster, String... lines) {
        List<String> all = new ArrayList<>(List.of(lines));
        all.add("listen = 127.0.0.1:0, " + listen);
        all.add("master = " + cluster.primary().socket());
        all.add("slaver_list = " + cluster.standbys().get(0).socket());
        return ProxyProcess.launch(Fixture.DISTRIBUTION, all);
    }

    private ProxyProcess proxy(PostgresCluster cluster, String... lines) {
        ProxyProcess proxy = launch(cluster, lines);
        FailoverSystemTest.awaitLog(proxy, "event=serving");
        return proxy;
    }

    private String place() {
        return directory.path().toString();
    }

    @ParameterizedTest(name = "PostgreSQL {0}")
    @ValueSource(ints = {15, 18})
    void nothingNeedsTcp(int major) throws Exception {
        try (PostgresCluster cluster = cluster(major);
                ProxyProcess proxy = proxy(cluster, "log.connections = on", "unix_socket_mode = 0700")) {
            cluster.primary().sql("create role app_r login");
            awaitRole(cluster, "app_r");
            assertEquals(
                    PosixFilePermissions.fromString("rwx------"),
                    Files.getPosixFilePermissions(Path.of(listen.path())));
            assertTrue(proxy.log().contains("event=listening address=" + listen), proxy.log());
            try (WireClient writer = WireClient.login(listen, "postgres", "postgres");
                    WireClient reader = WireClient.login(listen, "app_r", "postgres");
                    Operator operator = Operator.of(proxy)) {
                assertEquals(Integer.toString(cluster.primary().port()), writer.value("show port"));
                assertEquals(Integer.toString(cluster.standbys().get(0).port()), reader.value("show port"));
                assertEquals(
                        "t",
                        writer.value("select client_port = -1 from pg_stat_activity where pid = pg_backend_pid()"),
                        "the server was not reached by its socket");
                PostgresServer primary = cluster.primary();
                assertEquals(
                        "[local]|-1|" + primary.data().getParent() + "|" + primary.port() + "|" + primary.socket(),
                        operator.value("select fe_ip, fe_port, be_ip, be_port, server from connection"
                                + " where fe_ip is not null and \"user\" = 'postgres'"));
                int uid = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
                operator.execute("RECONNECT " + primary.socket());
                operator.execute("RECONNECT 'unix:" + primary.socket().path() + "'");
                FailoverSystemTest.awaitLog(
                        proxy,
                        "event=connection peer=\"[local] uid " + uid + " pid "
                                + ProcessHandle.current().pid() + '"');
            }
        }
    }

    private static void awaitRole(PostgresCluster cluster, String name) {
        Await.until(
                "the role to be on the standby",
                Fixture.SOON,
                () -> cluster.standbys()
                        .get(0)
                        .sql("select count(*) from pg_roles where rolname = '" + name + "'")
                        .equals("1"));
    }

    @Test
    void aCancelArrivesOverSockets() throws Exception {
        try (PostgresCluster cluster = cluster(18);
                ProxyProcess proxy = proxy(cluster);
                WireClient client = new WireClient(listen)) {
            assertTrue(proxy.master().isAlive());
            client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
            WireMessage key = client.readUntil('Z').stream()
                    .filter(message -> message.type() == 'K')
                    .findFirst()
                    .orElseThrow();
            CompletableFuture<List<WireMessage>> answer = CompletableFuture.supplyAsync(() -> {
                try {
                    return client.query("select pg_sleep(600)");
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            Await.until(
                    "the query to run",
                    Fixture.SOON,
                    () -> cluster.primary()
                            .sql(
                                    "select count(*) from pg_stat_activity where state = 'active' and query like 'select pg_sleep%'")
                            .equals("1"));
            try (WireClient canceller = new WireClient(listen)) {
                canceller.send(FrontendMessage.cancelRequest(
                        ByteBuffer.wrap(key.body()).getInt(), Arrays.copyOfRange(key.body(), 4, key.body().length)));
                assertEquals(-1, canceller.readByte());
            }
            assertEquals(
                    List.of("57014"),
                    answer.join().stream()
                            .filter(message -> message.type() == 'E')
                            .map(WireMessage::sqlState)
                            .toList());
        }
    }

    /** Over TCP from another host, the default password would not do. */
    @Test
    void operatorsConnectToTheSocketToo() throws Exception {
        try (PostgresCluster cluster = cluster(18);
                ProxyProcess proxy = proxy(cluster, "pg_proxy_pw = pg2pg");
                WireClient client = new WireClient(listen)) {
            assertTrue(WireLogin.attempt(client, "anybody", "pg_proxy", "pg2pg").isIn(), proxy.log());
            assertNotEquals("0", client.value("select count(*) from server"));
        }
    }

    /** With peer in pg_hba.conf, which packages install, the server lets every client of pgproxy in as pgproxy's own user. */
    @Test
    void nobodyBorrowsTheIdentityOfThisUser() throws Exception {
        PostgresCluster.Options options = PostgresCluster.Options.of(18)
                .withStandbys(1)
                .withUnixSockets()
                .withAccess("local all \"" + USER + "\" peer");
        try (PostgresCluster cluster = PostgresCluster.start(options)) {
            if (!USER.equals("postgres")) {
                cluster.primary().sql("create role \"" + USER + "\" superuser login");
            }
            awaitRole(cluster, USER);
            try (ProxyProcess proxy = proxy(cluster, "conninfo.user = " + USER);
                    Operator operator = Operator.of(proxy)) {
                operator.await("pgproxy itself to get in", "select count(*) from server where up", "2");
                try (WireClient stranger = new WireClient(proxy.port())) {
                    stranger.startup(WireClient.PROTOCOL_3_0, USER, "postgres");
                    WireMessage refused = stranger.readUntil('E').get(0);
                    assertEquals("28000", refused.sqlState());
                    assertTrue(refused.fields().getOrDefault('H', "").contains("peer"), refused.toString());
                    FailoverSystemTest.awaitLog(proxy, "event=login_refused");
                }
                try (WireClient self = WireClient.login(listen, USER, "postgres")) {
                    assertEquals(USER, self.value("select current_user"));
                }
            }
        }
    }

    @Test
    void aSocketOfAKilledProxyIsReplacedAndOneInUseIsNot() throws Exception {
        try (PostgresCluster cluster = cluster(18);
                ProxyProcess proxy = proxy(cluster)) {
            try (ProxyProcess second = launch(cluster)) {
                Await.until(
                        "the second to give up",
                        Fixture.SOON,
                        () -> !second.master().isAlive());
                assertTrue(second.log().contains("another process listens at " + listen.path()), second.log());
            }
            WireClient.login(listen, "postgres", "postgres").close();
            proxy.master().destroyForcibly().waitFor();
            assertTrue(Files.exists(Path.of(listen.path())));
            proxy.startAgain();
            Await.until("the proxy to serve again", Fixture.SOON, () -> canLogIn());
            assertEquals(0, proxy.stop());
            assertFalse(Files.exists(Path.of(listen.path())), place());
        }
    }

    private boolean canLogIn() {
        try (WireClient client = WireClient.login(listen, "postgres", "postgres")) {
            return client.value("select 1").equals("1");
        } catch (IOException e) {
            return false;
        }
    }

    @Tag(Fixture.LONG)
    @ParameterizedTest
    @EnumSource(FailoverSystemTest.Death.class)
    void aPrimaryKnownByItsSocketIsReplaced(FailoverSystemTest.Death death) throws Exception {
        PostgresCluster.Options options = PostgresCluster.Options.of(18)
                .withStandbys(1)
                .withSettings("wal_receiver_timeout = 2s")
                .withUnixSockets();
        try (PostgresCluster cluster = PostgresCluster.start(options);
                ProxyProcess proxy = proxy(
                        cluster,
                        "promote = " + cluster.standbys().get(0).socket(),
                        "conninfo.conn_retry_num = 3",
                        "conninfo.conn_retry_interval = 0.5",
                        "conninfo.query_interval = 1",
                        "failover.probe_timeout = 1");
                Operator operator = Operator.of(proxy)) {
            PostgresServer standby = cluster.standbys().get(0);
            operator.await(
                    "the standby to be known as one of this primary",
                    "select upstream, promotable from server where server = '" + standby.socket() + "'",
                    cluster.primary().socket() + "|t");
            death.strike(cluster.primary());
            FailoverSystemTest.awaitLog(proxy, "event=promoted");
            try (WireClient client = WireClient.login(listen, "postgres", "postgres")) {
                assertEquals(Integer.toString(standby.port()), client.value("show port"));
                assertEquals("f", client.value("select pg_is_in_recovery()"));
            }
            assertEquals(0, proxy.stop());
            proxy.startAgain(); // The configuration still names the old primary, the state file the new one.
            Await.until("the proxy to serve again", Fixture.SOON, () -> canLogIn());
            try (WireClient client = WireClient.login(listen, "postgres", "postgres")) {
                assertEquals(Integer.toString(standby.port()), client.value("show port"));
            }
        }
    }
}
