package dev.pgproxy.master.routing;

import dev.pgproxy.common.pool.PoolKey;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The entries of the {@link Ledger}. They refer to each other, and the ledger keeps them up to date. */
final class LedgerEntries {

    private LedgerEntries() {}

    /** The last known state of a backend. */
    enum BackendStatus {
        IN_USE,
        RESETTING,
        IDLE,
        /** Its worker is closing it, or was told to; the place is not free until it is gone. */
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

        /** Clients of this key that are asked for their password here. */
        int asked(PoolKey key) {
            return placeless.getOrDefault(key, 0);
        }

        /** Backends of this key in this worker. */
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

        /** When it became free, as a number that counts up from 1 over all backends; 0 if it never was, and is in no index. */
        long turn;

        BackendEntry(WorkerEntry worker, long id, SessionEntry openedFor) {
            this.worker = worker;
            this.id = id;
            this.key = openedFor.key;
            this.counts = openedFor.counts;
        }

        /** A client with a better use for its place waits until it is gone. */
        boolean isWantedGone;

        boolean isGone;

        /** Whether the server has let a client in on it. */
        boolean hasServed;

        /** Whether no session has it, and it is not gone. */
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
        /** The scopes that count it as a stranger; empty once it has proved who it is. */
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

    /** The figures of one scope. */
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
