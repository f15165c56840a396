package dev.pgproxy.benchmarks.load;

import dev.pgproxy.benchmarks.peer.Logins;
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

    private final boolean in;
    private final int rows;

    private CopyLoad(boolean in, int megabytes) {
        this.in = in;
        this.rows = (int) (megabytes * BYTES_PER_MB / ROW_BYTES);
    }

    /** COPY TO STDOUT. */
    public static CopyLoad out(int megabytes) {
        return new CopyLoad(false, megabytes);
    }

    /** COPY FROM STDIN, of rows that the server reads and drops, so that its disk does not count. */
    public static CopyLoad in(int megabytes) {
        return new CopyLoad(true, megabytes);
    }

    @Override
    public String title() {
        return in ? Figure.COPY_IN_RATE.title() : Figure.COPY_OUT_RATE.title();
    }

    @Override
    public void run(Subject subject, Findings findings) throws IOException {
        List<ProcessHandle> processes = subject.running().processes();
        try (WireClient client = WireClient.login(subject.running().port(), Logins.TRUST.user(), Pgbench.DATABASE)) {
            client.query("CREATE TEMPORARY TABLE sink (line text)");
            double beforeSeconds = ProcessFigures.cpuSeconds(processes);
            long startNs = System.nanoTime();
            if (in) {
                copyIn(client);
            } else {
                copyOut(client);
            }
            double seconds = (double) (System.nanoTime() - startNs) / TimeUnit.SECONDS.toNanos(1);
            double usedSeconds = ProcessFigures.cpuSeconds(processes) - beforeSeconds;
            double bytes = (double) rows * ROW_BYTES;
            findings.found(in ? Figure.COPY_IN_RATE : Figure.COPY_OUT_RATE, bytes / BYTES_PER_MB / seconds);
            if (!processes.isEmpty()) {
                findings.found(
                        in ? Figure.COPY_IN_CPU : Figure.COPY_OUT_CPU,
                        usedSeconds * MS_PER_SECOND / (bytes / BYTES_PER_GB));
            }
        }
    }

    private void copyOut(WireClient client) throws IOException {
        client.send(
                (char) FrontendMessage.QUERY,
                WireClient.text("COPY (SELECT repeat('x', " + (ROW_BYTES - 1) + ") FROM generate_series(1, " + rows
                        + ")) TO STDOUT"));
        InputStream in = client.socket().getInputStream();
        byte[] buffer = new byte[BUFFER_BYTES];
        int kept = 0;
        while (true) {
            int count = in.read(buffer, kept, buffer.length - kept);
            if (count < 0) {
                throw new IOException("the connection ended inside COPY");
            }
            int end = kept + count;
            if (end >= READY.length && Arrays.equals(buffer, end - READY.length, end, READY, 0, READY.length)) {
                return;
            }
            kept = Math.min(READY.length, end);
            System.arraycopy(buffer, end - kept, buffer, 0, kept);
        }
    }

    private void copyIn(WireClient client) throws IOException {
        client.send((char) FrontendMessage.QUERY, WireClient.text("COPY sink FROM STDIN WHERE false"));
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
