package dev.pgproxy.benchmarks.load;

import dev.pgproxy.benchmarks.peer.Logins;
import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.benchmarks.result.Quantiles;
import dev.pgproxy.testkit.process.TestDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** One client with one SELECT after the other: how long each takes. */
public final class LatencyLoad implements Load {

    private static final int LATENCY_FIELD = 2;

    private final int seconds;

    public LatencyLoad(int seconds) {
        this.seconds = seconds;
    }

    @Override
    public String title() {
        return "one client";
    }

    @Override
    public void run(Subject subject, Findings findings) throws IOException {
        try (TestDirectory directory = new TestDirectory()) {
            Path log = directory.path().resolve("latency");
            Pgbench.run(
                    subject.running().address(),
                    Logins.TRUST,
                    List.of("-S", "-c", "1", "-T", Integer.toString(seconds), "-l", "--log-prefix=" + log));
            Quantiles quantiles = Quantiles.of(latencies(directory.path()));
            findings.found(Figure.ONE_P50, quantiles.median());
            findings.found(Figure.ONE_P99, quantiles.at(0.99));
            findings.found(Figure.ONE_P999, quantiles.at(0.999));
        }
    }

    /** Of each transaction in pgbench's log, in microseconds. */
    private static List<Double> latencies(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            List<Double> latencies = new ArrayList<>();
            for (Path file : files.toList()) {
                for (String line : Files.readAllLines(file)) {
                    latencies.add(Double.valueOf(line.split(" ", -1)[LATENCY_FIELD]));
                }
            }
            return latencies;
        }
    }
}
