package dev.pgproxy.benchmarks.load;

import dev.pgproxy.benchmarks.peer.Logins;
import dev.pgproxy.benchmarks.peer.Peer;
import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A peer from its start to a crowd of clients that do nothing: how fast it is there, and what it costs to have it. No other may run meanwhile:
 * what the processes of two pgproxies share would count half for each.
 */
public final class LifeLoad {

    private static final double KIB_PER_MIB = 1024;
    private static final double PERCENT = 100;

    private final int clients;
    private final int idleSeconds;
    private final int settleSeconds;

    /**
     * @param clients how many connect and do nothing
     * @param idleSeconds how long the peer is watched without clients
     * @param settleSeconds in which a peer finishes what its last client made it do, before it is measured
     */
    public LifeLoad(int clients, int idleSeconds, int settleSeconds) {
        this.clients = clients;
        this.idleSeconds = idleSeconds;
        this.settleSeconds = settleSeconds;
    }

    /** What it does, for the progress of a run. */
    public String title() {
        return "start, and " + clients + " idle clients";
    }

    /**
     * Starts a peer, and ends it.
     *
     * @throws IOException when a connection of its own breaks
     */
    public void run(Supplier<Peer> start, Findings findings) throws IOException {
        long startNs = System.nanoTime();
        try (Peer peer = start.get()) {
            try (WireClient first = logIn(peer)) {
                first.value("SELECT 1");
            }
            findings.found(Figure.START, TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - startNs) / 1e3);
            Pause.seconds(settleSeconds);
            double beforeSeconds = ProcessFigures.cpuSeconds(peer.processes());
            Pause.seconds(idleSeconds);
            findings.found(
                    Figure.IDLE_CPU,
                    (ProcessFigures.cpuSeconds(peer.processes()) - beforeSeconds) * PERCENT / idleSeconds);
            double emptyKib = ProcessFigures.pssKib(peer.processes());
            findings.found(Figure.EMPTY_MEMORY, emptyKib / KIB_PER_MIB);
            crowd(peer, emptyKib, findings);
        }
    }

    private void crowd(Peer peer, double emptyKib, Findings findings) throws IOException {
        List<WireClient> all = new ArrayList<>();
        try {
            for (int i = 0; i < clients; i++) {
                WireClient client = logIn(peer);
                all.add(client);
                client.value("SELECT 1");
            }
            Pause.seconds(settleSeconds);
            findings.found(Figure.IDLE_CLIENT_MEMORY, (ProcessFigures.pssKib(peer.processes()) - emptyKib) / clients);
        } finally {
            for (WireClient client : all) {
                client.close();
            }
        }
    }

    private static WireClient logIn(Peer peer) throws IOException {
        return WireClient.login(peer.address(), Logins.TRUST.user(), Pgbench.DATABASE);
    }
}
