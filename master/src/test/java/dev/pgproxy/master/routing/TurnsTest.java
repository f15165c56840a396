package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.worker.PlayedWorker;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TurnsTest {

    private static List<Long> sent(Rooms rooms) {
        return Stream.of(rooms.one, rooms.two)
                .flatMap(worker -> worker.received(SessionMessages.AssignSession.class).stream())
                .map(SessionMessages.AssignSession::sessionId)
                .sorted()
                .toList();
    }

    private static List<BackendMessages.EvictBackend> evicted(PlayedWorker worker) {
        return worker.received(BackendMessages.EvictBackend.class);
    }

    @Test
    void thoseWhoCameFirstHaveThePlaces() {
        Rooms rooms = new Rooms("max_server_conn = 2");
        rooms.enter(1, "ann", Standing.PROVED);
        rooms.enter(2, "bob", Standing.PROVED);
        rooms.enter(3, "ann", Standing.PROVED);
        rooms.turns.take(Rooms.DB);
        assertEquals(List.of(1L, 2L), sent(rooms));
        assertEquals(1, rooms.waiting.count());
    }

    @Test
    void whoWaitsForItsOwnLimitKeepsBackNobodyElse() {
        Rooms rooms = new Rooms("max_server_conn = 10", "limit.user.ann = 1");
        rooms.enter(1, "ann", Standing.PROVED);
        rooms.enter(2, "ann", Standing.PROVED);
        rooms.enter(3, "bob", Standing.PROVED);
        rooms.turns.take(Rooms.DB);
        assertEquals(List.of(1L, 3L), sent(rooms));
    }

    @Test
    void nobodyIsSentToAServerThatIsHeld() {
        Rooms rooms = new Rooms();
        rooms.holds.pause(Rooms.DB);
        rooms.enter(1, "ann", Standing.PROVED);
        rooms.turns.takeAll();
        assertEquals(List.of(), sent(rooms));
        rooms.holds.resume(Rooms.DB);
        rooms.turns.takeAll();
        assertEquals(List.of(1L), sent(rooms));
    }

    @Test
    void anIdleBackendOfAnotherKindMakesRoom() {
        Rooms rooms = new Rooms("max_server_conn = 1");
        BackendEntry idle = rooms.idleBackend(rooms.one, 10, "bob");
        rooms.enter(1, "ann", Standing.PROVED);
        rooms.turns.take(Rooms.DB);
        rooms.turns.take(Rooms.DB);
        assertEquals(List.of(new BackendMessages.EvictBackend(10)), evicted(rooms.one), "one, and once");
        assertEquals(List.of(), sent(rooms));
        rooms.ledger.backendGone(1, idle.id);
        rooms.turns.take(Rooms.DB);
        assertEquals(List.of(1L), sent(rooms));
    }

    @Test
    void aWorkerThatDoesNotKeepUpIsTriedAgainSoon() {
        Rooms rooms = new Rooms();
        rooms.one.hasRoom(false);
        rooms.two.hasRoom(false);
        rooms.enter(1, "ann", Standing.PROVED);
        rooms.turns.take(Rooms.DB);
        assertEquals(List.of(), sent(rooms));
        rooms.one.hasRoom(true);
        rooms.two.hasRoom(true);
        rooms.passMs(10);
        assertEquals(List.of(1L), sent(rooms), "without anybody's report");
    }

    @Test
    void aClientThatWaitsForRoomIsPassedOver() {
        Rooms rooms = new Rooms();
        BackendEntry inTheWay = rooms.idleBackend(rooms.one, 10, "bob");
        rooms.enter(1, "ann", Standing.PROVED).waitFor(inTheWay, null);
        rooms.enter(2, "carl", Standing.PROVED);
        rooms.turns.take(Rooms.DB);
        assertEquals(List.of(2L), sent(rooms));
        rooms.ledger.backendGone(1, 10);
        rooms.turns.take(Rooms.DB);
        assertEquals(List.of(1L, 2L), sent(rooms));
    }

    /** The client ahead is at the other worker; closing the backend to open the same one there would gain nothing. */
    @Test
    void whoCanUseAnIdleBackendWhereItIsGoesFirst() {
        Rooms rooms = new Rooms("max_server_conn = 1");
        rooms.idleBackend(rooms.two, 10, "ann");
        rooms.enterAt(rooms.one, 1, "ann");
        rooms.enterAt(rooms.two, 2, "ann");
        rooms.turns.take(Rooms.DB);
        PlaceMessages.PlaceGiven given =
                rooms.two.received(PlaceMessages.PlaceGiven.class).get(0);
        assertEquals(2, given.sessionId());
        assertEquals(10, given.expectedBackendId());
        assertEquals(List.of(), evicted(rooms.two));
    }

    /** A client is being asked for its password at the backend's worker, and is likely to take the backend. */
    @Test
    void aMomentsPatienceSavesABackend() {
        Rooms rooms = new Rooms("max_server_conn = 1");
        rooms.idleBackend(rooms.two, 10, "ann");
        rooms.ledger.assigned(2, 7, Rooms.key("ann"), 0, null, List.of());
        rooms.enterAt(rooms.one, 1, "ann");
        rooms.turns.take(Rooms.DB);
        assertEquals(List.of(), evicted(rooms.two));
        rooms.passMs(49);
        assertEquals(List.of(), evicted(rooms.two));
        rooms.passMs(10);
        assertEquals(1, evicted(rooms.two).size(), "and only a moment's");
    }

    @Test
    void aCrowdOfStrangersIsSentFewAtATime() {
        Rooms rooms = new Rooms("max_server_conn = 20");
        for (long id = 1; id <= 10; id++) {
            rooms.enter(id, "x" + id, Standing.STRANGER);
        }
        rooms.enter(11, "ann", Standing.PROVED);
        rooms.turns.take(Rooms.DB);
        assertTrue(sent(rooms).contains(11L));
        assertEquals(2, sent(rooms).size(), "a tenth of the places is theirs, half of it for one neighbour");
    }

    @Test
    void whileManyLeaveForOthersNoStrangerIsSentWhereItCannotGiveWay() {
        Rooms rooms = new Rooms();
        for (long id = 1; id <= Turns.MAX_LEAVING; id++) {
            rooms.atWorkers.leaves(rooms.clients.routed(id, Rooms.DB, "x", 1, Standing.STRANGER));
        }
        rooms.enter(100, "y", Standing.STRANGER);
        rooms.enter(101, "ann", Standing.PROVED);
        rooms.turns.take(Rooms.DB);
        assertEquals(List.of(101L), sent(rooms));
        rooms.atWorkers.done(1);
        assertFalse(rooms.atWorkers.isLeaving(1));
        rooms.turns.take(Rooms.DB);
        assertEquals(List.of(100L, 101L), sent(rooms));
    }
}
