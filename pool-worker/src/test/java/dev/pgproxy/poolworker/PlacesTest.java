package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlacesTest {

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);

    /** The backends that were reported for this session, 0 for none yet. */
    private List<Long> accepted(long session) {
        return lone.master.heard(SessionMessages.SessionAccepted.class).stream()
                .filter(message -> message.sessionId() == session)
                .map(SessionMessages.SessionAccepted::backendId)
                .toList();
    }

    private void assign(long id) {
        assign(id, 0);
    }

    private void assign(long id, long expectedBackend) {
        lone.assign(id, new LoneWorker.Frontend(), expectedBackend, AuthenticationMethod.OTHER);
        lone.findRoles();
    }

    private void leaveBackendInReset() {
        lone.logIn(1, servers).leave();
        assertTrue(lone.master.heard.contains(new BackendMessages.BackendResetting(1)));
    }

    @Test
    void theNextClientGetsWhatIsIdle() {
        leaveBackendInReset();
        servers.last().isAsNew();
        assign(2);
        assertEquals(List.of(1L), accepted(2));
        assertEquals(1, servers.connections.size());
    }

    @Test
    void aClientWithAPlaceOfItsOwnWaitsForAResetOnlyAMoment() {
        leaveBackendInReset();
        assign(2);
        assertEquals(List.of(0L), accepted(2), "it has not chosen yet");
        assertEquals(1, servers.connections.size());
        lone.passMs(50);
        lone.findRoles();
        assertEquals(List.of(0L, 2L), accepted(2));
        assertEquals(2, servers.connections.size());
        servers.connections.get(0).isAsNew();
        assertTrue(lone.master.heard.contains(new BackendMessages.BackendIdle(1)), "it is for somebody else");
    }

    @Test
    void aResetThatEndsInTimeSavesAConnection() {
        leaveBackendInReset();
        assign(2);
        servers.last().isAsNew();
        lone.passMs(50);
        assertEquals(List.of(0L, 1L), accepted(2));
        assertEquals(1, servers.connections.size());
    }

    @Test
    void aClientThatWasPromisedTheBackendHasItBeforeOneThatHasAChoice() {
        leaveBackendInReset();
        assign(2);
        assign(3, 1);
        assertEquals(List.of(0L, 2L), accepted(2));
        assertEquals(List.of(1L), accepted(3));
    }

    @Test
    void thePlaceOfABackendThatIsClosedIsFreeWhenTheServerHasEndedIt() {
        leaveBackendInReset();
        servers.last().isAsNew();
        lone.worker.backends().onEvictBackend(new BackendMessages.EvictBackend(1));
        assign(2, 1);
        assertEquals(List.of(1L), accepted(2));
        assertEquals(1, servers.connections.size());
        servers.last().end();
        lone.findRoles();
        assertEquals(List.of(1L, 2L), accepted(2));
        assertEquals(2, servers.connections.size());
    }

    @Test
    void aPlaceForSomebodyWhoLeftIsNoPlace() {
        lone.worker.places().onPlaceGiven(new PlaceMessages.PlaceGiven(77, 0, 1_000));
        lone.worker.places().onPlaceRefused(new PlaceMessages.PlaceRefused(77, new byte[0]));
        assertEquals(List.of(), servers.connections);
        assertEquals(List.of(), lone.master.heard);
    }

    @Test
    void withoutTheMasterABackendHasNoNextClient() {
        LoneWorker.Frontend client = lone.logIn(1, servers);
        lone.worker.masterLost("test");
        client.leave();
        assertFalse(lone.master.heard.contains(new BackendMessages.BackendResetting(1)));
        assertTrue(lone.master.heard.contains(new BackendMessages.BackendClosing(1)));
    }
}
