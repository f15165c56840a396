package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** Messages larger than any buffer, and clients that read slowly or not at all. */
@Tag(Fixture.LONG)
class LargeDataSystemTest {

    private static final int COPY_BYTES = 100_000_000;
    private static final int LINE_BYTES = 1_000;

    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void copiesOneHundredMegabytesEachWayUnchanged(int major) throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(major));
                Connection connection = Fixture.connect(proxy.port(), "postgres");
                Statement statement = connection.createStatement()) {
            statement.execute("create temporary table big (line text)");
            CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
            MessageDigest sent = MessageDigest.getInstance("SHA-256");
            copy.copyIn("copy big from stdin", new DigestInputStream(new Lines(COPY_BYTES), sent), 1 << 16);
            MessageDigest received = MessageDigest.getInstance("SHA-256");
            copy.copyOut("copy big to stdout", new DigestOutputStream(OutputStream.nullOutputStream(), received));
            assertEquals(HexFormat.of().formatHex(sent.digest()), HexFormat.of().formatHex(received.digest()));
        }
    }

    /** Random lower-case lines, which are valid in COPY's text format. */
    private static final class Lines extends InputStream {
        private final Random random = new Random(7);
        private final byte[] line = new byte[LINE_BYTES];
        private int used = LINE_BYTES;
        private int left;

        private Lines(int bytes) {
            left = bytes;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0];
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            if (left == 0) {
                return -1;
            }
            if (used == LINE_BYTES) {
                for (int i = 0; i < LINE_BYTES - 1; i++) {
                    line[i] = (byte) ('a' + random.nextInt(26));
                }
                line[LINE_BYTES - 1] = '\n';
                used = 0;
            }
            int count = Math.min(Math.min(length, LINE_BYTES - used), left);
            System.arraycopy(line, used, into, offset, count);
            used += count;
            left -= count;
            return count;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void oneValueOf256MebibytesArrivesWhole(int major) throws Exception {
        int bytes = 256 * 1024 * 1024;
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(major), "proxy_worker_num = 1");
                WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
            client.send(FrontendMessage.query("select repeat('abcdefgh', " + bytes / 8 + ")"));
            client.readUntil('T');
            var row = client.read();
            assertTrue(row != null && row.type() == 'D');
            assertEquals(2 + 4 + bytes, row.body().length);
            byte[] expected = "abcdefgh".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            for (int i = 6; i < row.body().length; i += 8) {
                if (!Arrays.equals(row.body(), i, i + 8, expected, 0, 8)) {
                    throw new AssertionError("another value at byte " + i);
                }
            }
            client.readUntil('Z');
            assertEquals("1", client.value("select 1"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {18})
    void clientThatReadsNothingCostsOneBuffer(int major) throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(major), "proxy_worker_num = 1");
                WireClient bystander = WireClient.login(proxy.port(), "postgres", "postgres");
                WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
            long worker = proxy.children("pgproxy-pool").get(0).pid();
            bystander.value("select sum(length(repeat('x', 1000))) from generate_series(1, 1000)");
            long before = residentKib(worker);
            client.send(FrontendMessage.query("select repeat('x', 1000000) from generate_series(1, 1000)"));
            Await.until(
                    "the server to be held up by the client",
                    Fixture.SOON,
                    () -> Fixture.cluster(major)
                            .primary()
                            .sql("select wait_event from pg_stat_activity where query like 'select repeat%1000000%'")
                            .equals("ClientWrite"));
            assertEquals("1", bystander.value("select 1"));
            long grownKib = residentKib(worker) - before;
            assertTrue(grownKib < 8 * 1024, "the worker grew by " + grownKib + " KiB");
            long rows = client.readUntil('Z').stream()
                    .filter(message -> message.type() == 'D')
                    .count();
            assertEquals(1000, rows);
            long afterwardsKib = residentKib(worker) - before;
            assertTrue(afterwardsKib < 16 * 1024, "the worker grew by " + afterwardsKib + " KiB");
        }
    }

    private static long residentKib(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
