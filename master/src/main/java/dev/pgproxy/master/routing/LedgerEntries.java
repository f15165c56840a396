package dev.pgproxy.master.routing;

import dev.pgproxy.common.pool.PoolKey;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the {@link Ledger} has an entry for. Entries know each other; who changes one is the ledger. */
final class LedgerEntries {

    private LedgerEntries() {}

    /** What was last heard of a backend. */
    enum BackendStatus {
        IN_USE,
        RESETTING,
        IDLE,
        /** Its worker closes it, or was told to; the place is not free before it is gone. */
        CLOSING
    }

    /** A worker that takes clients. */
    static final class WorkerEntry {
        final int slot;
        final Map<Long, BackendEntry> backends = new HashMap<>();
        final Map<Long, SessionEntry> sessions = new HashMap<>();
        /** Sessions without a place. */
        final Map<PoolKey, Integer> placeless = new HashMap<>();

        final Map<PoolKey, Integer> backendsByKey = new HashMap<>();

        WorkerEntry(int slot) {
            this.slot = slot;
        }

        int sessionCount() {
            return sessions.size();
        }

        /** Clients of this key who are asked for their password here. */
        int asked(PoolKey key) {
            return placeless.getOrDefault(key, 0);
        }

        /** Backends of this key that are here. */
        int backends(PoolKey key) {
            return backendsByKey.getOrDefault(key, 0);
        }

        /** Descriptors that the worker needs for what it holds. */
        int load() {
            return sessions.size() + backends.size();
        }
    }

    /** A connection to a server. */
    static final class BackendEntry {
        final WorkerEntry worker;
        final long id;
        final PoolKey key;
        List<Count> counts;
        BackendStatus status = BackendStatus.IN_USE;

        @Nullable
        SessionEntry user;

        /** When it became free, counted over all backends from 1; 0 for one that never was, which is in no index. */
        long turn;

        BackendEntry(WorkerEntry worker, long id, SessionEntry openedFor) {
            this.worker = worker;
            this.id = id;
            this.key = openedFor.key;
            this.counts = openedFor.counts;
        }

        /** Somebody waits until this is gone, and has a better use for its place. */
        boolean isWantedGone;

        boolean isGone;

        /** Whether the server has let somebody in. */
        boolean hasServed;

        /** Whether nobody has it, and it is not gone. */
        boolean isUnused() {
            return !isGone && user == null;
        }

        boolean isIdle() {
            return status == BackendStatus.IDLE && user == null;
        }

        boolean isFreeingItsPlace() {
            return status == BackendStatus.CLOSING && user == null;
        }
    }

    static final class SessionEntry {
        final WorkerEntry worker;
        final PoolKey key;
        List<Count> counts;
        /** Where it counts as a stranger; empty once it has proved who it is. */
        List<PlaceLimits.Scope> strangerIn = List.of();

        boolean hasPlace = true;

        @Nullable
        BackendEntry backend;

        int heldBytes;

        SessionEntry(WorkerEntry worker, PoolKey key, List<Count> counts, int heldBytes) {
            this.worker = worker;
            this.key = key;
            this.counts = counts;
            this.heldBytes = heldBytes;
        }
    }

    /** What one limit is about. */
    static final class Count {
        int backends;
        int sessionsWithoutBackend;
        int closing;
        final NavigableSet<BackendEntry> idle = byTurn();
    }

    /** Backends in the order in which they became free. */
    static NavigableSet<BackendEntry> byTurn() {
        return new TreeSet<>(Comparator.comparingLong(backend -> backend.turn));
    }
}
