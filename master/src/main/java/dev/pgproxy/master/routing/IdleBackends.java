package dev.pgproxy.master.routing;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.Collection;

/** Has idle connections closed whose places others need: above a limit, above max_idle_server_conn, in the reserve for strangers. */
final class IdleBackends {

    /** Places that are kept free for strangers are not taken from connections that were used within this time. */
    private static final long RESERVE_AFTER_MS = 1_000;

    private final EventLoop loop;
    private final WorkerRegistry workers;
    private final Ledger ledger;
    private int maxIdle;
    private boolean reservePlanned;

    /** @param maxIdle of each server over all workers; 0 for no bound */
    IdleBackends(EventLoop loop, WorkerRegistry workers, Ledger ledger, int maxIdle) {
        this.loop = loop;
        this.workers = workers;
        this.ledger = ledger;
        this.maxIdle = maxIdle;
    }

    /** Other limits are in force: closes what is above them. */
    void configure(int newMaxIdle, Collection<Endpoint> servers) {
        maxIdle = newMaxIdle;
        servers.forEach(this::closeSurplus);
        ledger.limitedScopes().forEach(this::closeAbove);
    }

    /** Somebody got a place that counts here. */
    void placeTaken(PoolKey key) {
        ledger.limits().scopes(key).forEach(this::keepReserve);
    }

    /** A connection of this key has become idle. */
    void becameIdle(PoolKey key) {
        closeSurplus(key.server());
        ledger.limits().scopes(key).forEach(this::closeAbove);
        placeTaken(key);
    }

    /** Closes idle connections above a limit that was lowered, since nobody is given a place as long as there are more. */
    private void closeAbove(PlaceLimits.Scope scope) {
        int most = ledger.limits().limit(scope);
        while (most > 0
                && ledger.open(scope) > most
                && evictFirst(scope, ledger.unused().lastTurn())) {
            // until the limit is kept, or nothing is idle
        }
    }

    /** Closes idle connections to this server above max_idle_server_conn, which others may need more than the proxy. */
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
     * Makes sure that idle connections do not leave too few places for those who have proved nothing. One that was used just now
     * is likely to be wanted again at once, and stays for a while.
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

    /** @param untilTurn who became idle later than this stays */
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

    /** What is kept free for strangers is wanted now: closes one connection of this scope if the reserve is short. */
    void refillReserve(PlaceLimits.Scope scope) {
        if (isShort(scope)) {
            evictFirst(scope, ledger.unused().lastTurn());
        }
    }

    /**
     * Closes an idle connection.
     *
     * @param untilTurn none that became idle later
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

    /** Has its worker close it, if it is idle there still. */
    void evict(BackendEntry backend) {
        ledger.closing(backend);
        Worker worker = workers.poolWorker(backend.worker.slot);
        if (worker != null) {
            worker.send(new BackendMessages.EvictBackend(backend.id));
        }
    }
}
