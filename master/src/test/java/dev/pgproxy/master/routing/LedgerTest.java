package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.protocol.PoolKey;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.routing.Ledger.BackendStatus;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The master's book, and what {@link Admission} makes of it. */
class LedgerTest {

    private static final ServerAddress SERVER = new ServerAddress("server", 5432);
    private static final PoolKey A = key("a");
    private static final PoolKey B = key("b");

    private final Ledger ledger = new Ledger();

    private static PoolKey key(String user) {
        return new PoolKey(
                SERVER, 3 << 16, new StartupParameters(List.of(new StartupParameters.Parameter("user", user))));
    }

    private Ledger.BackendEntry idle(long session, long backend, PoolKey key) {
        ledger.assigned(1, session, key, null);
        ledger.joined(1, session, backend);
        ledger.backendStatus(1, backend, BackendStatus.RESETTING);
        ledger.sessionClosed(1, session);
        ledger.backendStatus(1, backend, BackendStatus.IDLE);
        Ledger.BackendEntry entry = ledger.idle(key);
        assertNotNull(entry);
        return entry;
    }

    @Test
    void countsASessionUntilItsBackendIsKnownAndTheBackendFromThenOn() {
        ledger.workerReady(1);
        ledger.assigned(1, 1, A, null);
        assertEquals(1, ledger.connections(SERVER));
        ledger.joined(1, 1, 10);
        assertEquals(1, ledger.connections(SERVER));
        ledger.backendStatus(1, 10, BackendStatus.RESETTING);
        ledger.sessionClosed(1, 1);
        assertEquals(1, ledger.connections(SERVER));
        assertNotNull(ledger.resetting(A));
        assertNull(ledger.idle(A));
        ledger.backendStatus(1, 10, BackendStatus.IDLE);
        assertNotNull(ledger.idle(A));
        ledger.backendGone(1, 10);
        assertEquals(0, ledger.connections(SERVER));
        assertNull(ledger.idle(A));
    }

    @Test
    void promisedBackendIsPromisedOnce() {
        ledger.workerReady(1);
        Ledger.BackendEntry backend = idle(1, 10, A);
        ledger.assigned(1, 2, A, backend);
        assertNull(ledger.idle(A));
        assertEquals(1, ledger.connections(SERVER));
    }

    @Test
    void sessionThatTookAnothersBackendLeavesTheOtherCounted() {
        ledger.workerReady(1);
        Ledger.BackendEntry backend = idle(1, 10, A);
        ledger.assigned(1, 2, A, null);
        ledger.assigned(1, 3, A, backend);
        ledger.joined(1, 2, 10);
        assertEquals(2, ledger.connections(SERVER));
        ledger.joined(1, 3, 11);
        assertEquals(2, ledger.connections(SERVER));
    }

    @Test
    void deadWorkerTakesEverythingWithIt() {
        ledger.workerReady(1);
        ledger.workerReady(2);
        idle(1, 10, A);
        ledger.assigned(1, 2, B, null);
        ledger.workerGone(1);
        assertEquals(0, ledger.connections(SERVER));
        assertEquals(0, ledger.sessionCount());
        assertNull(ledger.idle(A));
        ledger.joined(1, 2, 11); // A late report of the dead.
        assertEquals(0, ledger.connections(SERVER));
    }

    @Test
    void warmBeforeNewAndNewBeforeEvictionAndEvictionBeforeWaiting() {
        assertInstanceOf(Admission.Decision.Wait.class, Admission.decide(ledger, A, 2, 1_000));
        ledger.workerReady(1);
        assertEquals(new Admission.Decision.Assign(1, null), Admission.decide(ledger, A, 2, 1_000));
        Ledger.BackendEntry warm = idle(1, 10, A);
        assertEquals(new Admission.Decision.Assign(1, warm), Admission.decide(ledger, A, 2, 1_000));
        assertEquals(new Admission.Decision.Assign(1, null), Admission.decide(ledger, B, 2, 1_000));
        assertEquals(new Admission.Decision.Evict(warm), Admission.decide(ledger, B, 1, 1_000));
        ledger.evicting(warm);
        assertInstanceOf(Admission.Decision.Wait.class, Admission.decide(ledger, B, 1, 1_000));
        ledger.backendGone(1, 10);
        assertEquals(new Admission.Decision.Assign(1, null), Admission.decide(ledger, B, 1, 1_000));
    }

    @Test
    void newClientsGoToTheWorkerWithTheFewestSessions() {
        ledger.workerReady(1);
        ledger.workerReady(2);
        ledger.assigned(1, 1, A, null);
        assertEquals(new Admission.Decision.Assign(2, null), Admission.decide(ledger, A, 0, 1_000));
    }

    @Test
    void workerWithoutDescriptorsGetsNobody() {
        ledger.workerReady(1);
        idle(1, 10, A);
        assertInstanceOf(Admission.Decision.Wait.class, Admission.decide(ledger, A, 0, 1));
        assertInstanceOf(Admission.Decision.Wait.class, Admission.decide(ledger, B, 0, 2));
        assertEquals(new Admission.Decision.Assign(1, null), Admission.decide(ledger, B, 0, 3));
    }

    /**
     * A worker that decides by its own state, and whose reports and orders are late by chance, never holds more backends than
     * the limit, whatever it is sent by a master that goes by its book.
     */
    @Test
    void limitHoldsHoweverLateTheReportsAre() {
        for (int seed = 0; seed < 500; seed++) {
            new LateWorker(seed).run();
        }
    }

    /** A worker in which backends are free or used, and two queues between it and the book. */
    private static final class LateWorker {
        private static final int LIMIT = 3;

        private final int seed;
        private final Random random;
        private final Ledger book = new Ledger();
        private final ArrayDeque<Runnable> toWorker = new ArrayDeque<>();
        private final ArrayDeque<Runnable> toMaster = new ArrayDeque<>();
        private final Map<Long, PoolKey> free = new HashMap<>();
        private final Map<Long, Long> used = new HashMap<>();
        private final Map<Long, PoolKey> keys = new HashMap<>();
        private long next = 1;

        private LateWorker(int seed) {
            this.seed = seed;
            this.random = new Random(seed);
            book.workerReady(1);
        }

        private void run() {
            for (int step = 0; step < 500; step++) {
                switch (random.nextInt(4)) {
                    case 0 -> admit(random.nextBoolean() ? A : B);
                    case 1 -> runNext(toWorker);
                    case 2 -> runNext(toMaster);
                    default -> leave();
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

        private void admit(PoolKey key) {
            Admission.Decision decision = Admission.decide(book, key, LIMIT, 1_000);
            if (decision instanceof Admission.Decision.Assign assign) {
                long session = next++;
                book.assigned(1, session, key, assign.claimed());
                toWorker.add(() -> serve(session, key));
            } else if (decision instanceof Admission.Decision.Evict evict) {
                book.evicting(evict.backend());
                toWorker.add(() -> close(evict.backend().id));
            }
        }

        private void serve(long session, PoolKey key) {
            List<Long> fitting = free.keySet().stream()
                    .filter(backend -> key.equals(free.get(backend)))
                    .toList();
            long backend = fitting.isEmpty() ? next++ : fitting.get(random.nextInt(fitting.size()));
            free.remove(backend);
            keys.put(backend, key);
            used.put(session, backend);
            toMaster.add(() -> book.joined(1, session, backend));
        }

        private void close(long backend) {
            if (free.remove(backend) != null) {
                keys.remove(backend);
                toMaster.add(() -> book.backendGone(1, backend));
            }
        }

        private void leave() {
            List<Long> sessions = new ArrayList<>(used.keySet());
            if (sessions.isEmpty()) {
                return;
            }
            long session = sessions.get(random.nextInt(sessions.size()));
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
}
