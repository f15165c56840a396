package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.BackendStatus;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LedgerSearchTest {

    private static final String ALL_CONNECTIONS = "InitProcess";
    private static final String ROLE_LIMIT = "InitializeSessionUserId";

    private final Rooms rooms = new Rooms();

    private LedgerSearch search() {
        return rooms.ledger.search();
    }

    private long inTheWay(String user, String routine) {
        @Nullable BackendEntry found = search().inTheWay(Rooms.key(user), routine);
        return found == null ? 0 : found.id;
    }

    @Test
    void countsTheSessionsOfAServerByUser() {
        rooms.ledger.assigned(1, 1, Rooms.key("ann"), 0, null, List.of());
        rooms.ledger.assigned(2, 2, Rooms.key("ann"), 0, null, List.of());
        rooms.ledger.assigned(2, 3, Rooms.key("bob"), 0, null, List.of());
        assertEquals(Map.of("ann on shop", 2, "bob on shop", 1), search().sessionsOf(Set.of(Rooms.DB)));
        assertEquals(Map.of(), search().sessionsOf(Set.of(new Endpoint.Tcp("another", 5432))));
    }

    @Test
    void aConnectionOfTheSameRoleGoesBeforeOneThatIsIdleForLonger() {
        rooms.idleBackend(rooms.one, 10, "bob");
        rooms.idleBackend(rooms.two, 11, "ann");
        assertEquals(11, inTheWay("ann", ALL_CONNECTIONS));
        assertEquals(10, inTheWay("carl", ALL_CONNECTIONS));
    }

    @Test
    void whereTheServerNamesTheRolesLimitOnlyTheRolesConnectionsHelp() {
        rooms.idleBackend(rooms.one, 10, "bob");
        assertEquals(0, inTheWay("ann", ROLE_LIMIT));
        assertEquals(10, inTheWay("bob", ROLE_LIMIT));
    }

    @Test
    void neitherAUsedConnectionNorOneThatIsPromisedAwayIsInTheWay() {
        BackendEntry used = rooms.idleBackend(rooms.one, 10, "ann");
        rooms.ledger.assigned(
                1, 1, Rooms.key("ann"), 0, used, rooms.ledger.limits().scopes(Rooms.key("ann")));
        rooms.ledger.joined(1, 1, 10);
        BackendEntry promised = rooms.idleBackend(rooms.one, 11, "ann");
        promised.isWantedGone = true;
        assertEquals(0, inTheWay("ann", ALL_CONNECTIONS));
        assertTrue(search().hasUnused(Rooms.key("ann")));
        assertFalse(search().hasUnused(Rooms.key("bob")));
    }

    @Test
    void anIdleConnectionGoesBeforeOneThatIsBeingClosed() {
        BackendEntry closing = rooms.idleBackend(rooms.one, 10, "ann");
        rooms.ledger.backendStatus(1, closing.id, BackendStatus.CLOSING);
        assertEquals(10, inTheWay("ann", ALL_CONNECTIONS));
        rooms.idleBackend(rooms.two, 11, "bob");
        assertEquals(11, inTheWay("ann", ALL_CONNECTIONS));
    }

    @Test
    void theUserWithTheMostIdleConnectionsLosesTheOldestOfThem() {
        rooms.idleBackend(rooms.one, 10, "ann");
        rooms.idleBackend(rooms.one, 11, "bob");
        BackendEntry last = rooms.idleBackend(rooms.two, 12, "bob");
        PlaceLimits.Scope all = PlaceLimits.server(Rooms.DB);
        BackendEntry first = LedgerSearch.firstToGo(rooms.ledger.idleOf(all), last.turn);
        assertNotNull(first);
        assertEquals(11, first.id);
        assertNull(LedgerSearch.firstToGo(rooms.ledger.idleOf(all), 0), "none was idle so early");
    }

    @Test
    void theWorkerWithTheMostBackendsForEachClientThatItAsksIsChosen() {
        assertNull(search().withMostFor(Rooms.key("ann")));
        rooms.idleBackend(rooms.one, 10, "ann");
        rooms.idleBackend(rooms.one, 11, "ann");
        rooms.idleBackend(rooms.two, 12, "ann");
        assertEquals(1, slotWithMost());
        rooms.ledger.assigned(1, 1, Rooms.key("ann"), 0, null, List.of());
        rooms.ledger.assigned(1, 2, Rooms.key("ann"), 0, null, List.of());
        assertEquals(2, slotWithMost());
    }

    private int slotWithMost() {
        LedgerEntries.@Nullable WorkerEntry worker = search().withMostFor(Rooms.key("ann"));
        return worker == null ? 0 : worker.slot;
    }
}
