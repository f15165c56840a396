package dev.pgproxy.master.routing;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.WorkerEntry;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** Decides whose turn it is: goes through the lines of the {@link WaitingRoom}, and lets {@link HandOver} give out places. */
final class Turns {

    private static final long RETRY_MS = 5;

    /** Clients at workers that may be leaving at once to make room for others; as many wait here meanwhile. */
    static final int MAX_LEAVING = 64;

    /** How often others may overtake a client because they can use a backend that it cannot; then one is closed to make room for it. */
    private static final int MAX_OVERTAKEN = 32;

    /** How long a client waits for a backend of its kind to become idle at its worker: about as long as a server takes to open one. */
    private static final long PATIENCE_NS = 50_000_000L;

    private final EventLoop loop;
    private final WorkerRegistry workers;
    private final WaitingRoom waiting;
    private final ServerHolds holds;
    private final Ledger ledger;
    private final ClientsAtWorkers atWorkers;
    private final IdleBackends idle;
    private final HandOver handOver;
    private final NeighbourTurns neighbours;
    private final IntSupplier maxClients;
    private final long maxWorkerLoad;
    private boolean retryPlanned;

    /**
     * @param maxClients max_client_conn as it is now
     * @param maxWorkerLoad descriptors that each worker has for clients and servers
     */
    Turns(
            EventLoop loop,
            WorkerRegistry workers,
            WaitingRoom waiting,
            ServerHolds holds,
            Ledger ledger,
            ClientsAtWorkers atWorkers,
            IdleBackends idle,
            HandOver handOver,
            NeighbourTurns neighbours,
            IntSupplier maxClients,
            long maxWorkerLoad) {
        this.loop = loop;
        this.workers = workers;
        this.waiting = waiting;
        this.holds = holds;
        this.ledger = ledger;
        this.atWorkers = atWorkers;
        this.idle = idle;
        this.handOver = handOver;
        this.neighbours = neighbours;
        this.maxClients = maxClients;
        this.maxWorkerLoad = maxWorkerLoad;
    }

    /** One pass over a server's line. */
    private static final class Turn {
        /** How many clients were found waiting so far, by the scope that they wait for. */
        private final Map<PlaceLimits.Scope, Integer> waitingAhead = new HashMap<>();

        /** Scopes in which no client can be served until a worker reports a change. */
        private final Set<PlaceLimits.Scope> blocked = new HashSet<>();

        /** Strangers that had their turn in this pass. */
        private final Set<Long> strangers = new HashSet<>();
    }

    /** What a client's turn means for the clients after it. */
    private enum Advance {
        CONTINUE,
        /** No client can be sent now. */
        STOP
    }

    /** Something has changed that may concern any waiting client. */
    void takeAll() {
        if (waiting.line().size() > 0) {
            waiting.line().servers().forEach(this::take);
        }
    }

    /**
     * Sends clients of this server to workers, in order of arrival. A client that waits for a place holds back only those after
     * it that count in the same scope.
     */
    void take(Endpoint server) {
        if (holds.isHeld(server)) {
            return;
        }
        Turn turn = new Turn();
        PlaceLimits.Scope strangers = PlaceLimits.allStrangers(server);
        if (Admission.isFull(ledger, strangers)) {
            turn.blocked.add(strangers); // This skips them all, from however many neighbours they come.
        }
        WaitingLine line = waiting.line();
        RoutedClient client = line.headAfter(server, 0, turn.blocked);
        while (client != null) {
            RoutedClient next = inTurn(client, turn);
            if (next != null && advance(next, turn) == Advance.STOP) {
                return;
            }
            boolean wasOvertaken = next != null && next != client && !line.has(next);
            client = line.headAfter(server, wasOvertaken ? client.sessionId() - 1 : client.sessionId(), turn.blocked);
        }
    }

    /** Strangers take turns by neighbour, all others go in order of arrival. Null for a stranger that had its turn in this pass. */
    private @Nullable RoutedClient inTurn(RoutedClient client, Turn turn) {
        if (client.standing() != Standing.STRANGER) {
            return client;
        }
        RoutedClient next = waiting.line().strangerInTurn(client.key().server(), turn.blocked, neighbours);
        if (next != null && turn.strangers.add(next.sessionId())) {
            return next;
        }
        return turn.strangers.add(client.sessionId()) ? client : null;
    }

    private Advance advance(RoutedClient client, Turn turn) {
        if (client.isWaitingForRoom()) {
            return Advance.CONTINUE;
        }
        if (!client.isAtWorker() && client.standing() != Standing.PROVED && othersAreLeavingForIt()) {
            return Advance.CONTINUE; // It can give way at once while it waits here, but not at a worker.
        }
        Admission.Decision decision = decide(client, turn);
        while (decision instanceof Admission.Decision.Evict evict && letOvertake(client, evict.backend(), turn)) {
            decision = decide(client, turn);
        }
        if (decision instanceof Admission.Decision.Assign assign) {
            return assign(client, assign);
        } else if (decision instanceof Admission.Decision.Evict evict) {
            if (hasPatience(client, evict.backend())) {
                tryAgainLater();
                return Advance.CONTINUE;
            }
            idle.evict(evict.backend());
            return waits(evict.scope(), turn);
        }
        PlaceLimits.Scope scope = ((Admission.Decision.Wait) decision).scope();
        if (client.standing() == Standing.STRANGER && !scope.isOfStrangers()) {
            idle.refillReserve(scope); // Other strangers should not have to wait for this too.
        }
        return waits(scope, turn);
    }

    private Advance assign(RoutedClient client, Admission.Decision.Assign assign) {
        Worker worker = workers.poolWorker(assign.slot());
        if (worker == null) {
            throw new IllegalStateException("the ledger knows a worker " + assign.slot() + " that nobody else does");
        }
        if (!worker.hasRoom() || !handOver.give(client, worker, assign)) {
            tryAgainLater(); // A worker that does not keep up sends no report that would move the line on.
            return Advance.STOP;
        }
        return Advance.CONTINUE;
    }

    /** Whether waiting clients will get their turn as soon as workers have let others go. */
    private boolean othersAreLeavingForIt() {
        return atWorkers.leavingCount() >= MAX_LEAVING
                || (atWorkers.leavingCount() > 0 && ledger.sessionCount() >= maxClients.getAsInt());
    }

    private Admission.Decision decide(RoutedClient client, Turn turn) {
        return Admission.decide(
                ledger,
                client.candidate(ledger.limits()),
                maxWorkerLoad,
                scope -> turn.waitingAhead.getOrDefault(scope, 0));
    }

    /**
     * A client that was asked in one worker cannot use an idle backend in another, and a client that the server must ask cannot use any
     * backend that had another client. Rather than close such a backend and open the same again, it lets a client go first that waits
     * there for just that backend's kind.
     *
     * @return whether another client was served first
     */
    private boolean letOvertake(RoutedClient client, BackendEntry unused, Turn turn) {
        Worker worker = workers.poolWorker(unused.worker.slot);
        if (!client.isAtWorker()
                || !unused.key.equals(client.key())
                || client.overtaken() >= MAX_OVERTAKEN
                || worker == null
                || !worker.hasRoom()) {
            return false;
        }
        RoutedClient there = waiting.line().firstAt(unused.worker.slot, unused.key);
        if (there == null
                || !(decide(there, turn) instanceof Admission.Decision.Assign assign)
                || assign.claimed() == null) {
            return false;
        }
        client.wasOvertaken();
        return handOver.give(there, worker, assign);
    }

    /**
     * Whether the client waits a moment longer: the backend that is idle elsewhere will probably be taken by a client that is asked there,
     * or a backend of the same kind may become idle at the client's own worker.
     */
    private boolean hasPatience(RoutedClient client, BackendEntry unused) {
        WorkerEntry own = ledger.worker(client.slot());
        return own != null
                && unused.key.equals(client.key())
                && (unused.worker.asked(unused.key) > 0 || own.backends(unused.key) > 0)
                && loop.clock().nanoTime() - client.patientSinceNs(loop.clock().nanoTime()) < PATIENCE_NS;
    }

    /** When more clients wait in a scope than places in it are becoming free, no later client that counts in it can be served. */
    private Advance waits(PlaceLimits.Scope scope, Turn turn) {
        int ahead = turn.waitingAhead.merge(scope, 1, Integer::sum);
        if (ahead > ledger.closing(scope)) {
            turn.blocked.add(scope);
            return scope.kind() == PlaceLimits.Kind.SERVER && !scope.isOfStrangers() ? Advance.STOP : Advance.CONTINUE;
        }
        return Advance.CONTINUE;
    }

    private void tryAgainLater() {
        if (!retryPlanned) {
            retryPlanned = true;
            loop.scheduler().afterMs(RETRY_MS, () -> {
                retryPlanned = false;
                takeAll();
            });
        }
    }
}
