package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.master.routing.LedgerEntries.BackendStatus;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class IdleBackendsTest {

    private static List<Long> evicted(Rooms rooms) {
        return Stream.of(rooms.one, rooms.two)
                .flatMap(worker -> worker.received(BackendMessages.EvictBackend.class).stream())
                .map(BackendMessages.EvictBackend::backendId)
                .toList();
    }

    /** All five places are taken by backends 10 to 14, the last of which has just become idle. */
    private static Rooms fullOfIdleBackends() {
        Rooms rooms = new Rooms("max_server_conn = 5");
        for (long id = 10; id < 15; id++) {
            rooms.idleBackend(rooms.one, id, "ann");
        }
        rooms.idle.becameIdle(Rooms.key("ann"));
        return rooms;
    }

    @Test
    void closesTheSurplusOfTheUserWithTheMostFirst() {
        Rooms rooms = new Rooms("max_idle_server_conn = 2");
        rooms.idleBackend(rooms.one, 10, "ann");
        rooms.idleBackend(rooms.one, 11, "bob");
        rooms.idleBackend(rooms.two, 12, "bob");
        rooms.idle.becameIdle(Rooms.key("bob"));
        assertEquals(List.of(11L), evicted(rooms));
        rooms.idle.becameIdle(Rooms.key("bob"));
        assertEquals(List.of(11L), evicted(rooms), "a backend that is being closed is not idle any more");
    }

    @Test
    void closesWhatIsAboveALoweredLimit() {
        Rooms rooms = new Rooms("max_server_conn = 3");
        rooms.idleBackend(rooms.one, 10, "ann");
        rooms.idleBackend(rooms.one, 11, "ann");
        rooms.idleBackend(rooms.two, 12, "bob");
        rooms.ledger.limitsAre(new Rooms("max_server_conn = 1").ledger.limits());
        rooms.idle.configure(0, Set.of(Rooms.DB));
        assertEquals(List.of(10L, 11L), evicted(rooms));
    }

    @Test
    void freesTheReserveForStrangersOnlyOfBackendsThatRestForAWhile() {
        Rooms rooms = fullOfIdleBackends();
        rooms.passMs(999);
        assertEquals(List.of(), evicted(rooms));
        rooms.passMs(1);
        assertEquals(List.of(10L), evicted(rooms));
        rooms.passMs(5_000);
        assertEquals(List.of(10L), evicted(rooms), "one free place is the whole reserve");
    }

    @Test
    void keepsABackendThatWasUsedMeanwhile() {
        Rooms rooms = fullOfIdleBackends();
        rooms.passMs(500);
        rooms.ledger.assigned(
                1,
                1,
                Rooms.key("ann"),
                0,
                rooms.ledger.backend(1, 10),
                rooms.ledger.limits().scopes(Rooms.key("ann")));
        rooms.ledger.sessionClosed(1, 1);
        rooms.ledger.backendStatus(1, 10, BackendStatus.IDLE);
        rooms.passMs(500);
        assertEquals(List.of(11L), evicted(rooms));
    }

    @Test
    void evictsNothingThatIsInUse() {
        Rooms rooms = new Rooms();
        LedgerEntries.BackendEntry backend = rooms.idleBackend(rooms.one, 10, "ann");
        rooms.ledger.assigned(
                1, 1, Rooms.key("ann"), 0, backend, rooms.ledger.limits().scopes(Rooms.key("ann")));
        rooms.idle.evictIfIdle(backend);
        assertEquals(List.of(), evicted(rooms));
    }
}
