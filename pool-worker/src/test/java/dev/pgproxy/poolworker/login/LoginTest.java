package dev.pgproxy.poolworker.login;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Md5Exchange;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.poolworker.LoneWorker;
import dev.pgproxy.poolworker.PlayedServers;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.poolworker.traffic.SessionState;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoginTest {

    private static final long LOGIN_MS = 2_000;

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);
    private final LoneWorker.Frontend client = new LoneWorker.Frontend();

    private Session session() {
        return lone.worker.clients().all().iterator().next();
    }

    private boolean isGone() {
        return lone.worker.clients().all().isEmpty();
    }

    private String sqlState() {
        return BackendMessage.sqlState(client.written.toByteArray());
    }

    @Test
    void nothingIsOpenedBeforeTheRoleIsKnown() {
        lone.assign(1, client);
        assertEquals(SessionState.CHECKING, session().state());
        assertEquals(List.of(), servers.connections);
        lone.findRoles();
        assertEquals(SessionState.WAITING, session().state());
        servers.last().accept();
        assertEquals(SessionState.LOGGING_IN, session().state());
        servers.last().letIn();
        assertEquals(SessionState.ACTIVE, session().state());
    }

    @Test
    void aRoleThatTheMasterToldOfIsNotAskedFor() {
        lone.role = RoleFacts.UNAVAILABLE;
        lone.assign(1, client);
        assertEquals(List.of(), lone.master.heard(RoleMessages.FindRole.class));
        assertEquals(SessionState.WAITING, session().state());
        servers.last().accept();
        servers.last().letIn();
        assertEquals(SessionState.ACTIVE, session().state());
    }

    /** Roles may change while it waits, and the backend that it waits for has been open for long. */
    @Test
    void aClientThatWaitedForABackendIsAskedAboutAllTheSame() {
        LoneWorker.Frontend before = lone.logIn(1, servers);
        before.say(FrontendMessage.terminate());
        lone.role = RoleFacts.UNAVAILABLE;
        int asked = lone.master.heard(RoleMessages.FindRole.class).size();
        lone.assign(2, client);
        assertEquals(asked, lone.master.heard(RoleMessages.FindRole.class).size());
        assertEquals(SessionState.WAITING, session().state());
        servers.last().isAsNew();
        lone.loop.tick();
        assertEquals(asked + 1, lone.master.heard(RoleMessages.FindRole.class).size());
    }

    @Test
    void anAnswerThatComesTwiceIsTakenOnce() {
        lone.assign(1, client);
        lone.findRoles();
        lone.worker.roles().onRoleFound(new RoleMessages.RoleFound(1, RoleFacts.UNAVAILABLE));
        assertEquals(1, servers.connections.size());
    }

    @Test
    void itsTimeEndsWithAReason() {
        lone.assign(1, client);
        lone.findRoles();
        servers.last().accept();
        lone.passMs(LOGIN_MS - 1);
        assertEquals("", sqlState());
        lone.passMs(1);
        assertEquals(SqlState.QUERY_CANCELED, sqlState());
        assertTrue(isGone());
    }

    /** The wait for a place does not count as login time; the wait has its own bound, in the master. */
    @Test
    void theWaitForAPlaceDoesNotCount() {
        String stored =
                Md5Exchange.stored("pw".getBytes(StandardCharsets.US_ASCII), "app".getBytes(StandardCharsets.US_ASCII));
        lone.assign(1, client, 0, AuthenticationMethod.MD5);
        lone.worker.roles().onRoleFound(new RoleMessages.RoleFound(1, RoleFacts.UNAVAILABLE));
        assertTrue(session().awaitsPlace(), "the server must decide about this client");
        lone.passMs(10 * LOGIN_MS);
        assertFalse(isGone());
        lone.worker.places().onPlaceGiven(new PlaceMessages.PlaceGiven(1, 0, 1_000));
        lone.findRoles(List.of(stored));
        servers.last().accept();
        lone.passMs(999);
        assertFalse(isGone());
        lone.passMs(1);
        assertTrue(isGone());
    }

    @Test
    void aClientThatLeavesWhileItWaitsCostsNothing() {
        lone.assign(1, client);
        client.isReady(Interest.HANGUP);
        assertTrue(isGone());
        lone.findRoles();
        assertEquals(List.of(), servers.connections);
    }

    @Test
    void aServerThatCannotBeReachedLeavesTheClientToTheMaster() {
        lone.assign(1, client);
        lone.findRoles();
        servers.last().refuse();
        assertEquals("", client.written.toString(StandardCharsets.ISO_8859_1));
        assertEquals(1, lone.master.heard(SessionMessages.SessionReturned.class).size());
        assertTrue(client.open);
    }

    /** What a warm backend sends unasked before it is used makes it useless; the client gets a new one and notices nothing. */
    @Test
    void aWarmBackendThatIsNotSilentIsReplaced() {
        lone.logIn(1, servers).leave();
        servers.last().isAsNew();
        lone.assign(2, client);
        servers.last().sayUnnoticed(BackendMessage.fatal(SqlState.ADMIN_SHUTDOWN, "terminating", ""));
        lone.findRoles();
        servers.connections.get(0).end();
        lone.findRoles();
        assertEquals(2, servers.connections.size());
        assertEquals("", client.written.toString(StandardCharsets.ISO_8859_1));
        servers.last().accept();
        servers.last().letIn();
        assertEquals(SessionState.ACTIVE, session().state());
    }
}
