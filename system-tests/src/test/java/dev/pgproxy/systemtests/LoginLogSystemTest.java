package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireLogin;
import java.nio.ByteBuffer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The log names clients that were refused and sessions that others have ended; on request, also all that connect and disconnect. */
class LoginLogSystemTest {

    private static void awaitLine(ProxyProcess proxy, String regex) {
        Pattern pattern = Pattern.compile("event=" + regex);
        Await.until(regex + " in the log", Fixture.SOON, () -> {
            if (!pattern.matcher(proxy.log()).find()) {
                throw new IllegalStateException(proxy.log());
            }
            return true;
        });
    }

    @Test
    void whoIsRefusedIsNamedWithTheReason() throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(18)
                        .withAccess(
                                "host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"));
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            cluster.primary().sql("create role app login password 'secret'");
            try (WireClient client = new WireClient(proxy.port())) {
                assertFalse(
                        WireLogin.attempt(client, "app", "postgres", "wrong").isIn());
            }
            awaitLine(
                    proxy,
                    "login_refused peer=127\\.0\\.0\\.1:\\d+ user=app database=postgres server=\\S+ sqlstate=28P01 seconds=\\S+"
                            + " message=\"password authentication failed for user \\\\\"app\\\\\"\"");
            try (WireClient client = new WireClient(proxy.port())) {
                client.startup(WireClient.PROTOCOL_3_0, "postgres", "no_such_database");
                client.readUntil('E');
            }
            awaitLine(proxy, "login_refused .*user=postgres database=no_such_database .*sqlstate=3D000");
            try (WireClient client = new WireClient(proxy.port())) {
                client.send(ByteBuffer.allocate(8).putInt(8).putInt(80877103).array());
                assertEquals('N', client.readByte());
            }
            awaitLine(proxy, "login_refused peer=127\\.0\\.0\\.1:\\d+ message=\"the client asked for TLS");
            assertFalse(proxy.log().contains("event=connection"), "nobody asked for these lines");
            assertFalse(proxy.log().contains("secret") || proxy.log().contains("wrong"), proxy.log());
        }
    }

    @Test
    void whoseSessionIsEndedIsNamedWithTheReason() throws Exception {
        PostgresCluster cluster = Fixture.cluster(15);
        try (ProxyProcess proxy =
                        Fixture.proxy(cluster, "slaver_list =", "log.connections = on", "log.disconnections = on");
                Operator operator = Operator.of(proxy)) {
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                awaitLine(
                        proxy,
                        "connection peer=\\S+ user=postgres database=postgres server=\\S+ backend_pid=\\d+ warm=false");
                client.send(FrontendMessage.terminate());
            }
            awaitLine(proxy, "disconnection peer=\\S+ user=postgres .*seconds=\\d");
            assertFalse(proxy.log().contains("event=session_ended"), "it has left by itself");
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                String pid = client.value("select pg_backend_pid()");
                cluster.primary().sql("select pg_terminate_backend(" + pid + ")");
                client.readUntil('E');
            }
            awaitLine(proxy, "session_ended .*sqlstate=57P01 .*message=\"the server has ended the session\"");
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "template1")) {
                operator.await("it to be seen", "select count(*) from connection where database = 'template1'", "1");
                operator.execute("delete from connection where database = 'template1'");
                client.readUntil('E');
            }
            awaitLine(proxy, "session_ended .*database=template1 .*sqlstate=57P01 .*operator");
            Operator.configure(proxy, "active_cnn_timeout = 200ms");
            operator.execute("reload");
            try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                client.readUntil('E');
            }
            awaitLine(proxy, "session_ended .*sqlstate=57P05 .*hint=\"The session was idle for active_cnn_timeout");
            assertTrue(operator.value("select count(*) from event where event = 'connection'")
                    .equals("0"));
            operator.await("ends to be events", "select count(*) > 0 from event where event = 'session_ended'", "t");
        }
    }
}
