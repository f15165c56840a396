package dev.pgproxy.master.routing;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.BackendStatus;
import dev.pgproxy.master.routing.LedgerEntries.SessionEntry;
import dev.pgproxy.master.routing.LedgerEntries.WorkerEntry;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Queries on the {@link Ledger} that are too rare for a count or an index: each scans all entries. */
final class LedgerSearch {

    /** The server's function that checks the connection limit of a role (miscinit.c). */
    private static final String ROLE_LIMIT = "InitializeSessionUserId";

    /** The server's function that checks the connection limit of a database (postinit.c). */
    private static final String DATABASE_LIMIT = "CheckMyDatabase";

    private final Collection<WorkerEntry> workers;

    LedgerSearch(Collection<WorkerEntry> workers) {
        this.workers = workers;
    }

    /** The number of sessions on these servers, by {@code user on database}. */
    Map<String, Integer> sessionsOf(Set<Endpoint> servers) {
        Map<String, Integer> sessionsByUser = new TreeMap<>();
        for (WorkerEntry worker : workers) {
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

    /**
     * The unused connection to this key's server whose closing is most likely to make room for the key.
     *
     * @param routine the server's function that found too many connections: of one role, to one database, or in all
     * @return one that no other client waits for; null when there is none
     */
    @Nullable
    BackendEntry inTheWay(PoolKey key, String routine) {
        String user = key.parameters().serverUser();
        String database = key.parameters().serverDatabase();
        return workers.stream()
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

    /** Whether the role of this key has an unused connection to the same server. */
    boolean hasUnused(PoolKey key) {
        return workers.stream()
                .flatMap(worker -> worker.backends.values().stream())
                .anyMatch(backend -> backend.isUnused()
                        && backend.key.server().equals(key.server())
                        && backend.key
                                .parameters()
                                .serverUser()
                                .equals(key.parameters().serverUser()));
    }

    /**
     * The worker with the most backends of this key per client that is asked for its password there, for when no more can be
     * opened; null when no worker has any.
     */
    @Nullable
    WorkerEntry withMostFor(PoolKey key) {
        return workers.stream()
                .filter(worker -> worker.backendsByKey.containsKey(key))
                .max(Comparator.comparingDouble(worker -> (double) worker.backends(key) / (1 + worker.asked(key))))
                .orElse(null);
    }

    /**
     * The idle backend to close first: of the user that has the most of them, the one that has been idle longest. So no user fills the
     * pool with connections that only that user can use.
     *
     * @param untilTurn backends that became idle later than this are not considered
     * @return null when there is none
     */
    static @Nullable BackendEntry firstToGo(NavigableSet<BackendEntry> idle, long untilTurn) {
        Map<String, Integer> byUser = new HashMap<>();
        Map<String, BackendEntry> longest = new HashMap<>();
        for (BackendEntry backend : idle) {
            String user = backend.key.parameters().serverUser();
            byUser.merge(user, 1, Integer::sum);
            if (backend.turn <= untilTurn) {
                longest.putIfAbsent(user, backend);
            }
        }
        // Among users with equally many, the one whose connection has been idle longest.
        return longest.entrySet().stream()
                .max(Comparator.<Map.Entry<String, BackendEntry>>comparingInt(
                                entry -> byUser.getOrDefault(entry.getKey(), 0))
                        .thenComparing(Comparator.<Map.Entry<String, BackendEntry>>comparingLong(
                                        entry -> entry.getValue().turn)
                                .reversed()))
                .map(Map.Entry::getValue)
                .orElse(null);
    }
}
