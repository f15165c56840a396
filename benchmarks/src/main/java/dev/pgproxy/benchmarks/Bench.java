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
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One run: an embedded PostgreSQL, every peer in front of it, and in each round every load on every peer; after that, each peer alone. The
 * peers take turns within a load, so that whatever else the machine does affects them alike.
 */
final class Bench {

    /** Connections to the server that a peer keeps after its loads: the clients of the largest, and of the logins with passwords. */
    private static final int CLIENTS = 128;

    private static final int SERVER_SPARE = 50;

    /** Of the order in which the peers take turns; the same in each run. */
    private static final int ORDER_SEED = 1;

    private static final List<String> EIGHT_CLIENTS = List.of("-c", "8", "-j", "2");
    private static final List<String> MANY_CLIENTS = List.of("-c", "64", "-j", "2");

    /**
     * How long and how much.
     *
     * @param rounds how often each load is put on each peer
     * @param seconds length of a load of transactions
     * @param megabytes of a COPY
     * @param logins one after the other
     * @param idleClients that connect to a peer and do nothing
     * @param idleSeconds for which a peer without clients is watched
     * @param settleSeconds for which a peer is left alone before its memory is measured; pgproxy gives some back every ten seconds
     * @param warmsUp whether there is one more round, before the others, which is not counted
     */
    record Extent(
            int rounds,
            int seconds,
            int megabytes,
            int logins,
            int idleClients,
            int idleSeconds,
            int settleSeconds,
            boolean warmsUp) {

        static final Extent FULL = new Extent(5, 5, 1_500, 500, 1_000, 15, 12, true);
        static final Extent QUICK = new Extent(1, 1, 100, 50, 100, 1, 1, false);

        Extent withRounds(int count) {
            return new Extent(count, seconds, megabytes, logins, idleClients, idleSeconds, settleSeconds, warmsUp);
        }
    }

    /** Takes what was measured, so that a run that fails late is not lost. */
    @FunctionalInterface
    interface Keeper {
        void keep(Measurements soFar) throws IOException;
    }

    private final List<PeerKind> kinds;
    private final Extent extent;
    private final Path distribution;
    private final PrintStream progress;
    private final Random order = new Random(ORDER_SEED);
    private final Measurements measurements = new Measurements();

    /** @param distribution pgproxy's runnable tree */
    Bench(List<PeerKind> kinds, Extent extent, Path distribution, PrintStream progress) {
        this.kinds = kinds;
        this.extent = extent;
        this.distribution = distribution;
        this.progress = progress;
    }

    /**
     * Runs all rounds.
     *
     * @param afterEachRound is given what was measured so far
     * @throws IOException when a connection of a load breaks, or the measurements cannot be kept
     */
    Measurements run(Keeper afterEachRound) throws IOException {
        int connections = kinds.size() * CLIENTS + extent.idleClients() + SERVER_SPARE;
        progress.println("Starting PostgreSQL and " + kinds.size() + " peers ...");
        try (TestDirectory scripts = new TestDirectory();
                PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(18)
                        .withSettings("max_connections = " + connections, "shared_buffers = 256MB")
                        .withUnixSockets()
                        .withAccess(Logins.all().stream()
                                .flatMap(login -> login.access().stream())
                                .toArray(String[]::new)))) {
            List<Load> loads = loads(wideRows(scripts.path()));
            prepare(cluster);
            Map<PeerKind, Peer> running = new EnumMap<>(PeerKind.class);
            try {
                for (PeerKind kind : kinds) {
                    running.put(kind, start(kind, cluster, CLIENTS));
                }
                runRounds(loads, running, afterEachRound);
            } finally {
                running.values().forEach(Peer::close);
            }
            runLives(cluster, afterEachRound);
        }
        return measurements;
    }

    private void prepare(PostgresCluster cluster) {
        for (Logins.Login login : Logins.all()) {
            cluster.primary().sql(String.join("; ", login.creation()));
        }
        cluster.primary()
                .sql("CREATE TABLE wide AS SELECT i, repeat('w', 1000) AS line FROM generate_series(1, 100) i");
        TransactionLoad.prepare(cluster.primary().address());
    }

    private static Path wideRows(Path directory) throws IOException {
        return Files.writeString(directory.resolve("wide.sql"), "SELECT * FROM wide;\n");
    }

    private List<Load> loads(Path wideRows) {
        return List.of(
                transactions(Figure.SELECT_8_TPS, Figure.SELECT_8_CPU, EIGHT_CLIENTS, "-S"),
                transactions(Figure.SELECT_64_TPS, Figure.SELECT_64_CPU, MANY_CLIENTS, "-S"),
                transactions(Figure.PREPARED_8_TPS, Figure.PREPARED_8_CPU, EIGHT_CLIENTS, "-S", "-M", "prepared"),
                transactions(Figure.WIDE_TPS, Figure.WIDE_CPU, EIGHT_CLIENTS, "-f", wideRows.toString()),
                new LatencyLoad(extent.seconds()),
                connects(Figure.CONNECT_TRUST, Figure.CONNECT_CPU, Logins.TRUST),
                connects(Figure.CONNECT_MD5, null, Logins.MD5),
                connects(Figure.CONNECT_SCRAM, null, Logins.SCRAM),
                new LoginLoad(extent.logins()),
                CopyLoad.out(extent.megabytes()),
                CopyLoad.in(extent.megabytes()));
    }

    private Load transactions(Figure perSecond, Figure cpu, List<String> clients, String... script) {
        List<String> options = new ArrayList<>(clients);
        options.addAll(List.of(script));
        return new TransactionLoad(perSecond, cpu, Logins.TRUST, extent.seconds(), options);
    }

    private Load connects(Figure perSecond, @Nullable Figure cpu, Logins.Login login) {
        List<String> options = new ArrayList<>(EIGHT_CLIENTS);
        options.addAll(List.of("-S", "-C"));
        return new TransactionLoad(perSecond, cpu, login, extent.seconds(), options);
    }

    private Peer start(PeerKind kind, PostgresCluster cluster, int clients) {
        Path sockets = Path.of(cluster.primary().socket().place());
        return kind.start(new Site(cluster.primary().port(), FreePort.choose(), sockets, clients, distribution));
    }

    private void runRounds(List<Load> loads, Map<PeerKind, Peer> running, Keeper afterEachRound) throws IOException {
        if (extent.warmsUp()) {
            progress.println("Warming up ...");
            for (Load load : loads) {
                turn(load, running, (kind, figure, value) -> {});
            }
        }
        for (int i = 1; i <= extent.rounds(); i++) {
            int round = i;
            for (Load load : loads) {
                progress.println(progress(round, load.title()));
                turn(load, running, (kind, figure, value) -> measurements.add(figure, kind, round, value));
            }
            afterEachRound.keep(measurements);
        }
    }

    private String progress(int round, String title) {
        return "Round " + round + " of " + extent.rounds() + ": " + title;
    }

    /** Takes a value of one peer. */
    @FunctionalInterface
    private interface Notes {
        void add(PeerKind kind, Figure figure, double value);
    }

    /** Puts every peer under the load, in another order each time. */
    private void turn(Load load, Map<PeerKind, Peer> running, Notes notes) throws IOException {
        for (PeerKind kind : shuffled()) {
            if (load.suits(kind)) {
                Peer peer = Objects.requireNonNull(running.get(kind));
                load.run(new Subject(kind, peer), (figure, value) -> notes.add(kind, figure, value));
            }
        }
    }

    private List<PeerKind> shuffled() {
        List<PeerKind> turns = new ArrayList<>(kinds);
        Collections.shuffle(turns, order);
        return turns;
    }

    private void runLives(PostgresCluster cluster, Keeper afterEachRound) throws IOException {
        LifeLoad life = new LifeLoad(extent.idleClients(), extent.idleSeconds(), extent.settleSeconds());
        for (int i = 1; i <= extent.rounds(); i++) {
            int round = i;
            progress.println("Each alone. " + progress(round, life.title()));
            for (PeerKind kind : shuffled()) {
                if (kind != PeerKind.DIRECT) {
                    life.run(
                            () -> start(kind, cluster, extent.idleClients() + 1),
                            (figure, value) -> measurements.add(figure, kind, round, value));
                }
            }
            afterEachRound.keep(measurements);
        }
    }
}
