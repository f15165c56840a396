package dev.pgproxy.benchmarks;

import dev.pgproxy.benchmarks.load.CopyLoad;
import dev.pgproxy.benchmarks.load.LatencyLoad;
import dev.pgproxy.benchmarks.load.LifeLoad;
import dev.pgproxy.benchmarks.load.Load;
import dev.pgproxy.benchmarks.load.LoginLoad;
import dev.pgproxy.benchmarks.load.Subject;
import dev.pgproxy.benchmarks.load.TransactionLoad;
import dev.pgproxy.benchmarks.peer.Logins;
import dev.pgproxy.benchmarks.peer.Peer;
import dev.pgproxy.benchmarks.peer.PeerKind;
import dev.pgproxy.benchmarks.peer.Site;
import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.benchmarks.result.Measurements;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.FreePort;
import dev.pgproxy.testkit.process.TestDirectory;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One run: an embedded PostgreSQL, every peer in front of it, and in each round every load on every peer. The peers take turns within a
 * load, so that what the machine does besides meets them alike.
 */
final class Bench {

    /** Connections to the server that a peer keeps after its loads: the clients of the largest, and of the logins with passwords. */
    private static final int CLIENTS = 128;

    private static final int SERVER_SPARE = 50;

    /**
     * How long and how much.
     *
     * @param rounds how often each load is put on each peer
     * @param seconds length of a load of transactions
     * @param megabytes of a COPY
     * @param logins one after the other
     * @param idleClients that connect to a peer and do nothing
     * @param idleSeconds for which a peer without clients is watched
     */
    record Extent(int rounds, int seconds, int megabytes, int logins, int idleClients, int idleSeconds) {

        static final Extent FULL = new Extent(5, 8, 2_000, 500, 1_000, 20);
        static final Extent QUICK = new Extent(1, 2, 400, 100, 200, 2);

        Extent withRounds(int count) {
            return new Extent(count, seconds, megabytes, logins, idleClients, idleSeconds);
        }
    }

    private final List<PeerKind> kinds;
    private final Extent extent;
    private final Path distribution;
    private final PrintStream progress;
    private final Measurements measurements = new Measurements();

    /** @param distribution pgproxy's runnable tree */
    Bench(List<PeerKind> kinds, Extent extent, Path distribution, PrintStream progress) {
        this.kinds = kinds;
        this.extent = extent;
        this.distribution = distribution;
        this.progress = progress;
    }

    /** @throws IOException when a connection of a load breaks */
    Measurements run() throws IOException {
        int connections = kinds.size() * CLIENTS + extent.idleClients() + SERVER_SPARE;
        progress.println("Starting PostgreSQL and " + kinds.size() + " peers ...");
        try (TestDirectory scripts = new TestDirectory();
                PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(18)
                        .withSettings("max_connections = " + connections, "shared_buffers = 256MB")
                        .withAccess(
                                Logins.all().stream().map(Logins.Login::access).toArray(String[]::new)))) {
            List<Load> loads = loads(wideRows(scripts.path()));
            prepare(cluster);
            Map<PeerKind, Peer> running = new EnumMap<>(PeerKind.class);
            try {
                for (PeerKind kind : kinds) {
                    running.put(kind, start(kind, cluster, CLIENTS));
                }
                runRounds(loads, running, cluster);
            } finally {
                running.values().forEach(Peer::close);
            }
        }
        return measurements;
    }

    private void prepare(PostgresCluster cluster) {
        for (Logins.Login login : Logins.all()) {
            cluster.primary().sql(String.join("; ", login.creation()));
        }
        cluster.primary()
                .sql("CREATE TABLE wide AS SELECT i, repeat('w', 1000) AS line FROM generate_series(1, 100) i");
        TransactionLoad.prepare(cluster.primary().port());
    }

    private static Path wideRows(Path directory) throws IOException {
        return Files.writeString(directory.resolve("wide.sql"), "SELECT * FROM wide;\n");
    }

    private List<Load> loads(Path wideRows) {
        return List.of(
                transactions(Figure.SELECT_8_TPS, Figure.SELECT_8_CPU, "-S", "-c", "8", "-j", "2"),
                transactions(Figure.SELECT_64_TPS, Figure.SELECT_64_CPU, "-S", "-c", "64", "-j", "2"),
                transactions(
                        Figure.PREPARED_8_TPS, Figure.PREPARED_8_CPU, "-S", "-M", "prepared", "-c", "8", "-j", "2"),
                transactions(Figure.WIDE_TPS, Figure.WIDE_CPU, "-f", wideRows.toString(), "-c", "8", "-j", "2"),
                new LatencyLoad(extent.seconds()),
                connects(Figure.CONNECT_TRUST, Logins.TRUST),
                connects(Figure.CONNECT_MD5, Logins.MD5),
                connects(Figure.CONNECT_SCRAM, Logins.SCRAM),
                new LoginLoad(extent.logins()),
                CopyLoad.out(extent.megabytes()),
                CopyLoad.in(extent.megabytes()),
                new LifeLoad(extent.idleClients(), extent.idleSeconds()));
    }

    private Load transactions(Figure perSecond, Figure cpu, String... options) {
        return new TransactionLoad(perSecond, cpu, Logins.TRUST, extent.seconds(), List.of(options));
    }

    private Load connects(Figure perSecond, Logins.Login login) {
        return new TransactionLoad(
                perSecond,
                login.equals(Logins.TRUST) ? Figure.CONNECT_CPU : null,
                login,
                extent.seconds(),
                List.of("-S", "-C", "-c", "8", "-j", "2"));
    }

    private Peer start(PeerKind kind, PostgresCluster cluster, int clients) {
        return kind.start(new Site(cluster.primary().port(), FreePort.choose(), clients, distribution));
    }

    private void runRounds(List<Load> loads, Map<PeerKind, Peer> running, PostgresCluster cluster) throws IOException {
        progress.println("Warming up ...");
        turn(loads.get(0), running, cluster, 0);
        for (int round = 1; round <= extent.rounds(); round++) {
            for (Load load : loads) {
                progress.println("Round " + round + " of " + extent.rounds() + ": " + load.title());
                turn(load, running, cluster, round);
            }
        }
    }

    /** Puts every peer under the load, in another order in each round. Round 0 is not counted. */
    private void turn(Load load, Map<PeerKind, Peer> running, PostgresCluster cluster, int round) throws IOException {
        List<PeerKind> order = new ArrayList<>(kinds);
        Collections.rotate(order, round);
        for (PeerKind kind : order) {
            if (load.suits(kind)) {
                Peer peer = Objects.requireNonNull(running.get(kind));
                load.run(
                        new Subject(kind, peer, () -> start(kind, cluster, extent.idleClients() + 1)),
                        (figure, value) -> {
                            if (round > 0) {
                                measurements.add(figure, kind, round, value);
                            }
                        });
            }
        }
    }
}
