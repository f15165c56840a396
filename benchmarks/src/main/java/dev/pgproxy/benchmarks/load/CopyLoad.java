package dev.pgproxy.benchmarks.load;

import dev.pgproxy.benchmarks.peer.Logins;
import dev.pgproxy.benchmarks.peer.PeerKind;
import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One client that copies much out of the server, or into it. */
public final class CopyLoad implements Load {

    private static final double BYTES_PER_MB = 1e6;
    private static final double BYTES_PER_GB = 1e9;
    private static final double MS_PER_SECOND = 1e3;
    private static final int ROW_BYTES = 8_000;
    private static final int BUFFER_BYTES = 256 * 1024;

    /** ReadyForQuery outside a transaction. The rows have only letters, so they never look like it. */
    private static final byte[] READY = {'Z', 0, 0, 0, 5, 'I'};

    private enum Direction {
        OUT(Figure.COPY_OUT_RATE, Figure.COPY_OUT_CPU),
        IN(Figure.COPY_IN_RATE, Figure.COPY_IN_CPU);

        private final Figure rate;
        private final Figure cpu;

        Direction(Figure rate, Figure cpu) {
            this.rate = rate;
            this.cpu = cpu;
        }
    }

    private final Direction direction;
    private final int rows;

    private CopyLoad(Direction direction, int megabytes) {
        this.direction = direction;
        this.rows = (int) (megabytes * BYTES_PER_MB / ROW_BYTES);
    }

    /** COPY TO STDOUT. */
    public static CopyLoad out(int megabytes) {
        return new CopyLoad(Direction.OUT, megabytes);
    }

    /** COPY FROM STDIN, of rows that the server reads and drops, so that its disk does not count. */
    public static CopyLoad in(int megabytes) {
        return new CopyLoad(Direction.IN, megabytes);
    }

    @Override
    public String title() {
        return direction.rate.title();
    }

    @Override
    public void run(Subject subject, Findings findings) throws IOException {
        try (WireClient client = WireClient.login(subject.running().address(), Logins.TRUST.user(), Pgbench.DATABASE)) {
            client.query("CREATE TEMPORARY TABLE sink (line text)");
            double beforeSeconds = ProcessFigures.cpuSeconds(subject.running().processes());
            long startNs = System.nanoTime();
            if (direction == Direction.IN) {
                copyIn(client);
            } else {
                copyOut(client);
            }
            double seconds = (double) (System.nanoTime() - startNs) / TimeUnit.SECONDS.toNanos(1);
            double usedSeconds = ProcessFigures.cpuSeconds(subject.running().processes()) - beforeSeconds;
            double bytes = (double) rows * ROW_BYTES;
            findings.found(direction.rate, bytes / BYTES_PER_MB / seconds);
            if (subject.kind() != PeerKind.DIRECT) {
                findings.found(direction.cpu, usedSeconds * MS_PER_SECOND / (bytes / BYTES_PER_GB));
            }
        }
    }

    private void copyOut(WireClient client) throws IOException {
        client.send(FrontendMessage.query(
                "COPY (SELECT repeat('x', " + (ROW_BYTES - 1) + ") FROM generate_series(1, " + rows + ")) TO STDOUT"));
        InputStream received = client.socket().getInputStream();
        byte[] buffer = new byte[BUFFER_BYTES];
        long bytes = 0;
        int kept = 0;
        while (kept < READY.length || !Arrays.equals(buffer, kept - READY.length, kept, READY, 0, READY.length)) {
            int last = Math.min(READY.length, kept);
            System.arraycopy(buffer, kept - last, buffer, 0, last);
            int count = received.read(buffer, last, buffer.length - last);
            if (count < 0) {
                throw new IOException("the connection ended inside COPY");
            }
            bytes += count;
            kept = last + count;
        }
        if (bytes < (long) rows * ROW_BYTES) {
            throw new IOException("COPY ended after " + bytes + " bytes");
        }
    }

    private void copyIn(WireClient client) throws IOException {
        client.send(FrontendMessage.query("COPY sink FROM STDIN WHERE false"));
        client.readUntil('G');
        byte[] row = ("x".repeat(ROW_BYTES - 1) + "\n").getBytes(StandardCharsets.US_ASCII);
        byte[] message = FrontendMessage.wrap(FrontendMessage.COPY_DATA, row);
        int atOnce = BUFFER_BYTES / message.length;
        byte[] messages = new byte[atOnce * message.length];
        for (int i = 0; i < atOnce; i++) {
            System.arraycopy(message, 0, messages, i * message.length, message.length);
        }
        OutputStream out = client.socket().getOutputStream();
        for (int left = rows; left > 0; left -= atOnce) {
            out.write(messages, 0, Math.min(left, atOnce) * message.length);
        }
        client.send((char) FrontendMessage.COPY_DONE, new byte[0]);
        List<WireMessage> answer = client.readToReady();
        if (answer.stream().noneMatch(each -> each.type() == 'C')) {
            throw new IOException("COPY was refused: " + answer);
        }
    }
}
