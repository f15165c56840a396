package dev.pgproxy.master.routing;

import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.WorkerEntry;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Decides what becomes of the client that is next in line for a server, from what the {@link Ledger} says. A warm backend
 * comes before a new one, and one in reset before a new one too: it is ready sooner than a server can start a process.
 */
final class Admission {

    /** What to do. */
    sealed interface Decision {
        /**
         * @param claimed the backend that the worker is expected to use; null when it will open one
         * @param booked one in reset that the worker may use instead of opening one, and which nobody else can be promised
         */
        record Assign(
                int slot,
                @Nullable BackendEntry claimed,
                @Nullable BackendEntry booked) implements Decision {

            Assign(int slot, @Nullable BackendEntry claimed) {
                this(slot, claimed, null);
            }
        }

        /** All places of the scope are taken, and this backend waits for users of another kind. */
        record Evict(BackendEntry backend, PlaceLimits.Scope scope) implements Decision {}

        /** Nothing can be done before something is reported, or before those ahead in this scope have their places. */
        record Wait(PlaceLimits.Scope scope) implements Decision {}
    }

    private Admission() {}

    /**
     * Whose turn it is.
     *
     * @param scopes where the client counts; empty when it wants no place, but to be asked
     * @param slot the worker that has it already; 0 for none
     * @param mayHaveIdle whether it may have a backend that was somebody else's
     */
    record Candidate(PoolKey key, Standing standing, List<PlaceLimits.Scope> scopes, int slot, boolean mayHaveIdle) {}

    /**
     * Decides.
     *
     * @param maxWorkerLoad descriptors that a worker has for sessions and backends
     * @param waitingAhead how many were found to wait for a place in a scope before this client. What becomes free is theirs:
     *     else those who have warm backends could keep a client of another key waiting for ever
     */
    static Decision decide(
            Ledger ledger, Candidate candidate, long maxWorkerLoad, ToIntFunction<PlaceLimits.Scope> waitingAhead) {
        PlaceLimits limits = ledger.limits();
        List<PlaceLimits.Scope> scopes = candidate.scopes();
        for (PlaceLimits.Scope scope : scopes) {
            // Above the limit, a session on its way may take the very backend that looks free, and a session that was
            // promised it would open one more. For strangers the limit is what they may have at once.
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
            // With room for a new one the client is sent there as to a new one: the reset may take longer than that.
            boolean hasRoom = warm.worker.load() + (candidate.slot() == 0 ? 1 : 0) < maxWorkerLoad;
            boolean waitsForIt = warm.isIdle() || !hasRoom || isFull(ledger, candidate.key());
            return waitsForIt
                    ? new Decision.Assign(warm.worker.slot, warm)
                    : new Decision.Assign(warm.worker.slot, null, warm);
        }
        Optional<WorkerEntry> chosen = candidate.slot() == 0
                ? ledger.workers().stream()
                        .filter(worker -> worker.load() + 1 < maxWorkerLoad)
                        .min(Comparator.comparingInt(WorkerEntry::sessionCount))
                : Optional.ofNullable(ledger.worker(candidate.slot())).filter(worker -> worker.load() < maxWorkerLoad);
        if (chosen.isEmpty()) {
            return new Decision.Wait(PlaceLimits.server(candidate.key().server()));
        }
        // The narrowest limit that is reached names the victim: its place counts for the wider ones too.
        for (int i = scopes.size() - 1; i >= 0; i--) {
            PlaceLimits.Scope scope = scopes.get(i);
            if (isFull(ledger, scope)) {
                return makeRoom(ledger, candidate, scope, waitingAhead);
            }
        }
        return new Decision.Assign(chosen.get().slot, null);
    }

    private static boolean isFull(Ledger ledger, PoolKey key) {
        return ledger.limits().scopes(key).stream().anyMatch(scope -> isFull(ledger, scope));
    }

    /** Whether the scope has a limit, and it is reached. */
    static boolean isFull(Ledger ledger, PlaceLimits.Scope scope) {
        int limit = ledger.limits().limit(scope);
        return limit > 0 && ledger.connections(scope) >= limit;
    }

    /** Of the scopes where a client counts, the narrowest whose limit is reached; null when none is. */
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

    /** Nobody makes room for who has proved nothing, where places are kept free for such. */
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
