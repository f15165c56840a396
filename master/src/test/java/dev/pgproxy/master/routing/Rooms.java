package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.BackendStatus;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.config.TestConfig;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.util.List;
import java.util.Random;

/**
 * The parts that {@link Turns} uses, each accessible to a test. Two pool-workers are ready, and time stands still until the test advances
 * it.
 */
final class Rooms {

    static final Endpoint DB = new Endpoint.Tcp("db", 5432);

    long nowMs;
    final SimulatedProcess process = new SimulatedProcess(new Random(1), () -> nowMs * 1_000_000L);
    final PlayedClients clients = new PlayedClients(process::connect);
    final PlayedWorker one = new PlayedWorker(ChildKind.POOL, 1);
    final PlayedWorker two = new PlayedWorker(ChildKind.POOL, 2);
    final WorkerRegistry workers = new WorkerRegistry();
    final ClientsAtWorkers atWorkers;
    final Unproved unproved = new Unproved();
    final ProxyConfig config;
    final Refusals refusals;
    final Ledger ledger;
    final ServerHolds holds;
    final KnownLogins known;
    final IdleBackends idle;
    final WaitingRoom waiting;
    final HandOver handOver;
    final Turns turns;

    /** @param limits lines of the configuration besides the required ones */
    Rooms(String... limits) {
        config = TestConfig.of("master = db:5432\nconninfo.user = postgres", String.join("\n", limits));
        Counters counters = new Counters();
        atWorkers = new ClientsAtWorkers(process.loop().clock(), counters.counter("hand_over_microseconds", ""));
        refusals = new Refusals(
                process.loop().clock(), new LingeringClose(process.loop().scheduler()), counters);
        ledger = new Ledger(new PlaceLimits(config.limits()));
        holds = new ServerHolds(DB);
        known = new KnownLogins(process.loop().clock());
        idle = new IdleBackends(process.loop(), workers, ledger, config.limits().idleConnections());
        waiting = new WaitingRoom(
                process.loop(),
                workers,
                refusals,
                ledger,
                holds,
                new Standings(known, ledger, holds),
                unproved,
                config.timeouts().queryWait().toMillis());
        NeighbourTurns neighbours = new NeighbourTurns();
        handOver = new HandOver(
                process.loop().clock(),
                config,
                waiting,
                ledger,
                known,
                atWorkers,
                unproved,
                idle,
                neighbours,
                counters);
        turns = new Turns(
                process.loop(),
                workers,
                waiting,
                holds,
                ledger,
                atWorkers,
                idle,
                handOver,
                neighbours,
                () -> config.limits().clientConnections(),
                1_000);
        for (PlayedWorker worker : List.of(one, two)) {
            workers.ready(worker);
            ledger.workerReady(worker.slot());
        }
    }

    static PoolKey key(String user) {
        StartupPacket.Startup startup = PlayedClients.startup(user);
        return PoolKey.of(DB, startup, List.of());
    }

    /** A client that waits in the master. */
    RoutedClient enter(long id, String user, Standing standing) {
        return enter(process.connect(), id, user, standing);
    }

    RoutedClient enter(SimulatedTransport connection, long id, String user, Standing standing) {
        RoutedClient client = PlayedClients.routed(PlayedClients.on(connection, id, user, 1), DB, standing);
        waiting.enter(client);
        return client;
    }

    /** A client that a worker has asked for its password, and that waits there. */
    RoutedClient enterAt(PlayedWorker worker, long id, String user) {
        ledger.assigned(worker.slot(), id, key(user), 0, null, List.of());
        RoutedClient client = clients.routed(id, DB, user, 1, Standing.VISITOR).at(worker.slot(), Standing.PROVED);
        waiting.enter(client);
        return client;
    }

    /** A backend that a session has used, and that is idle now. */
    BackendEntry idleBackend(PlayedWorker worker, long id, String user) {
        long session = 1_000_000 + id;
        ledger.assigned(
                worker.slot(), session, key(user), 0, null, ledger.limits().scopes(key(user)));
        ledger.joined(worker.slot(), session, id);
        ledger.opened(worker.slot(), id);
        ledger.sessionClosed(worker.slot(), session);
        ledger.backendStatus(worker.slot(), id, BackendStatus.IDLE);
        BackendEntry backend = ledger.backend(worker.slot(), id);
        if (backend == null) {
            throw new IllegalStateException("the ledger lost a backend");
        }
        return backend;
    }

    /** Advances the time, and runs what is due. */
    void passMs(long ms) {
        process.tick(); // The turn in which the last client came ends.
        nowMs += ms;
        for (int turn = 0; turn < 100; turn++) {
            process.tick();
        }
    }
}
