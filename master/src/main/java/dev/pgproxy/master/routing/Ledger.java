package dev.pgproxy.master.routing;

import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.pool.SharedCopies;
import dev.pgproxy.master.accept.ClientWeight;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.BackendStatus;
import dev.pgproxy.master.routing.LedgerEntries.Count;
import dev.pgproxy.master.routing.LedgerEntries.SessionEntry;
import dev.pgproxy.master.routing.LedgerEntries.WorkerEntry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import org.jspecify.annotations.Nullable;

/**
 * The master's record of all sessions and backends in all workers, kept from the workers' reports. Reports may be late, so the
 * ledger errs on the safe side: as connections of a scope it counts the reported backends plus every session without a reported
 * backend. A worker opens a backend only for a session, so the true number is never above this count.
 */
final class Ledger {

    private final Map<Integer, WorkerEntry> workers = new HashMap<>();
    private final UnusedBackends unused = new UnusedBackends();
    private final Map<PlaceLimits.Scope, Count> counts = new LinkedHashMap<>();
    private SharedCopies<List<Count>> lists = noLists();
    private PlaceLimits limits;
    private final Map<PlaceLimits.Scope, Integer> strangers = new LinkedHashMap<>();
    private int sessions;
    private long heldBytes;

    Ledger(PlaceLimits limits) {
        this.limits = limits;
    }

    private static SharedCopies<List<Count>> noLists() {
        return new SharedCopies<>(List::size);
    }

    PlaceLimits limits() {
        return limits;
    }

    /** The backends that no session uses. */
    UnusedBackends unused() {
        return unused;
    }

    LedgerSearch search() {
        return new LedgerSearch(workers.values());
    }

    /** Counts everything again under new limits. */
    void limitsAre(PlaceLimits newLimits) {
        limits = newLimits;
        counts.clear();
        lists = noLists();
        for (WorkerEntry worker : workers.values()) {
            for (BackendEntry backend : worker.backends.values()) {
                backend.counts = countsOf(backend.key);
                boolean isIdle = backend.status == BackendStatus.IDLE && backend.user == null;
                for (Count count : backend.counts) {
                    count.backends++;
                    count.closing += backend.isFreeingItsPlace() ? 1 : 0;
                    if (isIdle) {
                        count.idle.add(backend);
                    }
                }
            }
            for (SessionEntry session : worker.sessions.values()) {
                session.counts = session.hasPlace ? countsOf(session.key) : List.of();
                if (session.backend == null) {
                    session.counts.forEach(count -> count.sessionsWithoutBackend++);
                }
            }
        }
    }

    /** Thousands of sessions have the same counts, and share one list of them. */
    private List<Count> countsOf(PoolKey key) {
        List<PlaceLimits.Scope> scopes = limits.scopes(key);
        List<Count> counts = new ArrayList<>(scopes.size());
        for (PlaceLimits.Scope scope : scopes) {
            counts.add(count(scope));
        }
        return lists.of(List.copyOf(counts));
    }

    void workerReady(int slot) {
        workers.put(slot, new WorkerEntry(slot));
    }

    /** Forgets everything that the worker held. */
    void workerGone(int slot) {
        WorkerEntry worker = workers.remove(slot);
        if (worker == null) {
            return;
        }
        for (SessionEntry session : worker.sessions.values()) {
            forget(session);
        }
        for (BackendEntry backend : worker.backends.values()) {
            forget(backend);
        }
    }

    Collection<WorkerEntry> workers() {
        return workers.values();
    }

    /** Sessions in all workers, including those just assigned. */
    int sessionCount() {
        return sessions;
    }

    /** Upper bound on the connections of this scope from all workers. */
    int connections(PlaceLimits.Scope scope) {
        if (scope.isOfStrangers()) {
            return strangers.getOrDefault(scope, 0);
        }
        Count count = count(scope);
        return count.backends + count.sessionsWithoutBackend;
    }

    /** Backends of this scope that are known to be open, without those that are being closed and promised to no session. */
    int open(PlaceLimits.Scope scope) {
        Count count = count(scope);
        return count.backends - count.closing;
    }

    /** Places of this scope that are becoming free: backends that are being closed and whose place is promised to no session. */
    int closing(PlaceLimits.Scope scope) {
        return scope.isOfStrangers() ? 0 : count(scope).closing;
    }

    /** The server has let the backend's user in. */
    void opened(int slot, long backendId) {
        BackendEntry backend = backend(slot, backendId);
        if (backend != null) {
            backend.hasServed = true;
        }
    }

    private @Nullable SessionEntry session(int slot, long sessionId) {
        WorkerEntry worker = workers.get(slot);
        return worker == null ? null : worker.sessions.get(sessionId);
    }

    /** The entry of this backend; null when the backend is unknown. */
    @Nullable
    BackendEntry backend(int slot, long backendId) {
        WorkerEntry worker = workers.get(slot);
        return worker == null ? null : worker.backends.get(backendId);
    }

    /** The backend of this session; null when it has none, or is unknown. */
    @Nullable
    BackendEntry backendOf(int slot, long sessionId) {
        SessionEntry session = session(slot, sessionId);
        return session == null ? null : session.backend;
    }

    /** All scopes that have a count and a limit. */
    List<PlaceLimits.Scope> limitedScopes() {
        return counts.keySet().stream().filter(scope -> limits.limit(scope) > 0).toList();
    }

    /** Approximate bytes that all sessions and backends take in the master. */
    long heldBytes() {
        return heldBytes;
    }

    @Nullable
    WorkerEntry worker(int slot) {
        return workers.get(slot);
    }

    /**
     * A client is sent to a worker.
     *
     * @param heldBytes approximate bytes that it takes until it has proved who it is
     * @param claimed the backend that the worker is expected to use; null when it will open one, or has no place
     * @param scopes that count the client, see {@link PlaceLimits}; empty when it has no place
     */
    void assigned(
            int slot,
            long sessionId,
            PoolKey key,
            int heldBytes,
            @Nullable BackendEntry claimed,
            List<PlaceLimits.Scope> scopes) {
        WorkerEntry worker = workers.get(slot);
        if (worker == null) {
            return;
        }
        SessionEntry session = new SessionEntry(worker, key, List.of(), heldBytes);
        session.hasPlace = false;
        worker.sessions.put(sessionId, session);
        sessions++;
        this.heldBytes += heldBytes;
        if (scopes.isEmpty()) {
            worker.placeless.merge(key, 1, Integer::sum);
        } else {
            givePlace(session, claimed, scopes);
        }
    }

    /** A session that had no place gets one; parameters as for {@link #assigned}. */
    void placed(int slot, long sessionId, @Nullable BackendEntry claimed, List<PlaceLimits.Scope> scopes) {
        SessionEntry session = session(slot, sessionId);
        if (session != null && !session.hasPlace) {
            lessPlaceless(session);
            givePlace(session, claimed, scopes);
        }
    }

    /** A session gives back its place and its backend, and may want another place. */
    void unplaced(int slot, long sessionId) {
        SessionEntry session = session(slot, sessionId);
        if (session != null && session.hasPlace) {
            noStranger(session);
            part(session);
            session.counts.forEach(count -> count.sessionsWithoutBackend--);
            session.counts = List.of();
            session.hasPlace = false;
            session.worker.placeless.merge(session.key, 1, Integer::sum);
        }
    }

    private static <K> void less(Map<K, Integer> numbers, K key) {
        numbers.merge(key, -1, (a, b) -> a + b == 0 ? null : a + b);
    }

    private static void lessPlaceless(SessionEntry session) {
        less(session.worker.placeless, session.key);
    }

    private void givePlace(SessionEntry session, @Nullable BackendEntry claimed, List<PlaceLimits.Scope> scopes) {
        session.hasPlace = true;
        session.strangerIn = ofStrangers(scopes);
        session.strangerIn.forEach(scope -> strangers.merge(scope, 1, Integer::sum));
        session.counts = countsOf(session.key);
        session.counts.forEach(count -> count.sessionsWithoutBackend++);
        if (claimed != null) {
            join(session, claimed);
        }
    }

    private static List<PlaceLimits.Scope> ofStrangers(List<PlaceLimits.Scope> scopes) {
        if (scopes.isEmpty() || !scopes.get(0).isOfStrangers()) { // They come first.
            return List.of();
        }
        return scopes.stream().filter(PlaceLimits.Scope::isOfStrangers).toList();
    }

    /** The session's client has proved who it is. */
    void proved(int slot, long sessionId) {
        SessionEntry session = session(slot, sessionId);
        if (session != null) {
            noStranger(session);
            heldBytes -= session.heldBytes;
            session.heldBytes = ClientWeight.of(session.key.parameters());
            heldBytes += session.heldBytes;
        }
    }

    private void noStranger(SessionEntry session) {
        for (PlaceLimits.Scope scope : session.strangerIn) {
            less(strangers, scope);
        }
        session.strangerIn = List.of();
    }

    /** The worker chose this backend for the session, or opened it. */
    void joined(int slot, long sessionId, long backendId) {
        SessionEntry session = session(slot, sessionId);
        if (session == null) {
            return;
        }
        WorkerEntry worker = session.worker;
        BackendEntry backend = worker.backends.get(backendId);
        if (backend == null) {
            backend = new BackendEntry(worker, backendId, session);
            worker.backends.put(backendId, backend);
            worker.backendsByKey.merge(backend.key, 1, Integer::sum);
            heldBytes += ClientWeight.of(backend.key.parameters());
            backend.counts.forEach(count -> count.backends++);
        }
        join(session, backend);
        status(backend, BackendStatus.IN_USE);
    }

    /** A backend has one user: a session that was promised it before has none again, until its worker reports what it got. */
    private void join(SessionEntry session, BackendEntry backend) {
        if (backend.user == session) {
            return;
        }
        part(session);
        if (backend.user != null) {
            part(backend.user);
        }
        unused.remove(backend);
        backend.isWantedGone = false; // It is used again, and the client that waited for its end continues.
        change(backend, backend.status, session);
        session.backend = backend;
        session.counts.forEach(count -> count.sessionsWithoutBackend--);
    }

    private void part(SessionEntry session) {
        BackendEntry backend = session.backend;
        if (backend != null) {
            session.backend = null;
            change(backend, backend.status, null);
            unused.add(backend);
            session.counts.forEach(count -> count.sessionsWithoutBackend++);
        }
    }

    void sessionClosed(int slot, long sessionId) {
        WorkerEntry worker = workers.get(slot);
        SessionEntry session = worker == null ? null : worker.sessions.remove(sessionId);
        if (session != null) {
            if (!session.hasPlace) {
                lessPlaceless(session);
            }
            forget(session);
        }
    }

    private void forget(SessionEntry session) {
        noStranger(session);
        part(session);
        session.counts.forEach(count -> count.sessionsWithoutBackend--);
        sessions--;
        heldBytes -= session.heldBytes;
    }

    void backendStatus(int slot, long backendId, BackendStatus status) {
        BackendEntry backend = backend(slot, backendId);
        if (backend != null) {
            status(backend, status);
        }
    }

    void backendGone(int slot, long backendId) {
        WorkerEntry worker = workers.get(slot);
        BackendEntry backend = worker == null ? null : worker.backends.remove(backendId);
        if (backend != null) {
            forget(backend);
        }
    }

    private void forget(BackendEntry backend) {
        backend.isGone = true;
        if (backend.user != null) {
            part(backend.user);
        }
        status(backend, BackendStatus.IN_USE);
        less(backend.worker.backendsByKey, backend.key);
        backend.counts.forEach(count -> count.backends--);
        heldBytes -= ClientWeight.of(backend.key.parameters());
    }

    /** A client may get the backend after its reset; until it is idle, it is promised to no other client. */
    void booked(BackendEntry backend) {
        unused.remove(backend);
    }

    /** The worker was told to close it. */
    void closing(BackendEntry backend) {
        status(backend, BackendStatus.CLOSING);
    }

    private void status(BackendEntry backend, BackendStatus status) {
        unused.remove(backend);
        change(backend, status, backend.user);
        unused.add(backend);
    }

    private static void change(BackendEntry backend, BackendStatus status, @Nullable SessionEntry user) {
        int before = backend.isFreeingItsPlace() ? 1 : 0;
        backend.status = status;
        backend.user = user;
        int change = (backend.isFreeingItsPlace() ? 1 : 0) - before;
        backend.counts.forEach(count -> count.closing += change);
    }

    /** The idle backends of this scope, in the order in which they became idle. */
    NavigableSet<BackendEntry> idleOf(PlaceLimits.Scope scope) {
        return count(scope).idle;
    }

    private Count count(PlaceLimits.Scope scope) {
        return counts.computeIfAbsent(scope, key -> new Count());
    }
}
