package dev.pgproxy.benchmarks.growth;

import dev.pgproxy.benchmarks.load.Pause;
import dev.pgproxy.benchmarks.load.Pgbench;
import dev.pgproxy.benchmarks.load.ProcessFigures;
import dev.pgproxy.benchmarks.load.TransactionLoad;
import dev.pgproxy.benchmarks.peer.Logins;
import dev.pgproxy.benchmarks.peer.Peer;
import dev.pgproxy.benchmarks.peer.PeerKind;
import dev.pgproxy.benchmarks.peer.Site;
import dev.pgproxy.benchmarks.result.Numbers;
import dev.pgproxy.benchmarks.result.Quantiles;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.FreePort;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleFunction;

/**
 * Measures how the cost of a transaction, a connect and an idle client grows with the number of clients, beside pgbouncer if it is installed;
 * how that of a transaction and a connect grows with the number of workers; and how long clients wait that all connect at once.
 */
public final class GrowthRun {

    private static final double US_PER_SECOND = 1e6;

    /** Clients of pgbench, and connections of the proxy's own. */
    private static final int OTHERS = 100;

    /** Descriptors of a process that are not for clients, at each end. */
    private static final int OTHER_FILES = 1_024;

    /** With fewer clients than this, what the loads leave behind hides what a client takes. */
    private static final int LEAST_FOR_MEMORY = 100;

    private static final List<String> EIGHT_CLIENTS = List.of("-S", "-c", "8", "-j", "2");
    private static final List<String> CONNECTS = List.of("-S", "-C", "-c", "8", "-j", "2");
    private static final List<String> MANY_CLIENTS = List.of("-S", "-c", "64", "-j", "2");

    /** How much longer than a measurement a load goes before it, for each worker, which has to compile what it runs. */
    private static final int WARM_UP_TIMES = 3;

    /**
     * How much.
     *
     * @param clients numbers of idle clients, in ascending order
     * @param workers numbers of pool-workers
     * @param storm clients that connect at once
     * @param seconds length of each load
     * @param settleSeconds before memory is measured
     */
    public record Extent(List<Integer> clients, List<Integer> workers, int storm, int seconds, int settleSeconds) {

        public static final Extent FULL =
                new Extent(List.of(10, 100, 1_000, 10_000), List.of(1, 2, 4, 8), 5_000, 6, 12);
        public static final Extent QUICK = new Extent(List.of(10, 100), List.of(1, 2), 200, 1, 1);
    }

    /** What one client, one transaction and one connect cost among so many idle clients. */
    private record Costs(double clientKib, double transactionUs, double connectUs) {}

    /** All its peers use TCP. */
    private static final Path NO_SOCKETS = Path.of("");

    private final Extent extent;
    private final Path distribution;
    private final PrintStream progress;
    private final List<PeerKind> kinds = new ArrayList<>(List.of(PeerKind.PGPROXY_2));

    /** @param distribution pgproxy's runnable tree */
    public GrowthRun(Extent extent, Path distribution, PrintStream progress) {
        this.extent = extent;
        this.distribution = distribution;
        this.progress = progress;
        if (PeerKind.PGBOUNCER.isInstalled()) {
            kinds.add(PeerKind.PGBOUNCER);
        }
    }

    /**
     * Runs everything.
     *
     * @return tables in Markdown
     * @throws IOException when a client is refused, or a connection breaks
     */
    public List<String> run() throws IOException {
        PostgresCluster.Options options = PostgresCluster.Options.of(18)
                .withSettings("max_connections = " + 4 * OTHERS)
                .withAccess(Logins.TRUST.access().toArray(String[]::new));
        try (PostgresCluster cluster = PostgresCluster.start(options)) {
            cluster.primary().sql(String.join("; ", Logins.TRUST.creation()));
            cluster.primary().sql("CREATE DATABASE " + IdleServer.DATABASE);
            TransactionLoad.prepare(cluster.primary().address());
            try (IdleServerProcess idle =
                    new IdleServerProcess(cluster.primary().port())) {
                List<String> tables = new ArrayList<>();
                tables.addAll(clients(idle.port()));
                tables.add("");
                tables.addAll(workers(cluster.primary().port()));
                tables.add("");
                tables.addAll(storms(idle.port()));
                return tables;
            }
        }
    }

    private Site site(int serverPort, int clients) {
        return new Site(serverPort, FreePort.choose(), NO_SOCKETS, clients + OTHERS, distribution);
    }

    private List<String> clients(int serverPort) throws IOException {
        Map<PeerKind, List<Costs>> costs = new EnumMap<>(PeerKind.class);
        List<Integer> counts = possible();
        for (PeerKind kind : kinds) {
            List<Costs> ofKind = new ArrayList<>();
            try (Peer peer = kind.start(site(serverPort, counts.get(counts.size() - 1)));
                    Crowd crowd = new Crowd(peer.address().port())) {
                warmUp(kind, peer);
                Pause.seconds(extent.settleSeconds());
                double emptyKib = ProcessFigures.pssKib(peer.processes());
                for (int count : counts) {
                    progress.println(kind.title() + ": " + count + " idle clients");
                    crowd.growTo(count);
                    Pause.seconds(extent.settleSeconds());
                    double clientKib = (ProcessFigures.pssKib(peer.processes()) - emptyKib) / count;
                    ofKind.add(new Costs(clientKib, transactionUs(peer, EIGHT_CLIENTS), transactionUs(peer, CONNECTS)));
                }
            }
            costs.put(kind, ofKind);
        }
        return table(counts, costs);
    }

    /** As many clients as one process may have descriptors for, at each end. */
    private List<Integer> possible() throws IOException {
        int most = most();
        return extent.clients().stream()
                .map(count -> Math.min(count, most))
                .distinct()
                .toList();
    }

    private static int most() throws IOException {
        int most = (openFiles() - OTHER_FILES) / 2 - OTHERS;
        if (most < OTHERS) {
            throw new IOException("a process may have too few open files here for " + OTHERS
                    + " clients. HINT: Raise the hard limit: ulimit -Hn 20000");
        }
        return most;
    }

    private static int openFiles() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/limits")).stream()
                .filter(line -> line.startsWith("Max open files"))
                .mapToInt(line -> Integer.parseInt(line.trim().split("\\s+", -1)[4]))
                .findFirst()
                .orElse(Integer.MAX_VALUE / 2);
    }

    private void warmUp(Peer peer, int workers, List<String> transactions) {
        load(peer, transactions, workers * WARM_UP_TIMES * extent.seconds());
        load(peer, CONNECTS, workers * WARM_UP_TIMES * extent.seconds());
    }

    private void warmUp(PeerKind kind, Peer peer) {
        warmUp(peer, kind == PeerKind.PGPROXY_2 ? 2 : 1, EIGHT_CLIENTS);
    }

    private static Pgbench load(Peer peer, List<String> script, int seconds) {
        List<String> options = new ArrayList<>(script);
        options.addAll(List.of("-T", Integer.toString(seconds)));
        return Pgbench.run(peer.address(), Logins.TRUST, options);
    }

    private double transactionUs(Peer peer, List<String> script) {
        double beforeSeconds = ProcessFigures.cpuSeconds(peer.processes());
        Pgbench run = load(peer, script, extent.seconds());
        return (ProcessFigures.cpuSeconds(peer.processes()) - beforeSeconds) * US_PER_SECOND / run.transactions();
    }

    private List<String> table(List<Integer> counts, Map<PeerKind, List<Costs>> costs) {
        StringBuilder head = new StringBuilder("| idle clients |");
        StringBuilder rule = new StringBuilder("| ---: |");
        for (PeerKind kind : kinds) {
            for (String what : List.of("KiB for each", "us for a transaction", "us for a connect")) {
                head.append(' ').append(kind.title()).append(": ").append(what).append(" |");
                rule.append(" ---: |");
            }
        }
        List<String> lines = new ArrayList<>(List.of(head.toString(), rule.toString()));
        for (int i = 0; i < counts.size(); i++) {
            StringBuilder line = new StringBuilder("| " + counts.get(i) + " |");
            for (PeerKind kind : kinds) {
                Costs each = costs.getOrDefault(kind, List.of()).get(i);
                line.append(counts.get(i) < LEAST_FOR_MEMORY ? " |" : " " + Numbers.value(each.clientKib()) + " |");
                line.append(" " + Numbers.value(each.transactionUs()) + " | " + Numbers.value(each.connectUs()) + " |");
            }
            lines.add(line.toString());
        }
        return lines;
    }

    private List<String> workers(int serverPort) {
        List<String> lines = new ArrayList<>(List.of(
                "| pool-workers | us for a transaction of 64 clients | us for a connect | MiB without clients |",
                "| ---: | ---: | ---: | ---: |"));
        for (int count : extent.workers()) {
            progress.println(count + " pool-workers");
            try (Peer peer = PeerKind.pgproxy(site(serverPort, OTHERS), count)) {
                Pause.seconds(extent.settleSeconds());
                double emptyKib = ProcessFigures.pssKib(peer.processes());
                warmUp(peer, count, MANY_CLIENTS);
                lines.add("| " + count + " | " + Numbers.value(transactionUs(peer, MANY_CLIENTS)) + " | "
                        + Numbers.value(transactionUs(peer, CONNECTS)) + " | " + Numbers.value(emptyKib / 1024) + " |");
            }
        }
        return lines;
    }

    private List<String> storms(int serverPort) throws IOException {
        int count = Math.min(extent.storm(), most());
        List<String> lines = new ArrayList<>(List.of(
                "| " + count
                        + " connects at once | wait in ms, p50 | p99 | longest |"
                        + " later ones let in before, p50 | p99 | most |",
                "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"));
        for (PeerKind kind : kinds) {
            progress.println(kind.title() + ": " + count + " connects at once");
            try (Peer peer = kind.start(site(serverPort, count));
                    Crowd crowd = new Crowd(peer.address().port())) {
                warmUp(kind, peer);
                crowd.growTo(1); // How the server lets such clients in is known after the first one.
                Storm storm = crowd.storm(count);
                lines.add("| " + kind.title() + cells(storm.waitsMs(), Numbers::value)
                        + cells(storm.overtakers(), Numbers::count) + " |");
            }
        }
        return lines;
    }

    private static String cells(Quantiles quantiles, DoubleFunction<String> form) {
        return " | " + form.apply(quantiles.median()) + " | " + form.apply(quantiles.at(0.99)) + " | "
                + form.apply(quantiles.greatest());
    }
}
