package dev.pgproxy.master.routing;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.Collection;

/** Closes idle connections whose places others need: above a limit, above max_idle_server_conn, or in the reserve for strangers. */
final class IdleBackends {

    /** Connections that were used within this time are not closed to keep places free for strangers. */
    private static final long RESERVE_AFTER_MS = 1_000;

    private final EventLoop loop;
    private final WorkerRegistry workers;
    private final Ledger ledger;
    private int maxIdle;
    private boolean reservePlanned;

    /** @param maxIdle idle connections to each server over all workers; 0 for no bound */
    IdleBackends(EventLoop loop, WorkerRegistry workers, Ledger ledger, int maxIdle) {
        this.loop = loop;
        this.workers = workers;
        this.ledger = ledger;
        this.maxIdle = maxIdle;
    }

    /** Applies new limits: closes idle connections above them. */
    void configure(int newMaxIdle, Collection<Endpoint> servers) {
        maxIdle = newMaxIdle;
        servers.forEach(this::closeSurplus);
        ledger.limitedScopes().forEach(this::closeAbove);
    }

    /** A client of this key got a place. */
    void placeTaken(PoolKey key) {
        ledger.limits().scopes(key).forEach(this::keepReserve);
    }

    /** A connection of this key has become idle. */
    void becameIdle(PoolKey key) {
        closeSurplus(key.server());
        ledger.limits().scopes(key).forEach(this::closeAbove);
        placeTaken(key);
    }

    /** Closes idle connections above a lowered limit, since no client gets a place while there are more. */
    private void closeAbove(PlaceLimits.Scope scope) {
        int most = ledger.limits().limit(scope);
        while (most > 0
                && ledger.open(scope) > most
                && evictFirst(scope, ledger.unused().lastTurn())) {
            // until the limit is kept, or nothing is idle
        }
    }

    /** Closes idle connections to this server above max_idle_server_conn: others may need them more than the proxy. */
    private void closeSurplus(Endpoint server) {
        PlaceLimits.Scope scope = PlaceLimits.server(server);
        while (maxIdle > 0
                && ledger.idleOf(scope).size() > maxIdle
                && evictFirst(scope, ledger.unused().lastTurn())) {
            // until the bound is kept
        }
        keepReserve(scope);
    }

    /**
     * Makes sure that idle connections leave enough places for strangers. A connection that was just used is likely to be
     * wanted again at once, so it stays for a while.
     */
    private void keepReserve(PlaceLimits.Scope scope) {
        if (!reservePlanned && isShort(scope) && ledger.idleOf(scope).size() > 0) {
            reservePlanned = true;
            long turn = ledger.unused().lastTurn();
            loop.scheduler().afterMs(RESERVE_AFTER_MS, () -> {
                reservePlanned = false;
                keepReserves(turn);
            });
        }
    }

    /** @param untilTurn connections that became idle later than this stay */
    private void keepReserves(long untilTurn) {
        for (PlaceLimits.Scope scope : ledger.limitedScopes()) {
            while (isShort(scope) && evictFirst(scope, untilTurn)) {
                // until there are enough
            }
            keepReserve(scope);
        }
    }

    private boolean isShort(PlaceLimits.Scope scope) {
        PlaceLimits limits = ledger.limits();
        int limit = limits.limit(scope);
        return limit > 0 && ledger.connections(scope) - ledger.closing(scope) > limit - limits.reserve(scope);
    }

    /** A stranger needs a reserved place now: closes one idle connection of this scope if the reserve is short. */
    void refillReserve(PlaceLimits.Scope scope) {
        if (isShort(scope)) {
            evictFirst(scope, ledger.unused().lastTurn());
        }
    }

    /**
     * Closes an idle connection.
     *
     * @param untilTurn connections that became idle later than this are spared
     * @return whether there was one
     */
    private boolean evictFirst(PlaceLimits.Scope scope, long untilTurn) {
        BackendEntry surplus = LedgerSearch.firstToGo(ledger.idleOf(scope), untilTurn);
        if (surplus != null) {
            evict(surplus);
        }
        return surplus != null;
    }

    void evictIfIdle(BackendEntry backend) {
        if (backend.isIdle()) {
            evict(backend);
        }
    }

    /** Tells its worker to close it if it is still idle there. */
    void evict(BackendEntry backend) {
        ledger.closing(backend);
        Worker worker = workers.poolWorker(backend.worker.slot);
        if (worker != null) {
            worker.send(new BackendMessages.EvictBackend(backend.id));
        }
    }
}
