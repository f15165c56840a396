package dev.pgproxy.master.routing;

import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.WorkerEntry;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Decides what happens to the next client in line for a server, based on the {@link Ledger}. A warm backend is preferred to
 * a new one, even while it is being reset: it is usually ready before a server can start a process.
 */
final class Admission {

    /** What to do. */
    sealed interface Decision {
        /**
         * @param claimed the backend that the worker is expected to use; null when it will open one
         * @param booked a backend in reset that the worker may use instead of opening one; it is promised to no other client
         */
        record Assign(
                int slot,
                @Nullable BackendEntry claimed,
                @Nullable BackendEntry booked) implements Decision {

            Assign(int slot, @Nullable BackendEntry claimed) {
                this(slot, claimed, null);
            }
        }

        /** All places of the scope are taken; closing this idle backend, which the client cannot use, frees one. */
        record Evict(BackendEntry backend, PlaceLimits.Scope scope) implements Decision {}

        /** Nothing can be done until a worker reports a change, or the clients ahead in this scope have their places. */
        record Wait(PlaceLimits.Scope scope) implements Decision {}
    }

    private Admission() {}

    /**
     * The client whose turn it is.
     *
     * @param scopes that count the client; empty when it wants no place yet, but a worker that asks for its password
     * @param slot the worker that already has it; 0 for none
     * @param mayHaveIdle whether it may get a backend that another client has used
     */
    record Candidate(PoolKey key, Standing standing, List<PlaceLimits.Scope> scopes, int slot, boolean mayHaveIdle) {}

    /**
     * Decides.
     *
     * @param maxWorkerLoad descriptors that a worker has for sessions and backends
     * @param waitingAhead how many clients ahead of this one wait for a place in a scope. Places that become free are theirs:
     *     otherwise clients with warm backends could keep a client of another key waiting forever
     */
    static Decision decide(
            Ledger ledger, Candidate candidate, long maxWorkerLoad, ToIntFunction<PlaceLimits.Scope> waitingAhead) {
        PlaceLimits limits = ledger.limits();
        List<PlaceLimits.Scope> scopes = candidate.scopes();
        for (PlaceLimits.Scope scope : scopes) {
            // Above the limit, a session on its way may take the very backend that looks free, and the session that was
            // promised it would open one more. Strangers already wait when their limit is reached.
            boolean above = limits.limit(scope) > 0
                    && ledger.connections(scope) > limits.limit(scope) - (scope.isOfStrangers() ? 1 : 0);
            if (above) {
                return new Decision.Wait(scope);
            }
            if (waitingAhead.applyAsInt(scope) > ledger.closing(scope)) {
                return new Decision.Wait(scope);
            }
        }
        boolean isVisitor = candidate.standing() == Standing.VISITOR;
        BackendEntry warm = warm(ledger, candidate);
        if (isVisitor) {
            WorkerEntry prepared = ledger.unused().withSpareIdle(candidate.key());
            if (prepared == null && isFull(ledger, candidate.key())) {
                prepared = ledger.search().withMostFor(candidate.key());
            }
            if (prepared != null && prepared.load() + 1 < maxWorkerLoad) {
                return new Decision.Assign(prepared.slot, null);
            }
        } else if (warm != null && (candidate.slot() > 0 || warm.worker.load() < maxWorkerLoad)) {
            // If there is room for a new backend, the client may open one: the reset may take longer than that.
            boolean hasRoom = warm.worker.load() + (candidate.slot() == 0 ? 1 : 0) < maxWorkerLoad;
            boolean waitsForIt = warm.isIdle() || !hasRoom || isFull(ledger, candidate.key());
            return waitsForIt
                    ? new Decision.Assign(warm.worker.slot, warm)
                    : new Decision.Assign(warm.worker.slot, null, warm);
        }
        WorkerEntry chosen = worker(ledger, candidate, maxWorkerLoad);
        if (chosen == null) {
            return new Decision.Wait(PlaceLimits.server(candidate.key().server()));
        }
        // The narrowest limit that is reached selects the victim: its place counts in the wider scopes too.
        for (int i = scopes.size() - 1; i >= 0; i--) {
            PlaceLimits.Scope scope = scopes.get(i);
            if (isFull(ledger, scope)) {
                return makeRoom(ledger, candidate, scope, waitingAhead);
            }
        }
        return new Decision.Assign(chosen.slot, null);
    }

    /** The worker that has the candidate already, or else the one with the fewest sessions; null when it has no room. */
    private static @Nullable WorkerEntry worker(Ledger ledger, Candidate candidate, long maxWorkerLoad) {
        if (candidate.slot() != 0) {
            WorkerEntry own = ledger.worker(candidate.slot());
            return own != null && own.load() < maxWorkerLoad ? own : null;
        }
        WorkerEntry least = null;
        for (WorkerEntry worker : ledger.workers()) {
            if (worker.load() + 1 < maxWorkerLoad && (least == null || worker.sessionCount() < least.sessionCount())) {
                least = worker;
            }
        }
        return least;
    }

    private static boolean isFull(Ledger ledger, PoolKey key) {
        for (PlaceLimits.Scope scope : ledger.limits().scopes(key)) {
            if (isFull(ledger, scope)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the scope has a limit that is reached. */
    static boolean isFull(Ledger ledger, PlaceLimits.Scope scope) {
        int limit = ledger.limits().limit(scope);
        return limit > 0 && ledger.connections(scope) >= limit;
    }

    /** Of these scopes, the first of strangers whose limit is reached, or else the narrowest; null when no limit is reached. */
    static PlaceLimits.@Nullable Scope fullScope(Ledger ledger, List<PlaceLimits.Scope> scopes) {
        PlaceLimits.Scope full = null;
        for (PlaceLimits.Scope scope : scopes) {
            boolean isNarrower = full == null || !full.isOfStrangers();
            if (isNarrower && isFull(ledger, scope)) {
                full = scope;
            }
        }
        return full;
    }

    private static @Nullable BackendEntry warm(Ledger ledger, Candidate candidate) {
        PoolKey key = candidate.key();
        if (!candidate.mayHaveIdle()) {
            return null;
        }
        return candidate.slot() == 0
                ? Optional.ofNullable(ledger.unused().idle(key))
                        .orElseGet(() -> ledger.unused().resetting(key))
                : ledger.unused().warm(key, candidate.slot());
    }

    /** No room is made for a stranger where places are kept free for strangers. */
    private static Decision makeRoom(
            Ledger ledger,
            Candidate candidate,
            PlaceLimits.Scope scope,
            ToIntFunction<PlaceLimits.Scope> waitingAhead) {
        if (candidate.standing() == Standing.STRANGER && ledger.limits().reserve(scope) > 0) {
            return new Decision.Wait(scope);
        }
        NavigableSet<BackendEntry> idle = ledger.idleOf(scope);
        return !idle.isEmpty() && ledger.closing(scope) <= waitingAhead.applyAsInt(scope)
                ? new Decision.Evict(idle.first(), scope)
                : new Decision.Wait(scope);
    }
}
