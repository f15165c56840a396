package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What no client should send first: each gets a clear answer, nothing leaks, and other clients do not notice. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadStartupSystemTest {

    private static final int SSL_REQUEST = (1234 << 16) | 5679;
    private static final int GSSENC_REQUEST = (1234 << 16) | 5680;

    private ProxyProcess proxy;
    private WireClient bystander;
    private int fdsBefore;

    @BeforeAll
    void start() throws IOException {
        proxy = Fixture.proxy(Fixture.cluster(18), "proxy_worker_num = 1");
        bystander = WireClient.login(proxy.port(), "postgres", "postgres");
        bystander.value("select 1");
    }

    @BeforeEach
    void countDescriptors() {
        fdsBefore = Fixture.openFds(proxy);
    }

    @AfterEach
    void nothingLeakedAndOthersAreServed() throws IOException {
        Fixture.awaitFds(proxy, fdsBefore);
        assertEquals("1", bystander.value("select 1"));
    }

    @AfterAll
    void stop() throws IOException {
        bystander.close();
        proxy.close();
    }

    private static byte[] int32(int... values) {
        ByteBuffer out = ByteBuffer.allocate(4 * values.length);
        Arrays.stream(values).forEach(out::putInt);
        return out.array();
    }

    private static WireMessage onlyError(WireClient client) throws IOException {
        List<WireMessage> answer = client.readAll();
        assertEquals(1, answer.size(), answer::toString);
        assertEquals('E', answer.get(0).type());
        assertEquals("FATAL", answer.get(0).fields().get('S'));
        return answer.get(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 4, 7, 10_001, Integer.MAX_VALUE, -1, Integer.MIN_VALUE})
    void refusesBadLength(int length) throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            client.send(int32(length));
            WireMessage error = onlyError(client);
            assertEquals("08P01", error.sqlState());
            assertEquals("invalid length of startup packet", error.fields().get('M'));
        }
    }

    @Test
    void refusesPacketWithoutTerminator() throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            client.send(int32(13, 3 << 16));
            client.send("user=".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            assertEquals("08P01", onlyError(client).sqlState());
        }
    }

    @Test
    void refusesPacketWithoutUser() throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            client.send(int32(9, 3 << 16));
            client.send((byte) 0);
            assertEquals("28000", onlyError(client).sqlState());
        }
    }

    /** The server truncates names; what the proxy's processes ask about them must not exceed the size of a message. */
    @ParameterizedTest
    @ValueSource(ints = {64, 4_085, 4_095, 8_170, 8_175, 9_900})
    void namesOfAnyLengthDisturbNobody(int length) throws IOException {
        for (String letter : List.of("x", "\u00e9")) {
            try (WireClient client = new WireClient(proxy.port())) {
                String name =
                        letter.repeat(length / letter.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1).length);
                client.send(FrontendMessage.startup(3 << 16, List.of(new StartupParameters.Parameter("user", name))));
                List<WireMessage> answer = client.readAll();
                assertEquals("28000", answer.get(answer.size() - 1).sqlState());
            }
        }
        assertFalse(proxy.log().contains("event=child_exit"), proxy.log());
    }

    @Test
    void refusesProtocolTwo() throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            client.send(int32(8, 2 << 16));
            WireMessage error = onlyError(client);
            assertEquals("0A000", error.sqlState());
            assertTrue(error.fields().getOrDefault('M', "").contains("unsupported frontend protocol 2.0"));
        }
    }

    @Test
    void survivesTenMegabytesOfNoise() throws IOException {
        byte[] noise = new byte[10_000_000];
        new Random(42).nextBytes(noise);
        try (WireClient client = new WireClient(proxy.port())) {
            try {
                client.send(noise);
            } catch (SocketException e) {
                return; // The proxy had seen enough.
            }
            client.finishSending();
            assertEquals("08P01", onlyError(client).sqlState());
        }
    }

    @Test
    void tellsTlsClientsWhatToDo() throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            client.send((byte) 0x16, (byte) 3, (byte) 1, (byte) 2, (byte) 0, (byte) 1);
            assertTrue(onlyError(client).fields().getOrDefault('H', "").contains("sslnegotiation=postgres"));
        }
    }

    @Test
    void givesUpOnOneByteASecond() throws IOException {
        try (ProxyProcess hasty = Fixture.proxy(Fixture.cluster(18), "client_login_timeout = 500ms");
                WireClient client = new WireClient(hasty.port())) {
            client.send((byte) 0, (byte) 0);
            WireMessage error = onlyError(client);
            assertEquals("57014", error.sqlState());
        }
    }

    @Test
    void forgetsClientThatClosesHalfWay() throws IOException {
        for (int bytes = 0; bytes < 12; bytes++) {
            try (WireClient client = new WireClient(proxy.port())) {
                client.send(Arrays.copyOf(int32(20, 3 << 16, 0x75736572), bytes));
            }
        }
    }

    @Test
    void answersEncryptionRequestsOnceEach() throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            client.send(int32(8, GSSENC_REQUEST));
            assertEquals('N', client.readByte());
            client.send(int32(8, SSL_REQUEST));
            assertEquals('N', client.readByte());
            client.send(int32(8, SSL_REQUEST));
            assertEquals("08P01", onlyError(client).sqlState());
        }
    }

    @Test
    void refusesBytesBehindSslRequest() throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            byte[] startup = int32(8, SSL_REQUEST, 9, 3 << 16);
            client.send(startup);
            WireMessage error = onlyError(client);
            assertEquals(
                    "received unencrypted data after SSL request",
                    error.fields().get('M'));
        }
    }

    @Test
    void logsInAfterSslRequest() throws IOException {
        try (WireClient client = new WireClient(proxy.port())) {
            client.send(int32(8, SSL_REQUEST));
            assertEquals('N', client.readByte());
            client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
            client.readUntil('Z');
            assertEquals("1", client.value("select 1"));
        }
        fdsBefore++; // The warm backend stays.
    }

    @Test
    void negotiatesOptionsAndVersionThatNobodyKnows() throws IOException {
        for (int round = 0; round < 2; round++) { // A new backend first, then a warm one.
            try (WireClient client = new WireClient(proxy.port())) {
                client.startup((3 << 16) | 9999, "postgres", "postgres", "_pq_.test_option", "1");
                WireMessage first = client.read();
                assertNotNull(first);
                assertEquals('v', first.type());
                ByteBuffer body = ByteBuffer.wrap(first.body());
                assertEquals((3 << 16) | 2, body.getInt());
                assertEquals(1, body.getInt());
                assertTrue(first.text().endsWith("_pq_.test_option."));
                client.readUntil('Z');
                assertEquals("1", client.value("select 1"));
            }
        }
        fdsBefore++; // The warm backend stays.
    }

    @Test
    void serverWithoutThatVersionIsQuotedFaithfully() throws IOException {
        try (ProxyProcess old = Fixture.proxy(Fixture.cluster(15), "proxy_worker_num = 1");
                WireClient client = new WireClient(old.port());
                WireClient direct = new WireClient(Fixture.cluster(15).primary().port())) {
            client.startup((3 << 16) | 2, "postgres", "postgres");
            direct.startup((3 << 16) | 2, "postgres", "postgres");
            WireMessage proxied = client.read();
            WireMessage asDirect = direct.read();
            assertNotNull(proxied);
            assertNotNull(asDirect);
            assertEquals('v', proxied.type());
            assertEquals(asDirect.text(), proxied.text());
            client.readUntil('Z');
        }
    }
}
