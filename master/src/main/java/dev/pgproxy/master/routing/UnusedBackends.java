package dev.pgproxy.master.routing;

import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.BackendStatus;
import dev.pgproxy.master.routing.LedgerEntries.WorkerEntry;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import org.jspecify.annotations.Nullable;

/** The backends that no session uses and that can be promised to one, by pool key. */
final class UnusedBackends {

    private final Map<PoolKey, NavigableSet<BackendEntry>> idle = new HashMap<>();
    private final Map<PoolKey, NavigableSet<BackendEntry>> resetting = new HashMap<>();
    private long nextTurn = 1;

    void add(BackendEntry backend) {
        if (backend.user != null) {
            return;
        }
        backend.turn = nextTurn++;
        if (backend.status == BackendStatus.IDLE) {
            idle.computeIfAbsent(backend.key, key -> LedgerEntries.byTurn()).add(backend);
            backend.counts.forEach(count -> count.idle.add(backend));
        } else if (backend.status == BackendStatus.RESETTING) {
            resetting
                    .computeIfAbsent(backend.key, key -> LedgerEntries.byTurn())
                    .add(backend);
        }
    }

    void remove(BackendEntry backend) {
        remove(idle, backend);
        remove(resetting, backend);
        backend.counts.forEach(count -> count.idle.remove(backend));
    }

    private static void remove(Map<PoolKey, NavigableSet<BackendEntry>> index, BackendEntry backend) {
        NavigableSet<BackendEntry> ofKey = index.get(backend.key);
        if (ofKey != null && ofKey.remove(backend) && ofKey.isEmpty()) {
            index.remove(backend.key);
        }
    }

    /** The idle backend of this key that was used last, whose caches are the warmest; null when there is none. */
    @Nullable
    BackendEntry idle(PoolKey key) {
        return last(idle.get(key));
    }

    /** A backend of this key that is being reset and not promised to anyone; null when there is none. */
    @Nullable
    BackendEntry resetting(PoolKey key) {
        return last(resetting.get(key));
    }

    /** The turn of the backend that became free last; backends that become free later have a higher one. */
    long lastTurn() {
        return nextTurn - 1;
    }

    /** As {@link #idle}, or else {@link #resetting}, in this worker. */
    @Nullable
    BackendEntry warm(PoolKey key, int slot) {
        for (NavigableSet<BackendEntry> entries : List.of(
                idle.getOrDefault(key, Collections.emptyNavigableSet()),
                resetting.getOrDefault(key, Collections.emptyNavigableSet()))) {
            for (BackendEntry backend : entries.descendingSet()) {
                if (backend.worker.slot == slot) {
                    return backend;
                }
            }
        }
        return null;
    }

    /** The worker whose idle backends of this key most exceed its clients that are asked for their password; null when none has more. */
    @Nullable
    WorkerEntry withSpareIdle(PoolKey key) {
        Map<WorkerEntry, Integer> spare = new LinkedHashMap<>();
        for (BackendEntry backend : idle.getOrDefault(key, Collections.emptyNavigableSet())) {
            spare.merge(backend.worker, 1, Integer::sum);
        }
        return spare.entrySet().stream()
                .max(Comparator.<Map.Entry<WorkerEntry, Integer>>comparingInt(entry -> spare(entry, key))
                        .thenComparing(entry -> entry.getKey().slot))
                .filter(entry -> spare(entry, key) > 0)
                .map(Map.Entry::getKey)
                .orElse(null);
    }

    private static int spare(Map.Entry<WorkerEntry, Integer> idleThere, PoolKey key) {
        return idleThere.getValue() - idleThere.getKey().asked(key);
    }

    private static @Nullable BackendEntry last(@Nullable NavigableSet<BackendEntry> entries) {
        return entries == null || entries.isEmpty() ? null : entries.last();
    }
}
