package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.BackendStatus;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The master's ledger, and what {@link Admission} decides by it. */
class LedgerTest {

    private static final Endpoint SERVER = new Endpoint.Tcp("server", 5432);
    private static final PoolKey A = key("a");
    private static final PoolKey B = key("b");

    private static final PlaceLimits.Scope ALL = PlaceLimits.server(SERVER);

    /** Marks that a session has a place; the limits define where it counts. */
    private static final List<PlaceLimits.Scope> PLACE = List.of(ALL);

    private final Ledger ledger = new Ledger(limits(0));

    private static PlaceLimits limits(int ofServer) {
        return limits(ofServer, Map.of());
    }

    private static PlaceLimits limits(int ofServer, Map<String, Integer> ofUser) {
        return new PlaceLimits(new ProxyConfig.Limits(100, ofServer, 0, 100, ofUser, Map.of()));
    }

    private static Admission.Decision decide(Ledger ledger, PoolKey key, int ofServer, long maxWorkerLoad) {
        PlaceLimits limits = limits(ofServer);
        ledger.limitsAre(limits);
        return Admission.decide(ledger, proved(limits, key), maxWorkerLoad, scope -> 0);
    }

    private static Admission.Candidate proved(PlaceLimits limits, PoolKey key) {
        return new Admission.Candidate(key, Standing.PROVED, limits.scopes(key), 0, true);
    }

    private static Admission.Candidate stranger(PlaceLimits limits, PoolKey key, String neighbour) {
        return new Admission.Candidate(
                key, Standing.STRANGER, limits.scopes(key, Standing.STRANGER, neighbour), 0, true);
    }

    private static PoolKey key(String user) {
        return new PoolKey(
                SERVER, 3 << 16, new StartupParameters(List.of(new StartupParameters.Parameter("user", user))));
    }

    private BackendEntry idle(long session, long backend, PoolKey key) {
        ledger.assigned(1, session, key, 0, null, PLACE);
        ledger.joined(1, session, backend);
        ledger.backendStatus(1, backend, BackendStatus.RESETTING);
        ledger.sessionClosed(1, session);
        ledger.backendStatus(1, backend, BackendStatus.IDLE);
        BackendEntry entry = ledger.unused().idle(key);
        assertNotNull(entry);
        return entry;
    }

    private static @Nullable BackendEntry longestIdle(Ledger ledger, PlaceLimits.Scope scope) {
        return ledger.idleOf(scope).isEmpty() ? null : ledger.idleOf(scope).first();
    }

    @Test
    void countsASessionUntilItsBackendIsKnownAndTheBackendFromThenOn() {
        ledger.workerReady(1);
        ledger.assigned(1, 1, A, 0, null, PLACE);
        assertEquals(1, ledger.connections(ALL));
        ledger.joined(1, 1, 10);
        assertEquals(1, ledger.connections(ALL));
        ledger.backendStatus(1, 10, BackendStatus.RESETTING);
        ledger.sessionClosed(1, 1);
        assertEquals(1, ledger.connections(ALL));
        assertNotNull(ledger.unused().resetting(A));
        assertNull(ledger.unused().idle(A));
        ledger.backendStatus(1, 10, BackendStatus.IDLE);
        assertNotNull(ledger.unused().idle(A));
        ledger.backendGone(1, 10);
        assertEquals(0, ledger.connections(ALL));
        assertNull(ledger.unused().idle(A));
    }

    /** There may be tens of thousands of them. */
    @Test
    void sessionsOfOneKindShareTheListOfWhereTheyCount() {
        ledger.workerReady(1);
        BackendEntry first = idle(1, 10, A);
        BackendEntry second = idle(2, 11, A);
        assertSame(first.counts, second.counts);
    }

    @Test
    void promisedBackendIsPromisedOnce() {
        ledger.workerReady(1);
        BackendEntry backend = idle(1, 10, A);
        ledger.assigned(1, 2, A, 0, backend, PLACE);
        assertNull(ledger.unused().idle(A));
        assertEquals(1, ledger.connections(ALL));
    }

    @Test
    void sessionThatTookAnothersBackendLeavesTheOtherCounted() {
        ledger.workerReady(1);
        BackendEntry backend = idle(1, 10, A);
        ledger.assigned(1, 2, A, 0, null, PLACE);
        ledger.assigned(1, 3, A, 0, backend, PLACE);
        ledger.joined(1, 2, 10);
        assertEquals(2, ledger.connections(ALL));
        ledger.joined(1, 3, 11);
        assertEquals(2, ledger.connections(ALL));
    }

    @Test
    void deadWorkerTakesEverythingWithIt() {
        ledger.workerReady(1);
        ledger.workerReady(2);
        idle(1, 10, A);
        ledger.assigned(1, 2, B, 0, null, PLACE);
        ledger.workerGone(1);
        assertEquals(0, ledger.connections(ALL));
        assertEquals(0, ledger.sessionCount());
        assertNull(ledger.unused().idle(A));
        ledger.joined(1, 2, 11); // A late report of the dead worker.
        assertEquals(0, ledger.connections(ALL));
    }

    @Test
    void warmBeforeNewAndNewBeforeEvictionAndEvictionBeforeWaiting() {
        assertInstanceOf(Admission.Decision.Wait.class, decide(ledger, A, 2, 1_000));
        ledger.workerReady(1);
        assertEquals(new Admission.Decision.Assign(1, null), decide(ledger, A, 2, 1_000));
        BackendEntry warm = idle(1, 10, A);
        assertEquals(new Admission.Decision.Assign(1, warm), decide(ledger, A, 2, 1_000));
        assertEquals(new Admission.Decision.Assign(1, null), decide(ledger, B, 2, 1_000));
        assertEquals(new Admission.Decision.Evict(warm, ALL), decide(ledger, B, 1, 1_000));
        ledger.closing(warm);
        assertInstanceOf(Admission.Decision.Wait.class, decide(ledger, B, 1, 1_000));
        ledger.backendGone(1, 10);
        assertEquals(new Admission.Decision.Assign(1, null), decide(ledger, B, 1, 1_000));
    }

    /** The reset may take longer than a new connection, for which the client has a place; so no other client may count on that backend. */
    @Test
    void whatIsBeingResetIsPromisedToOneOnly() {
        ledger.workerReady(1);
        BackendEntry resetting = idle(1, 10, A);
        ledger.backendStatus(1, 10, BackendStatus.RESETTING);
        assertEquals(
                new Admission.Decision.Assign(1, resetting), decide(ledger, A, 1, 1_000), "nothing else is allowed");
        assertEquals(new Admission.Decision.Assign(1, null, resetting), decide(ledger, A, 2, 1_000));
        ledger.booked(resetting);
        ledger.assigned(1, 2, A, 0, null, PLACE);
        assertInstanceOf(Admission.Decision.Wait.class, decide(ledger, A, 2, 1_000));
        ledger.backendStatus(1, 10, BackendStatus.RESETTING); // Its client no longer waits for it.
        assertEquals(new Admission.Decision.Assign(1, resetting), decide(ledger, A, 2, 1_000));
    }

    @Test
    void newClientsGoToTheWorkerWithTheFewestSessions() {
        ledger.workerReady(1);
        ledger.workerReady(2);
        ledger.assigned(1, 1, A, 0, null, PLACE);
        assertEquals(new Admission.Decision.Assign(2, null), decide(ledger, A, 0, 1_000));
    }

    @Test
    void workerWithoutDescriptorsGetsNobody() {
        ledger.workerReady(1);
        idle(1, 10, A);
        assertInstanceOf(Admission.Decision.Wait.class, decide(ledger, A, 0, 1));
        assertInstanceOf(Admission.Decision.Wait.class, decide(ledger, B, 0, 2));
        assertEquals(new Admission.Decision.Assign(1, null), decide(ledger, B, 0, 3));
    }

    private static int nobodyAhead(PlaceLimits.Scope scope) {
        return 0;
    }

    @Test
    void limitOfAUserCountsHisConnectionsOnly() {
        PlaceLimits limits = limits(10, Map.of("a", 1));
        Ledger book = new Ledger(limits);
        book.workerReady(1);
        PlaceLimits.Scope ofA = new PlaceLimits.Scope(SERVER, PlaceLimits.Kind.USER, "a");
        book.assigned(1, 1, A, 0, null, PLACE);
        assertEquals(1, book.connections(ofA));
        assertEquals(
                new Admission.Decision.Wait(ofA),
                Admission.decide(book, proved(limits, A), 1_000, LedgerTest::nobodyAhead));
        assertInstanceOf(
                Admission.Decision.Assign.class,
                Admission.decide(book, proved(limits, B), 1_000, LedgerTest::nobodyAhead));
        book.sessionClosed(1, 1);
        assertInstanceOf(
                Admission.Decision.Assign.class,
                Admission.decide(book, proved(limits, A), 1_000, LedgerTest::nobodyAhead));
    }

    @Test
    void userAtHisLimitEvictsHisOwn() {
        PlaceLimits limits = limits(10, Map.of("a", 1));
        Ledger book = new Ledger(limits);
        PoolKey other = new PoolKey(
                SERVER,
                3 << 16,
                new StartupParameters(List.of(
                        new StartupParameters.Parameter("options", "x"),
                        new StartupParameters.Parameter("user", "a"))));
        book.workerReady(1);
        for (Map.Entry<Long, PoolKey> backend : new TreeMap<>(Map.of(10L, B, 11L, other)).entrySet()) {
            book.assigned(1, 1, backend.getValue(), 0, null, PLACE);
            book.joined(1, 1, backend.getKey());
            book.sessionClosed(1, 1);
            book.backendStatus(1, backend.getKey(), BackendStatus.IDLE);
        }
        Admission.Decision decision = Admission.decide(book, proved(limits, A), 1_000, LedgerTest::nobodyAhead);
        assertEquals(
                11, assertInstanceOf(Admission.Decision.Evict.class, decision).backend().id);
    }

    @Test
    void aPlaceThatSomebodyWaitsForIsNotBecomingFree() {
        ledger.workerReady(1);
        BackendEntry warm = idle(1, 10, A);
        ledger.assigned(1, 2, A, 0, warm, PLACE);
        ledger.joined(1, 2, 10);
        ledger.backendStatus(1, 10, BackendStatus.CLOSING);
        assertEquals(0, ledger.closing(ALL));
        BackendEntry other = idle(3, 11, A);
        assertEquals(new Admission.Decision.Evict(other, ALL), decide(ledger, B, 2, 1_000));
        ledger.sessionClosed(1, 2);
        assertEquals(1, ledger.closing(ALL));
        ledger.backendGone(1, 10);
        assertEquals(0, ledger.closing(ALL));
    }

    @Test
    void otherLimitsCountWhatIsThereAsIfTheyHadAlwaysBeen() {
        PlaceLimits.Scope ofUser = new PlaceLimits.Scope(SERVER, PlaceLimits.Kind.USER, "a");
        PlaceLimits later = limits(5, Map.of("a", 2));
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            Ledger always = new Ledger(later);
            Ledger changed = new Ledger(limits(0));
            int change = random.nextInt(40);
            for (int step = 0; step < 40; step++) {
                if (step == change) {
                    changed.limitsAre(later);
                }
                report(new Random(seed * 1000L + step), List.of(always, changed));
            }
            for (PlaceLimits.Scope scope : List.of(ALL, ofUser)) {
                String where = "seed=" + seed + " " + scope;
                assertEquals(always.connections(scope), changed.connections(scope), where);
                assertEquals(always.closing(scope), changed.closing(scope), where);
                assertEquals(idOf(longestIdle(always, scope)), idOf(longestIdle(changed, scope)), where);
            }
            assertEquals(
                    always.search().sessionsOf(Set.of(SERVER)),
                    changed.search().sessionsOf(Set.of(SERVER)),
                    "seed=" + seed);
        }
    }

    private static long idOf(@Nullable BackendEntry entry) {
        return entry == null ? -1 : entry.id;
    }

    /** Applies the same report of a worker to each ledger. */
    private static void report(Random random, List<Ledger> books) {
        int slot = 1 + random.nextInt(2);
        long session = random.nextInt(6);
        long backend = random.nextInt(6);
        PoolKey key = session % 2 == 0 ? A : B;
        int kind = random.nextInt(8);
        List<BackendStatus> all = List.of(BackendStatus.values());
        BackendStatus status = all.get(random.nextInt(all.size()));
        for (Ledger book : books) {
            switch (kind) {
                case 0 -> {
                    if (book.workers().stream().noneMatch(worker -> worker.slot == slot)) {
                        book.workerReady(slot);
                    }
                }
                case 1 -> {
                    book.sessionClosed(slot, session); // A session number is used once.
                    book.assigned(slot, session, key, 0, null, PLACE);
                }
                case 2, 3 -> book.joined(slot, session, backend);
                case 4, 5 -> book.backendStatus(slot, backend, status);
                case 6 -> book.sessionClosed(slot, session);
                default -> book.backendGone(slot, backend);
            }
        }
    }

    @Test
    void whatBecomesFreeIsForThoseAhead() {
        ledger.workerReady(1);
        BackendEntry warm = idle(1, 10, A);
        ledger.limitsAre(limits(1));
        Admission.Decision behind = Admission.decide(ledger, proved(limits(1), A), 1_000, scope -> 1);
        assertEquals(new Admission.Decision.Wait(ALL), behind);
        idle(2, 11, A);
        ledger.closing(warm); // The client ahead will get this place.
        ledger.limitsAre(limits(2));
        assertInstanceOf(
                Admission.Decision.Assign.class, Admission.decide(ledger, proved(limits(2), A), 1_000, scope -> 1));
    }

    /**
     * A worker that decides by its own state, and whose reports and orders are randomly delayed, never holds more backends than the limit,
     * whatever a master that goes by its ledger sends to it.
     */
    @Test
    void limitHoldsHoweverLateTheReportsAre() {
        for (int seed = 0; seed < 500; seed++) {
            new LateWorker(seed).run();
        }
    }

    /** A worker with free, used and closing backends, and two queues between it and the ledger. */
    private static final class LateWorker {
        private static final int LIMIT = 3;

        /** A client whose promised backend is being closed. */
        private record Waiting(long session, PoolKey key) {}

        private final int seed;
        private final Random random;
        private final Ledger book = new Ledger(limits(LIMIT));
        private final ArrayDeque<Runnable> toWorker = new ArrayDeque<>();
        private final ArrayDeque<Runnable> toMaster = new ArrayDeque<>();
        private final Map<Long, PoolKey> free = new HashMap<>();
        private final Map<Long, Long> used = new HashMap<>();
        private final Map<Long, PoolKey> keys = new HashMap<>();
        private final Map<Long, Optional<Waiting>> closing = new HashMap<>();
        private long next = 1;

        private LateWorker(int seed) {
            this.seed = seed;
            this.random = new Random(seed);
            book.workerReady(1);
        }

        private void run() {
            for (int step = 0; step < 500; step++) {
                switch (random.nextInt(6)) {
                    case 0 -> admit(random.nextBoolean() ? A : B);
                    case 1 -> runNext(toWorker);
                    case 2 -> runNext(toMaster);
                    case 3 -> anyOf(free.keySet()).ifPresent(this::close);
                    case 4 -> anyOf(closing.keySet()).ifPresent(this::ended);
                    default -> anyOf(used.keySet()).ifPresent(this::leave);
                }
                assertEquals(
                        true,
                        keys.size() <= LIMIT,
                        "seed=" + seed + " step=" + step + ": " + keys.size() + " backends");
            }
        }

        private static void runNext(ArrayDeque<Runnable> queue) {
            if (!queue.isEmpty()) {
                queue.remove().run();
            }
        }

        private Optional<Long> anyOf(Set<Long> ids) {
            List<Long> all = new ArrayList<>(ids);
            return all.isEmpty() ? Optional.empty() : Optional.of(all.get(random.nextInt(all.size())));
        }

        private void admit(PoolKey key) {
            Admission.Decision decision = decide(book, key, LIMIT, 1_000);
            if (decision instanceof Admission.Decision.Assign assign) {
                long session = next++;
                book.assigned(1, session, key, 0, assign.claimed(), PLACE);
                long expected = assign.claimed() == null ? 0 : assign.claimed().id;
                toWorker.add(() -> serve(session, key, expected));
            } else if (decision instanceof Admission.Decision.Evict evict) {
                book.closing(evict.backend());
                toWorker.add(() -> close(evict.backend().id));
            }
        }

        private void serve(long session, PoolKey key, long expected) {
            List<Long> fitting = free.keySet().stream()
                    .filter(backend -> key.equals(free.get(backend)))
                    .toList();
            if (fitting.isEmpty() && closing.containsKey(expected)) {
                closing.put(expected, Optional.of(new Waiting(session, key)));
                toMaster.add(() -> book.joined(1, session, expected));
                toMaster.add(() -> book.backendStatus(1, expected, BackendStatus.CLOSING));
                return;
            }
            long backend = fitting.isEmpty() ? next++ : fitting.get(random.nextInt(fitting.size()));
            free.remove(backend);
            keys.put(backend, key);
            used.put(session, backend);
            toMaster.add(() -> book.joined(1, session, backend));
        }

        private void close(long backend) {
            if (free.remove(backend) != null) {
                closing.put(backend, Optional.empty());
                toMaster.add(() -> book.backendStatus(1, backend, BackendStatus.CLOSING));
            }
        }

        private void ended(long backend) {
            Optional<Waiting> waiting = closing.getOrDefault(backend, Optional.empty());
            closing.remove(backend);
            keys.remove(backend);
            toMaster.add(() -> book.backendGone(1, backend));
            waiting.ifPresent(client -> serve(client.session(), client.key(), 0));
        }

        private void leave(long session) {
            Long backend = used.remove(session);
            PoolKey key = backend == null ? null : keys.get(backend);
            if (backend == null || key == null) {
                return;
            }
            free.put(backend, key);
            toMaster.add(() -> book.backendStatus(1, backend, BackendStatus.RESETTING));
            toMaster.add(() -> book.sessionClosed(1, session));
            toMaster.add(() -> book.backendStatus(1, backend, BackendStatus.IDLE));
        }
    }

    @Test
    void strangersHaveAFewPlacesAndNobodyMakesRoomForThem() {
        PlaceLimits limits = limits(20);
        Ledger book = new Ledger(limits);
        book.workerReady(1);
        Admission.Candidate stranger = stranger(limits, A, "10.0.0.1");
        assertInstanceOf(
                Admission.Decision.Assign.class, Admission.decide(book, stranger, 1_000, LedgerTest::nobodyAhead));
        book.assigned(1, 1, A, 0, null, stranger.scopes());
        Admission.Decision second = Admission.decide(book, stranger, 1_000, LedgerTest::nobodyAhead);
        assertTrue(((Admission.Decision.Wait) second).scope().isOfStrangers(), "one neighbour has half of two");
        Admission.Candidate other = stranger(limits, A, "10.0.0.2");
        assertInstanceOf(
                Admission.Decision.Assign.class, Admission.decide(book, other, 1_000, LedgerTest::nobodyAhead));
        book.assigned(1, 2, A, 0, null, other.scopes());
        Admission.Candidate third = stranger(limits, A, "10.0.0.3");
        assertInstanceOf(Admission.Decision.Wait.class, Admission.decide(book, third, 1_000, LedgerTest::nobodyAhead));
        assertInstanceOf(
                Admission.Decision.Assign.class,
                Admission.decide(book, proved(limits, A), 1_000, LedgerTest::nobodyAhead));

        book.proved(1, 1);
        assertInstanceOf(
                Admission.Decision.Assign.class, Admission.decide(book, third, 1_000, LedgerTest::nobodyAhead));
        book.sessionClosed(1, 2);
        for (long i = 10; i < 29; i++) {
            book.assigned(1, i, B, 0, null, PLACE);
            book.joined(1, i, 100 + i);
            book.sessionClosed(1, i);
            book.backendStatus(1, 100 + i, BackendStatus.IDLE);
        }
        assertEquals(20, book.connections(ALL));
        Admission.Decision full = Admission.decide(book, third, 1_000, LedgerTest::nobodyAhead);
        assertEquals(
                ALL, ((Admission.Decision.Wait) full).scope(), "it waits in order of arrival, and nobody makes room");
        assertInstanceOf(
                Admission.Decision.Evict.class,
                Admission.decide(book, proved(limits, A), 1_000, LedgerTest::nobodyAhead));
    }

    @Test
    void aVisitorCountsNowhereUntilItHasAPlace() {
        PlaceLimits limits = limits(1);
        Ledger book = new Ledger(limits);
        book.workerReady(1);
        book.assigned(1, 1, A, 0, null, List.of());
        assertEquals(0, book.connections(ALL));
        assertEquals(1, book.sessionCount());
        book.placed(1, 1, null, PLACE);
        assertEquals(1, book.connections(ALL));
        book.joined(1, 1, 10);
        assertEquals(1, book.connections(ALL));
        book.unplaced(1, 1);
        assertEquals(1, book.connections(ALL), "the backend is there still");
        book.backendStatus(1, 10, BackendStatus.RESETTING);
        book.backendStatus(1, 10, BackendStatus.IDLE);
        assertEquals(1, book.idleOf(ALL).size());
        book.placed(1, 1, null, PLACE);
        assertEquals(2, book.connections(ALL));
        book.backendGone(1, 10);
        book.sessionClosed(1, 1);
        assertEquals(0, book.connections(ALL));
        assertEquals(0, book.heldBytes());
    }

    @Test
    void whoHasTheMostIdleBackendsLosesOneFirst() {
        ledger.workerReady(1);
        BackendEntry oldest = idle(1, 10, B);
        idle(2, 20, A);
        idle(3, 30, A);
        BackendEntry first =
                LedgerSearch.firstToGo(ledger.idleOf(ALL), ledger.unused().lastTurn());
        assertNotNull(first);
        assertEquals(20, first.id);
        ledger.closing(first);
        assertEquals(
                oldest,
                LedgerSearch.firstToGo(ledger.idleOf(ALL), ledger.unused().lastTurn()));
    }

    /** Until then the whole packet is kept, and the key may be a small part of it. */
    @Test
    void whatIsKeptOfAClientCountsUntilItHasProvedWhoItIs() {
        ledger.workerReady(1);
        ledger.assigned(1, 1, A, 30_000, null, List.of());
        assertEquals(30_000, ledger.heldBytes());
        ledger.placed(1, 1, null, PLACE);
        assertEquals(30_000, ledger.heldBytes());
        ledger.proved(1, 1);
        assertTrue(ledger.heldBytes() < 3_000, () -> ledger.heldBytes() + " bytes");
        ledger.assigned(1, 2, A, 30_000, null, List.of());
        ledger.sessionClosed(1, 2);
        ledger.sessionClosed(1, 1);
        assertEquals(0, ledger.heldBytes());
    }
}
