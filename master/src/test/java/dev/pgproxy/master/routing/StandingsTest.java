package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.auth.AuthenticationMethod;
import java.util.List;
import org.junit.jupiter.api.Test;

class StandingsTest {

    private static Standing of(Rooms rooms, String user) {
        return new Standings(rooms.known, rooms.ledger, rooms.holds)
                .of(rooms.clients.client(1, user, 1), Rooms.key(user), PlayedClients.startup(user));
    }

    private static Rooms withAnnsPassword(String... limits) {
        Rooms rooms = new Rooms(limits);
        rooms.known.letIn(Rooms.DB, PlayedClients.startup("ann").parameters(), AuthenticationMethod.MD5);
        return rooms;
    }

    @Test
    void whoseMethodIsNotKnownIsAStranger() {
        assertEquals(Standing.STRANGER, of(withAnnsPassword("max_server_conn = 5"), "bob"));
    }

    @Test
    void whereThereIsALimitAClientIsAskedFirst() {
        assertEquals(Standing.VISITOR, of(withAnnsPassword("max_server_conn = 5"), "ann"));
    }

    @Test
    void whereItCostsNobodyAnythingTheServerAsks() {
        assertEquals(Standing.STRANGER, of(withAnnsPassword(), "ann"));
    }

    @Test
    void aWarmBackendIsNotForWhoHasProvedNothing() {
        Rooms rooms = withAnnsPassword();
        rooms.idleBackend(rooms.one, 10, "ann");
        assertEquals(Standing.VISITOR, of(rooms, "ann"));
    }

    @Test
    void whileTheServerIsHeldAClientIsAskedByAWorker() {
        Rooms rooms = withAnnsPassword();
        rooms.holds.pause(Rooms.DB);
        assertEquals(Standing.VISITOR, of(rooms, "ann"));
    }

    @Test
    void whenStrangersHaveAllTheirPlacesAClientIsAskedFirst() {
        Rooms rooms = withAnnsPassword();
        List<PlaceLimits.Scope> strangers =
                rooms.ledger.limits().scopes(Rooms.key("bob"), Standing.STRANGER, "10.0.0.1");
        for (long session = 100; of(rooms, "ann") == Standing.STRANGER; session++) {
            rooms.ledger.assigned(1, session, Rooms.key("bob"), 0, null, strangers);
        }
        assertEquals(25, rooms.ledger.sessionCount(), "half of the 50 places of a server without a limit");
    }
}
