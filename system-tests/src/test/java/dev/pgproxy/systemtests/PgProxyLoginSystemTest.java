package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireMessage;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Which clients may log in to pg_proxy, and how many. */
@Tag(Fixture.LONG)
class PgProxyLoginSystemTest {

    @Test
    void anyUserWithThePasswordGetsInAndNobodyElse() throws Exception {
        try (ProxyProcess proxy =
                Fixture.proxy(Fixture.cluster(18), "pg_proxy_pw = act here", "pg_proxy_stats_pw = only look")) {
            assertTrue(proxy.children("pgproxy-admin").isEmpty(), "nobody has asked for it yet");
            try (Operator operator = Operator.of(proxy, "act%20here");
                    Operator reader = Operator.of(proxy, "only%20look")) {
                assertEquals("1", operator.value("select count(*) from server where role = 'primary'"));
                assertEquals("1", reader.value("select count(*) from server where role = 'primary'"));
                for (String forbidden :
                        List.of("delete from connection", "pause", "resume", "reload", "reconnect", "shutdown")) {
                    SQLException refused = assertThrows(SQLException.class, () -> reader.execute(forbidden));
                    assertEquals("42501", refused.getSQLState(), forbidden);
                }
                assertEquals(0, operator.execute("delete from connection where pid = 0"));
            }
            SQLException wrong = assertThrows(SQLException.class, () -> Operator.of(proxy, "wrong"));
            assertEquals("28P01", wrong.getSQLState());
            assertThrows(SQLException.class, () -> Operator.of(proxy, "pg2pg"));
            assertFalse(proxy.log().contains("act here"));
            assertFalse(proxy.log().contains("default_password"), proxy.log());
        }
    }

    @Test
    void aWrongPasswordIsToldBehindTheUsualExchange() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18));
                WireClient client = new WireClient(proxy.port())) {
            client.startup(WireClient.PROTOCOL_3_0, "anybody", "pg_proxy");
            WireMessage request = client.read();
            assertNotNull(request);
            assertEquals("R", String.valueOf(request.type()));
            byte[] first = "n,,n=,r=abcdefghijkl".getBytes(java.nio.charset.StandardCharsets.UTF_8);
            client.send(
                    'p',
                    WireClient.concat(
                            WireClient.text("SCRAM-SHA-256"),
                            java.nio.ByteBuffer.allocate(4).putInt(first.length).array(),
                            first));
            WireMessage challenge = client.read();
            assertNotNull(challenge);
            String said = challenge.text();
            assertTrue(said.contains("r=abcdefghijkl"), said);
            String nonce = said.substring(said.indexOf("r="), said.indexOf(",s="));
            String proof = java.util.Base64.getEncoder().encodeToString(new byte[32]);
            client.send('p', ("c=biws," + nonce + ",p=" + proof).getBytes(java.nio.charset.StandardCharsets.UTF_8));
            assertEquals("28P01", client.readUntil('E').get(0).sqlState());
        }
    }

    @Test
    void theDefaultPasswordIsForThisHostOnly() throws Exception {
        Optional<InetAddress> other = Collections.list(NetworkInterface.getNetworkInterfaces()).stream()
                .flatMap(each -> Collections.list(each.getInetAddresses()).stream())
                .filter(address -> !address.isLoopbackAddress() && address instanceof java.net.Inet4Address)
                .findFirst();
        if (other.isEmpty()) {
            System.out.println("SKIPPED: this host has no address but the loopback's");
        }
        Assumptions.assumeTrue(other.isPresent());
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "listen = 0.0.0.0:0", "pg_proxy_pw = pg2pg")) {
            assertTrue(proxy.log().contains("event=default_password"), proxy.log());
            try (WireClient client = new WireClient(new InetSocketAddress(other.get(), proxy.port()))) {
                client.startup(WireClient.PROTOCOL_3_0, "anybody", "pg_proxy");
                WireMessage error = client.readUntil('E').get(0);
                assertEquals("28000", error.sqlState());
                assertTrue(error.fields().getOrDefault('H', "").contains("pg_proxy_pw"));
            }
            Operator.configure(proxy, "pg_proxy_pw = secret");
            Programs.run(List.of("kill", "-HUP", Long.toString(proxy.master().pid())));
            Await.until("the reload", Fixture.SOON, () -> proxy.log().contains("event=reloaded"));
            try (WireClient client = new WireClient(new InetSocketAddress(other.get(), proxy.port()))) {
                client.startup(WireClient.PROTOCOL_3_0, "anybody", "pg_proxy");
                WireMessage request = client.read();
                assertNotNull(request);
                assertEquals("R", String.valueOf(request.type()));
            }
        }
    }

    @Test
    void theDefaultPasswordIsForLookingOnly() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "pg_proxy_pw = pg2pg");
                Operator everybody = Operator.of(proxy, "pg2pg")) {
            assertEquals("1", everybody.value("select count(*) from server where role = 'primary'"));
            for (String forbidden : List.of("shutdown", "delete from connection", "pause", "reload")) {
                SQLException refused = assertThrows(SQLException.class, () -> everybody.execute(forbidden));
                assertEquals("42501", refused.getSQLState(), forbidden);
                assertTrue(String.valueOf(refused.getMessage()).contains("Set your own"), refused::getMessage);
            }
        }
    }

    @Test
    void whoMayOnlyLookLocksNoOperatorOut() throws Exception {
        List<Operator> readers = new ArrayList<>();
        try (ProxyProcess proxy = Fixture.proxy(
                Fixture.cluster(18), "pg_proxy_pw = act", "pg_proxy_stats_pw = look", "pg_proxy_max_conn = 5")) {
            SQLException full = assertThrows(SQLException.class, () -> {
                while (true) {
                    readers.add(Operator.of(proxy, "look"));
                }
            });
            assertEquals("53300", full.getSQLState());
            assertEquals(3, readers.size());
            try (Operator first = Operator.of(proxy, "act");
                    Operator second = Operator.of(proxy, "act")) {
                assertEquals("1", first.value("select 1"));
                assertEquals("1", second.value("select 1"));
            }
        } finally {
            for (Operator reader : readers) {
                reader.close();
            }
        }
    }

    @Test
    void silentLoginsOfThisHostKeepNoOperatorOut() throws Exception {
        List<WireClient> silent = new ArrayList<>();
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18))) {
            for (int i = 0; i < 100; i++) {
                WireClient client = new WireClient(proxy.port());
                silent.add(client);
                client.startup(WireClient.PROTOCOL_3_0, "anybody", "pg_proxy");
            }
            try (Operator operator = Operator.of(proxy)) {
                assertEquals("1", operator.value("select 1"));
            }
        } finally {
            for (WireClient client : silent) {
                client.close();
            }
        }
    }

    @Test
    void sessionsAndAttemptsHaveBounds() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "pg_proxy_max_conn = 3")) {
            try (Operator first = Operator.of(proxy);
                    Operator second = Operator.of(proxy);
                    Operator third = Operator.of(proxy)) {
                SQLException fourth = assertThrows(SQLException.class, () -> Operator.of(proxy));
                assertEquals("53300", fourth.getSQLState());
                Operator.configure(proxy, "pg_proxy_idle_timeout = 1s", "client_login_timeout = 1s");
                assertEquals("1", second.value("select 1"));
                assertEquals("1", third.value("select 1"));
                first.execute("reload"); // Up to here no session may time out, and from here on each may at any time.
                Await.until("idle sessions to make room", Fixture.SOON, () -> {
                    try (Operator next = Operator.of(proxy)) {
                        return next.value("select 1").equals("1");
                    }
                });
            }
            try (WireClient silent = new WireClient(proxy.port())) {
                silent.startup(WireClient.PROTOCOL_3_0, "anybody", "pg_proxy");
                assertEquals(
                        "57014",
                        silent.readUntil('E').stream()
                                .filter(message -> message.type() == 'E')
                                .findFirst()
                                .orElseThrow()
                                .sqlState());
            }
        }
    }

    /** A forgotten script with an old password must not keep operators out. */
    @Test
    void manyWrongPasswordsSlowAnAddressDownAndTheRightOneStillGetsIn() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18))) {
            for (int i = 0; i < 10; i++) {
                assertThrows(SQLException.class, () -> Operator.of(proxy, "wrong"));
            }
            Await.until(
                    "the address to be noticed", Fixture.SOON, () -> proxy.log().contains("event=address_slowed_down"));
            try (Operator operator = Operator.of(proxy)) {
                operator.await(
                        "the event to be seen", "select count(*) from event where event = 'address_slowed_down'", "1");
            }
        }
    }

    @Test
    void operatorsComeAgainWhenTheirProcessWasKilled() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18));
                WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
            try (Operator operator = Operator.of(proxy)) {
                assertEquals("1", operator.value("select count(*) from connection where fe_ip is not null"));
                proxy.children("pgproxy-admin").get(0).destroyForcibly();
                assertThrows(SQLException.class, () -> {
                    while (true) {
                        operator.value("select count(*) from connection");
                    }
                });
            }
            assertEquals("1", client.value("select 1"));
            Await.until("the next operator to get in", Fixture.SOON, () -> {
                try (Operator operator = Operator.of(proxy)) {
                    return operator.value("select restarts from process where kind = 'admin'")
                            .equals("1");
                }
            });
        }
    }

    @Test
    void whoMayOnlyLookKeepsNoOperatorOutWithWhatCannotBeStopped() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(
                Fixture.cluster(18), "pg_proxy_pw = act", "pg_proxy_stats_pw = look", "pg_proxy_query_timeout = 3s")) {
            try (Operator reader = Operator.of(proxy, "look")) {
                assertThrows(
                        SQLException.class,
                        () -> reader.value("select ('1e' || '500000000') + 1.5"),
                        "a number without end");
                Await.until(
                        "the process to be replaced",
                        Fixture.SOON,
                        () -> proxy.log().contains("event=readers_barred seconds="));
            }
            Await.until("readers to be kept out", Fixture.SOON, () -> {
                SQLException refused = assertThrows(
                        SQLException.class, () -> Operator.of(proxy, "look").close());
                return "57P03".equals(refused.getSQLState());
            });
            try (Operator operator = Operator.of(proxy, "act")) {
                assertEquals("1", operator.value("select 1"));
            }
        }
    }

    /** Every user of this host can use its loopback addresses, so only the operating system can tell them apart. */
    @Test
    void anotherUserOfThisHostWhoGuessesKeepsNoOperatorOut() throws Exception {
        Requirement.program("psql");
        Requirement.program("setpriv");
        Assumptions.assumeTrue(
                Programs.run(List.of("setpriv", "--reuid", "65533", "true")).status() == 0,
                "only root can be another user");
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18))) {
            List<String> guess = List.of(
                    "setpriv",
                    "--reuid",
                    "65533",
                    "psql",
                    "host=127.0.0.1 port=" + proxy.port() + " user=guest dbname=pg_proxy password=wrong",
                    "-c",
                    "select 1");
            for (int i = 0; i < 10; i++) {
                assertEquals(2, Programs.run(guess).status());
            }
            assertTrue(
                    proxy.log().contains("event=address_slowed_down address=\"this host, user 65533\""), proxy.log());
            try (Operator operator = Operator.of(proxy)) {
                assertEquals("1", operator.value("select 1"));
            }
            assertEquals(1, proxy.log().split("event=address_slowed_down", -1).length - 1, proxy.log());
        }
    }
}
