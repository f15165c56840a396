package dev.pgproxy.taskworker.alert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.GreenMailUtil;
import com.icegreen.greenmail.util.ServerSetup;
import com.sun.net.httpserver.HttpServer;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.net.Endpoint;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NotifierTest {

    private static final Alert ALERT = new Alert(
            Alert.Kind.PROMOTED,
            new Endpoint.Tcp("db2", 5432),
            "promoted \"in place\" of db1",
            "mend\ndb1",
            "2026-01-02T03:04:05Z");

    @TempDir
    private Path directory = Path.of("");

    private static ProxyConfig.Alerts alerts(
            Optional<Path> command, Optional<String> webhook, Optional<ProxyConfig.Mail> mail) {
        return new ProxyConfig.Alerts(command, webhook, mail);
    }

    private Path program(String... lines) throws IOException {
        Path program = directory.resolve("notify");
        Files.write(program, List.of(lines));
        return Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }

    private static void sendAndWait(ProxyConfig.Alerts alerts) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        Notifier notifier = new Notifier(alerts);
        notifier.send(ALERT, done::countDown);
        assertTrue(done.await(30, TimeUnit.SECONDS));
        notifier.close();
    }

    @Test
    void aProgramFindsTheAlertInItsEnvironment() throws Exception {
        Path output = directory.resolve("output");
        Path program = program(
                "#!/bin/sh",
                "printf '%s|%s|%s|%s|%s|%s|%s' \"$PGPROXY_EVENT\" \"$PGPROXY_SERVER\" \"$PGPROXY_MESSAGE\" \"$PGPROXY_HINT\" \"$PGPROXY_TIME\" \"$PGPROXY_ALARM\" \"$#\" > "
                        + output);
        sendAndWait(alerts(Optional.of(program), Optional.empty(), Optional.empty()));
        assertEquals(
                "promoted|db2:5432|promoted \"in place\" of db1|mend\ndb1|2026-01-02T03:04:05Z|1|0",
                Files.readString(output));
    }

    @Test
    void whatFailsIsTriedAgain() throws Exception {
        Path tries = directory.resolve("tries");
        Path program = program("#!/bin/sh", "echo >> " + tries, "test $(wc -l < " + tries + ") -ge 3");
        sendAndWait(alerts(Optional.of(program), Optional.empty(), Optional.empty()));
        assertEquals(3, Files.readAllLines(tries).size());
    }

    @Test
    void aWebhookGetsJsonAndIsTriedAgain() throws Exception {
        List<String> bodies = new CopyOnWriteArrayList<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/hook", exchange -> {
            bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(bodies.size() == 1 ? 503 : 204, -1);
            exchange.close();
        });
        server.start();
        try {
            String url = "http://127.0.0.1:" + server.getAddress().getPort() + "/hook";
            sendAndWait(alerts(Optional.empty(), Optional.of(url), Optional.empty()));
        } finally {
            server.stop(0);
        }
        assertEquals(2, bodies.size());
        assertEquals(
                "{\"event\":\"promoted\",\"alarm\":true,\"server\":\"db2:5432\",\"message\":\"promoted \\\"in place\\\" of db1\","
                        + "\"hint\":\"mend\\u000adb1\",\"time\":\"2026-01-02T03:04:05Z\","
                        + "\"text\":\"pgproxy: promoted: db2:5432: promoted \\\"in place\\\" of db1\\u000amend\\u000adb1\"}",
                bodies.get(1));
    }

    @Test
    void jsonHoldsTextOfEveryKind() {
        Alert alert = new Alert(Alert.Kind.TEST, ALERT.server(), "caf\u00e9 \u4e3b\u5e93 \ud83d\ude00 \\ \t", "", "");
        assertTrue(
                Json.of(alert).contains("\"message\":\"caf\u00e9 \u4e3b\u5e93 \\ud83d\\ude00 \\\\ \\u0009\""),
                Json.of(alert));
    }

    @Test
    void mailArrives() throws Exception {
        GreenMail server = new GreenMail(new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTP));
        server.start();
        try {
            ProxyConfig.Mail mail = new ProxyConfig.Mail(
                    "127.0.0.1",
                    server.getSmtp().getPort(),
                    "",
                    "",
                    "pgproxy@example.com",
                    List.of("a@example.com", "b@example.com"));
            sendAndWait(alerts(Optional.empty(), Optional.empty(), Optional.of(mail)));
            MimeMessage[] received = server.getReceivedMessages();
            assertEquals(2, received.length);
            assertEquals("pgproxy: promoted db2:5432", received[0].getSubject());
            assertTrue(GreenMailUtil.getBody(received[0]).contains("in place"), GreenMailUtil.getBody(received[0]));
        } finally {
            server.stop();
        }
    }

    @Test
    void aPasswordIsNotSentToAMailServerThatCannotEncrypt() throws Exception {
        GreenMail server = new GreenMail(new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTP));
        server.start();
        try {
            ProxyConfig.Mail mail = new ProxyConfig.Mail(
                    "127.0.0.1",
                    server.getSmtp().getPort(),
                    "user",
                    "secret",
                    "pgproxy@example.com",
                    List.of("a@example.com"));
            List<String> results =
                    new Notifier(alerts(Optional.empty(), Optional.empty(), Optional.of(mail))).test(ALERT);
            assertEquals(1, results.size());
            assertTrue(results.get(0).startsWith("notify.mail: failed: "), results.get(0));
            assertFalse(results.get(0).contains("secret"), results.get(0));
            assertEquals(0, server.getReceivedMessages().length);
        } finally {
            server.stop();
        }
    }

    @Test
    void aTestSaysOfEachWayWhetherItWorks() throws Exception {
        int closedPort;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closedPort = socket.getLocalPort();
        }
        List<String> results = new Notifier(alerts(
                        Optional.of(program("#!/bin/sh", "exit 3")),
                        Optional.of("http://127.0.0.1:" + closedPort + "/token"),
                        Optional.empty()))
                .test(ALERT);
        assertEquals("notify.command: failed: it ended with status 3", results.get(0));
        assertTrue(results.get(1).startsWith("notify.webhook: failed: it could not be reached"), results.get(1));
        assertFalse(results.get(1).contains("token"), "the URL is a secret");
    }
}
