package dev.pgproxy.master.routing;

import dev.pgproxy.common.protocol.PoolKey;
import java.util.Comparator;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides what becomes of the client that is next in line for a server, from what the {@link Ledger} says. A warm backend
 * comes before a new one, and one in reset before a new one too: it is ready sooner than a server can start a process.
 */
final class Admission {

    /** What to do. */
    sealed interface Decision {
        /** @param claimed the backend that the worker is expected to use; null when it will open one */
        record Assign(int slot, Ledger.@Nullable BackendEntry claimed) implements Decision {}

        /** The server is full, and this backend waits for users of another kind. */
        record Evict(Ledger.BackendEntry backend) implements Decision {}

        /** Nothing can be done before something is reported. */
        record Wait() implements Decision {}
    }

    private Admission() {}

    /**
     * @param maxServerConnections for this server; 0 for no limit
     * @param maxWorkerLoad descriptors that a worker has for sessions and backends
     */
    static Decision decide(Ledger ledger, PoolKey key, int maxServerConnections, long maxWorkerLoad) {
        int connections = ledger.connections(key.server());
        if (maxServerConnections > 0 && connections > maxServerConnections) {
            // A session on its way may take the very backend that looks free, and whoever was promised it would open
            // one more.
            return new Decision.Wait();
        }
        Ledger.BackendEntry warm = Optional.ofNullable(ledger.idle(key)).orElseGet(() -> ledger.resetting(key));
        if (warm != null && warm.worker.load() < maxWorkerLoad) {
            return new Decision.Assign(warm.worker.slot, warm);
        }
        Optional<Ledger.WorkerEntry> leastActive = ledger.workers().stream()
                .filter(worker -> worker.load() + 1 < maxWorkerLoad)
                .min(Comparator.comparingInt(Ledger.WorkerEntry::sessionCount));
        if (leastActive.isEmpty()) {
            return new Decision.Wait();
        }
        if (maxServerConnections == 0 || connections < maxServerConnections) {
            return new Decision.Assign(leastActive.get().slot, null);
        }
        Ledger.BackendEntry idleOfOthers = ledger.longestIdle(key.server());
        if (idleOfOthers != null && ledger.evicting(key.server()) == 0) {
            return new Decision.Evict(idleOfOthers);
        }
        return new Decision.Wait();
    }
}
