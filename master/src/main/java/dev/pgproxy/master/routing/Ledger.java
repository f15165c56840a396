package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.accept.ClientWeight;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The master's book of all sessions and backends in all workers, kept from the workers' reports. The reports may be late, so
 * it errs on the safe side: the connections of a scope are its reported backends plus every session that has no reported backend
 * of its own. A worker opens a backend only for a session, so the true number is never above the one counted here.
 */
final class Ledger {

    /** What was last heard of a backend. */
    enum BackendStatus {
        IN_USE,
        RESETTING,
        IDLE,
        /** Its worker closes it, or was told to; the place is not free before it is gone. */
        CLOSING
    }

    /** Where the server's source counts the sessions of a role (miscinit.c). */
    private static final String ROLE_LIMIT = "InitializeSessionUserId";
    /** Where it counts the sessions on a database (postinit.c). */
    private static final String DATABASE_LIMIT = "CheckMyDatabase";

    /** A worker that takes clients. */
    static final class WorkerEntry {
        final int slot;
        private final Map<Long, BackendEntry> backends = new HashMap<>();
        private final Map<Long, SessionEntry> sessions = new HashMap<>();
        /** Sessions without a place. */
        private final Map<PoolKey, Integer> placeless = new HashMap<>();

        private final Map<PoolKey, Integer> backendsByKey = new HashMap<>();

        private WorkerEntry(int slot) {
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
        private List<Count> counts;
        private BackendStatus status = BackendStatus.IN_USE;
        private @Nullable SessionEntry user;

        /** When it became free, counted over all backends from 1; 0 for one that never was, which is in no index. */
        private long turn;

        private BackendEntry(WorkerEntry worker, long id, SessionEntry openedFor) {
            this.worker = worker;
            this.id = id;
            this.key = openedFor.key;
            this.counts = openedFor.counts;
        }

        /** Somebody waits until this is gone, who has a better use for its place. */
        boolean isWantedGone;

        private boolean isGone;

        /** Whether the server has let somebody in. */
        private boolean hasServed;

        /** Whether nobody has it, and it is not gone. */
        boolean isUnused() {
            return !isGone && user == null;
        }

        boolean isIdle() {
            return status == BackendStatus.IDLE && user == null;
        }

        private boolean isFreeingItsPlace() {
            return status == BackendStatus.CLOSING && user == null;
        }
    }

    private static final class SessionEntry {
        private final PoolKey key;
        private List<Count> counts;
        /** Where it counts as a stranger; empty once it has proved who it is. */
        private List<PlaceLimits.Scope> strangerIn = List.of();

        private boolean hasPlace = true;
        private @Nullable BackendEntry backend;
        private int heldBytes;

        private SessionEntry(PoolKey key, List<Count> counts, int heldBytes) {
            this.key = key;
            this.counts = counts;
            this.heldBytes = heldBytes;
        }
    }

    /** What one limit is about. */
    private static final class Count {
        private int backends;
        private int sessionsWithoutBackend;
        private int closing;
        private final NavigableSet<BackendEntry> idle = newIndex();
    }

    private final Map<Integer, WorkerEntry> workers = new HashMap<>();
    private final Map<PoolKey, NavigableSet<BackendEntry>> idle = new HashMap<>();
    private final Map<PoolKey, NavigableSet<BackendEntry>> resetting = new HashMap<>();
    private final Map<PlaceLimits.Scope, Count> counts = new HashMap<>();
    private PlaceLimits limits;
    private final Map<PlaceLimits.Scope, Integer> strangers = new HashMap<>();
    private int sessions;
    private long heldBytes;
    private long nextTurn = 1;

    Ledger(PlaceLimits limits) {
        this.limits = limits;
    }

    /** Counts everything anew, by other limits. */
    void limitsAre(PlaceLimits newLimits) {
        limits = newLimits;
        counts.clear();
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

    private List<Count> countsOf(PoolKey key) {
        return limits.scopes(key).stream().map(this::count).toList();
    }

    /** How many sessions of these servers there are, by {@code user on database}. */
    Map<String, Integer> sessionsOf(Set<ServerAddress> servers) {
        Map<String, Integer> sessionsByUser = new TreeMap<>();
        for (WorkerEntry worker : workers.values()) {
            for (SessionEntry session : worker.sessions.values()) {
                if (servers.contains(session.key.server())) {
                    String user =
                            StartupParameters.display(session.key.parameters().user());
                    String database =
                            StartupParameters.display(session.key.parameters().database());
                    sessionsByUser.merge(user + " on " + database, 1, Integer::sum);
                }
            }
        }
        return sessionsByUser;
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

    /** Sessions in all workers, from their assignment on. */
    int sessionCount() {
        return sessions;
    }

    /** Connections of this scope from all workers, at most. */
    int connections(PlaceLimits.Scope scope) {
        if (scope.isOfStrangers()) {
            return strangers.getOrDefault(scope, 0);
        }
        Count count = count(scope);
        return count.backends + count.sessionsWithoutBackend;
    }

    /** Backends of this scope that are known to be open, without those that are being closed for nobody. */
    int open(PlaceLimits.Scope scope) {
        Count count = count(scope);
        return count.backends - count.closing;
    }

    /** Places of this scope that become free by themselves: backends that are being closed for nobody who is to have their place. */
    int closing(PlaceLimits.Scope scope) {
        return scope.isOfStrangers() ? 0 : count(scope).closing;
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

    /** The backend of this scope that has been idle for longest; null when none is idle. */
    @Nullable
    BackendEntry longestIdle(PlaceLimits.Scope scope) {
        NavigableSet<BackendEntry> ofScope = count(scope).idle;
        return ofScope.isEmpty() ? null : ofScope.first();
    }

    /** How many backends of this scope are idle. */
    int idleCount(PlaceLimits.Scope scope) {
        return count(scope).idle.size();
    }

    /**
     * The idle backend of this scope that can be missed first: of the user who has the most of them, the one that has been idle for longest. So
     * nobody fills the pool with what only he can use.
     *
     * @param untilTurn one that became idle later is not meant
     * @return null when there is none
     */
    @Nullable
    BackendEntry firstToGo(PlaceLimits.Scope scope, long untilTurn) {
        Map<String, Integer> byUser = new HashMap<>();
        Map<String, BackendEntry> longest = new HashMap<>();
        for (BackendEntry backend : count(scope).idle) {
            String user = backend.key.parameters().serverUser();
            byUser.merge(user, 1, Integer::sum);
            if (backend.turn <= untilTurn) {
                longest.putIfAbsent(user, backend);
            }
        }
        // Of users who have as many, the one whose connection has been idle for longest.
        return longest.entrySet().stream()
                .max(Comparator.<Map.Entry<String, BackendEntry>>comparingInt(
                                entry -> byUser.getOrDefault(entry.getKey(), 0))
                        .thenComparing(Comparator.<Map.Entry<String, BackendEntry>>comparingLong(
                                        entry -> entry.getValue().turn)
                                .reversed()))
                .map(Map.Entry::getValue)
                .orElse(null);
    }

    /**
     * The connection to this key's server that nobody uses, and that is likely to be what a server has no room beside.
     *
     * @param routine of the server's source, which found that there are too many: of one role, to one database, or in all
     * @return one that nobody else waits for; null when there is none
     */
    @Nullable
    BackendEntry inTheWay(PoolKey key, String routine) {
        String user = key.parameters().serverUser();
        String database = key.parameters().serverDatabase();
        return workers.values().stream()
                .flatMap(worker -> worker.backends.values().stream())
                .filter(backend -> backend.key.server().equals(key.server()))
                .filter(backend -> backend.isUnused() && backend.hasServed && !backend.isWantedGone)
                .filter(backend -> switch (routine) {
                    case ROLE_LIMIT -> backend.key.parameters().serverUser().equals(user);
                    case DATABASE_LIMIT ->
                        backend.key.parameters().serverDatabase().equals(database);
                    default -> true;
                })
                .min(Comparator.<BackendEntry>comparingInt(backend -> backend.status == BackendStatus.IDLE ? 0 : 1)
                        .thenComparingInt(backend -> backend.status == BackendStatus.CLOSING ? 0 : 1)
                        .thenComparingInt(
                                backend -> backend.key.parameters().serverUser().equals(user) ? 0 : 1)
                        .thenComparingInt(backend ->
                                backend.key.parameters().serverDatabase().equals(database) ? 0 : 1)
                        .thenComparingLong(backend -> backend.turn))
                .orElse(null);
    }

    /** Whether the role of this key has a connection to the same server that nobody uses. */
    boolean hasUnused(PoolKey key) {
        return workers.values().stream()
                .flatMap(worker -> worker.backends.values().stream())
                .anyMatch(backend -> backend.isUnused()
                        && backend.key.server().equals(key.server())
                        && backend.key
                                .parameters()
                                .serverUser()
                                .equals(key.parameters().serverUser()));
    }

    /** The server has let the backend's user in. */
    void opened(int slot, long backendId) {
        BackendEntry backend = backend(slot, backendId);
        if (backend != null) {
            backend.hasServed = true;
        }
    }

    /** What is known of this backend; null when it is not known. */
    @Nullable
    BackendEntry backend(int slot, long backendId) {
        WorkerEntry worker = workers.get(slot);
        return worker == null ? null : worker.backends.get(backendId);
    }

    /** Everything that counts connections and has a limit. */
    List<PlaceLimits.Scope> limitedScopes() {
        return counts.keySet().stream().filter(scope -> limits.limit(scope) > 0).toList();
    }

    /** The latest turn of all backends that became free: those that become free later have a later one. */
    long lastTurn() {
        return nextTurn - 1;
    }

    /** Bytes that the keys of all sessions and backends take, about. */
    long heldBytes() {
        return heldBytes;
    }

    /** As {@link #idle} and {@link #resetting}, in this worker. */
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

    /** The worker that has more idle backends of this key than clients who are asked for their password there; null when there is none. */
    @Nullable
    WorkerEntry withSpareIdle(PoolKey key) {
        Map<WorkerEntry, Integer> spare = new HashMap<>();
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

    /**
     * The worker that has the most backends of this key for each client who is asked for its password there, when no more can be
     * opened; null when none has any.
     */
    @Nullable
    WorkerEntry withMostFor(PoolKey key) {
        return workers.values().stream()
                .filter(worker -> worker.backendsByKey.containsKey(key))
                .max(Comparator.comparingDouble(worker -> (double) worker.backends(key) / (1 + worker.asked(key))))
                .orElse(null);
    }

    private static int spare(Map.Entry<WorkerEntry, Integer> idleThere, PoolKey key) {
        return idleThere.getValue() - idleThere.getKey().asked(key);
    }

    @Nullable
    WorkerEntry worker(int slot) {
        return workers.get(slot);
    }

    private static @Nullable BackendEntry last(@Nullable NavigableSet<BackendEntry> entries) {
        return entries == null || entries.isEmpty() ? null : entries.last();
    }

    private static NavigableSet<BackendEntry> newIndex() {
        return new TreeSet<>(Comparator.comparingLong(backend -> backend.turn));
    }

    /**
     * A client is sent to a worker.
     *
     * @param heldBytes what is kept of it until it has proved who it is, about
     * @param claimed the backend that the worker is expected to use; null when it will open one, or has no place
     * @param scopes where the client counts, as {@link PlaceLimits} says; empty when it has no place
     */
    void assigned(
            int slot,
            long frontendId,
            PoolKey key,
            int heldBytes,
            @Nullable BackendEntry claimed,
            List<PlaceLimits.Scope> scopes) {
        WorkerEntry worker = workers.get(slot);
        if (worker == null) {
            return;
        }
        SessionEntry session = new SessionEntry(key, List.of(), heldBytes);
        session.hasPlace = false;
        worker.sessions.put(frontendId, session);
        sessions++;
        this.heldBytes += heldBytes;
        if (scopes.isEmpty()) {
            worker.placeless.merge(key, 1, Integer::sum);
        } else {
            givePlace(session, claimed, scopes);
        }
    }

    /** A session that had no place gets one; parameters as for {@link #assigned}. */
    void placed(int slot, long frontendId, @Nullable BackendEntry claimed, List<PlaceLimits.Scope> scopes) {
        WorkerEntry worker = workers.get(slot);
        SessionEntry session = worker == null ? null : worker.sessions.get(frontendId);
        if (worker != null && session != null && !session.hasPlace) {
            lessPlaceless(worker, session);
            givePlace(session, claimed, scopes);
        }
    }

    /** A session gives its place and its backend back, and may want another one. */
    void unplaced(int slot, long frontendId) {
        WorkerEntry worker = workers.get(slot);
        SessionEntry session = worker == null ? null : worker.sessions.get(frontendId);
        if (worker != null && session != null && session.hasPlace) {
            noStranger(session);
            part(session);
            session.counts.forEach(count -> count.sessionsWithoutBackend--);
            session.counts = List.of();
            session.hasPlace = false;
            worker.placeless.merge(session.key, 1, Integer::sum);
        }
    }

    private static <K> void less(Map<K, Integer> numbers, K key) {
        numbers.merge(key, -1, (a, b) -> a + b == 0 ? null : a + b);
    }

    private static void lessPlaceless(WorkerEntry worker, SessionEntry session) {
        less(worker.placeless, session.key);
    }

    private void givePlace(SessionEntry session, @Nullable BackendEntry claimed, List<PlaceLimits.Scope> scopes) {
        session.hasPlace = true;
        session.strangerIn =
                scopes.stream().filter(PlaceLimits.Scope::isOfStrangers).toList();
        session.strangerIn.forEach(scope -> strangers.merge(scope, 1, Integer::sum));
        session.counts = countsOf(session.key);
        session.counts.forEach(count -> count.sessionsWithoutBackend++);
        if (claimed != null) {
            join(session, claimed);
        }
    }

    /** The session's client has proved who it is. */
    void proved(int slot, long frontendId) {
        WorkerEntry worker = workers.get(slot);
        SessionEntry session = worker == null ? null : worker.sessions.get(frontendId);
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
    void joined(int slot, long frontendId, long backendId) {
        WorkerEntry worker = workers.get(slot);
        SessionEntry session = worker == null ? null : worker.sessions.get(frontendId);
        if (worker == null || session == null) {
            return;
        }
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

    /** A backend has one user: whoever else was promised it is without one again, until its worker says what it got. */
    private void join(SessionEntry session, BackendEntry backend) {
        if (backend.user == session) {
            return;
        }
        part(session);
        if (backend.user != null) {
            part(backend.user);
        }
        unindex(backend);
        backend.isWantedGone = false; // It is used again, and who waited for its end goes on.
        change(backend, backend.status, session);
        session.backend = backend;
        session.counts.forEach(count -> count.sessionsWithoutBackend--);
    }

    private void part(SessionEntry session) {
        BackendEntry backend = session.backend;
        if (backend != null) {
            session.backend = null;
            change(backend, backend.status, null);
            index(backend);
            session.counts.forEach(count -> count.sessionsWithoutBackend++);
        }
    }

    void sessionClosed(int slot, long frontendId) {
        WorkerEntry worker = workers.get(slot);
        SessionEntry session = worker == null ? null : worker.sessions.remove(frontendId);
        if (worker != null && session != null) {
            if (!session.hasPlace) {
                lessPlaceless(worker, session);
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
        WorkerEntry worker = workers.get(slot);
        BackendEntry backend = worker == null ? null : worker.backends.get(backendId);
        if (backend != null) {
            status(backend, status);
        }
    }

    /** The key of this backend; null when it is not known. */
    @Nullable
    PoolKey keyOf(int slot, long backendId) {
        BackendEntry backend = backend(slot, backendId);
        return backend == null ? null : backend.key;
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

    /** A client may have it after its reset: until it is idle nobody else is promised it. */
    void booked(BackendEntry backend) {
        unindex(backend);
    }

    /** The worker was told to close it. */
    void closing(BackendEntry backend) {
        status(backend, BackendStatus.CLOSING);
    }

    private void status(BackendEntry backend, BackendStatus status) {
        unindex(backend);
        change(backend, status, backend.user);
        index(backend);
    }

    private static void change(BackendEntry backend, BackendStatus status, @Nullable SessionEntry user) {
        int before = backend.isFreeingItsPlace() ? 1 : 0;
        backend.status = status;
        backend.user = user;
        int change = (backend.isFreeingItsPlace() ? 1 : 0) - before;
        backend.counts.forEach(count -> count.closing += change);
    }

    private void index(BackendEntry backend) {
        if (backend.user != null) {
            return;
        }
        backend.turn = nextTurn++;
        if (backend.status == BackendStatus.IDLE) {
            idle.computeIfAbsent(backend.key, key -> newIndex()).add(backend);
            backend.counts.forEach(count -> count.idle.add(backend));
        } else if (backend.status == BackendStatus.RESETTING) {
            resetting.computeIfAbsent(backend.key, key -> newIndex()).add(backend);
        }
    }

    private void unindex(BackendEntry backend) {
        unindex(idle, backend);
        unindex(resetting, backend);
        backend.counts.forEach(count -> count.idle.remove(backend));
    }

    private static void unindex(Map<PoolKey, NavigableSet<BackendEntry>> index, BackendEntry backend) {
        NavigableSet<BackendEntry> ofKey = index.get(backend.key);
        if (ofKey != null && ofKey.remove(backend) && ofKey.isEmpty()) {
            index.remove(backend.key);
        }
    }

    private Count count(PlaceLimits.Scope scope) {
        return counts.computeIfAbsent(scope, key -> new Count());
    }
}
