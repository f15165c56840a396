package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.BackendStatus;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UnusedBackendsTest {

    private static final PoolKey ANN = Rooms.key("ann");

    private final Rooms rooms = new Rooms();

    private UnusedBackends unused() {
        return rooms.ledger.unused();
    }

    private int spareSlot() {
        LedgerEntries.@Nullable WorkerEntry worker = unused().withSpareIdle(ANN);
        return worker == null ? 0 : worker.slot;
    }

    @Test
    void theBackendThatWasUsedLastIsPreferred() {
        rooms.idleBackend(rooms.one, 10, "ann");
        BackendEntry last = rooms.idleBackend(rooms.two, 11, "ann");
        rooms.idleBackend(rooms.one, 12, "bob");
        assertSame(last, unused().idle(ANN));
        rooms.ledger.backendGone(2, 11);
        assertEquals(10, idleId());
    }

    private long idleId() {
        BackendEntry backend = unused().idle(ANN);
        return backend == null ? 0 : backend.id;
    }

    @Test
    void inOneWorkerAnIdleOneComesBeforeOneThatIsBeingReset() {
        BackendEntry idle = rooms.idleBackend(rooms.one, 10, "ann");
        BackendEntry resetting = rooms.idleBackend(rooms.one, 11, "ann");
        rooms.ledger.backendStatus(1, 11, BackendStatus.RESETTING);
        assertSame(resetting, unused().resetting(ANN));
        assertSame(idle, unused().warm(ANN, 1));
        rooms.ledger.backendGone(1, 10);
        assertSame(resetting, unused().warm(ANN, 1));
        assertNull(unused().warm(ANN, 2));
    }

    @Test
    void aBackendThatIsPromisedOrClosingIsNotUnused() {
        BackendEntry promised = rooms.idleBackend(rooms.one, 10, "ann");
        rooms.ledger.assigned(1, 1, ANN, 0, promised, rooms.ledger.limits().scopes(ANN));
        BackendEntry closing = rooms.idleBackend(rooms.one, 11, "ann");
        rooms.ledger.closing(closing);
        assertNull(unused().idle(ANN));
        assertNull(unused().resetting(ANN));
    }

    @Test
    void theWorkerWithMoreIdleBackendsThanClientsItAsksHasSpareOnes() {
        assertEquals(0, spareSlot());
        rooms.idleBackend(rooms.one, 10, "ann");
        rooms.idleBackend(rooms.two, 11, "ann");
        rooms.idleBackend(rooms.two, 12, "ann");
        assertEquals(2, spareSlot());
        rooms.ledger.assigned(2, 1, ANN, 0, null, List.of());
        rooms.ledger.assigned(2, 2, ANN, 0, null, List.of());
        assertEquals(1, spareSlot());
        rooms.ledger.assigned(1, 3, ANN, 0, null, List.of());
        assertEquals(0, spareSlot());
    }
}
