package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackendReportsTest {

    private final Rooms rooms = new Rooms("max_server_conn = 1");
    private final BackendReports reports = new BackendReports(rooms.workers, rooms.ledger, rooms.idle, rooms.turns);

    private int sent() {
        return rooms.one.received(SessionMessages.AssignSession.class).size()
                + rooms.two.received(SessionMessages.AssignSession.class).size();
    }

    @Test
    void aClientThatWaitsHasABackendAsSoonAsItIsIdle() {
        BackendEntry backend = rooms.idleBackend(rooms.one, 10, "ann");
        rooms.ledger.assigned(
                1, 1, Rooms.key("ann"), 0, backend, rooms.ledger.limits().scopes(Rooms.key("ann")));
        rooms.ledger.joined(1, 1, 10);
        rooms.enter(2, "ann", Standing.PROVED);
        rooms.turns.take(Rooms.DB);
        assertEquals(0, sent());
        rooms.ledger.sessionClosed(1, 1);
        reports.onBackendResetting(rooms.one, new BackendMessages.BackendResetting(10));
        assertEquals(1, sent(), "one in reset is ready sooner than a new one, and no other is allowed");
    }

    @Test
    void aPlaceIsFreeWhenTheBackendIsGoneAndNotBefore() {
        rooms.idleBackend(rooms.one, 10, "bob");
        rooms.enter(2, "ann", Standing.PROVED);
        rooms.turns.take(Rooms.DB);
        reports.onBackendClosing(rooms.one, new BackendMessages.BackendClosing(10));
        assertEquals(0, sent());
        reports.onBackendGone(rooms.one, new BackendMessages.BackendGone(10));
        assertEquals(1, sent());
    }

    @Test
    void aBackendThatSomebodyWaitsToSeeGoneIsClosedOnceItIsIdle() {
        BackendEntry backend = rooms.idleBackend(rooms.one, 10, "ann");
        backend.isWantedGone = true;
        reports.onBackendIdle(rooms.one, new BackendMessages.BackendIdle(10));
        assertEquals(
                List.of(new BackendMessages.EvictBackend(10)), rooms.one.received(BackendMessages.EvictBackend.class));
    }

    @Test
    void aReportOfABackendThatTheLedgerDoesNotKnowChangesNothing() {
        reports.onBackendIdle(rooms.one, new BackendMessages.BackendIdle(77));
        reports.onBackendGone(rooms.one, new BackendMessages.BackendGone(77));
        assertEquals(0, rooms.ledger.connections(PlaceLimits.server(Rooms.DB)));
    }

    @Test
    void allWorkersHearOfACommandThatNeedsADatabaseForItself() {
        reports.onObjectInUse(rooms.one, new BackendMessages.ObjectInUse(Rooms.DB, "shop", true));
        for (var worker : List.of(rooms.one, rooms.two)) {
            assertEquals(
                    List.of(new BackendMessages.GiveUpIdle(Rooms.DB, "shop", true)),
                    worker.received(BackendMessages.GiveUpIdle.class));
        }
    }
}
