package dev.pgproxy.simulation;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;
import dev.pgproxy.testkit.simulation.SimulatedServer;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A PostgreSQL server: whether it answers, its role, and its sessions. */
final class ClusterServer {

    private static final long SYSTEM_ID = 4711;
    private static final ServerFacts.WalReceiver STREAMING = new ServerFacts.WalReceiver(true, 0, 0);
    private static final Topology NOWHERE = new Topology(List.of(), "", List.of(), List.of(), true, true, List.of());

    enum Condition {
        UP,
        /** Nothing listens there. */
        DOWN,
        /** It accepts connections, and never answers. */
        HUNG
    }

    /** @param generation of the master whose worker opened it */
    private record OpenSession(SimulatedTransport transport, SimulatedServer server, int generation) {}

    private final Endpoint address;
    private final List<OpenSession> sessions = new ArrayList<>();
    private Condition condition = Condition.UP;
    private boolean inRecovery;
    private int timeline = 1;

    ClusterServer(Endpoint address, boolean inRecovery) {
        this.address = address;
        this.inRecovery = inRecovery;
    }

    Endpoint address() {
        return address;
    }

    Condition condition() {
        return condition;
    }

    boolean isPrimary() {
        return !inRecovery;
    }

    /** Changes its condition; sessions end when it goes down, and stall while it hangs. */
    void condition(Condition now) {
        condition = now;
        if (now == Condition.DOWN) {
            sessions.forEach(session -> session.transport().farReset());
        }
    }

    /** Makes it accept writes. */
    void promote() {
        inRecovery = false;
        timeline++;
    }

    void opened(SimulatedTransport transport, SimulatedServer server, int generation) {
        sessions.add(new OpenSession(transport, server, generation));
    }

    /** Open connections of this master's workers; those of an earlier master are not counted. */
    int connections(int generation) {
        return (int) open(generation).count();
    }

    int connectionsOf(String user, int generation) {
        return (int) open(generation)
                .filter(session -> session.server().user().equals(user))
                .count();
    }

    /** Whether a transaction is open that a worker of this master serves. */
    boolean isInTransaction(int generation) {
        return open(generation).anyMatch(session -> session.server().isInTransaction());
    }

    private Stream<OpenSession> open(int generation) {
        sessions.removeIf(session -> session.transport().isConnectionClosed());
        return sessions.stream().filter(session -> session.generation() == generation);
    }

    /** @param hearsPrimary whether a primary is up, from which a standby receives WAL */
    Observation observe(boolean hearsPrimary) {
        return switch (condition) {
            case UP ->
                new Observation.Answered(new ServerFacts(
                        inRecovery,
                        SYSTEM_ID,
                        timeline,
                        1_000,
                        1_000,
                        0,
                        inRecovery && hearsPrimary ? STREAMING : ServerFacts.WalReceiver.DOWN,
                        NOWHERE));
            case DOWN -> new Observation.Failed(FailureKind.REFUSED, "Connection refused (simulated)");
            case HUNG -> new Observation.Failed(FailureKind.TIMED_OUT, "no answer (simulated)");
        };
    }
}
