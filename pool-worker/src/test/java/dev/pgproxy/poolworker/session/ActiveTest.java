package dev.pgproxy.poolworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.poolworker.LoneWorker;
import dev.pgproxy.poolworker.PlayedServers;
import dev.pgproxy.poolworker.Reachable;
import dev.pgproxy.poolworker.traffic.RestingLeases;
import dev.pgproxy.poolworker.traffic.SessionState;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The session of a logged-in client: when it has a lease, and how it ends. */
class ActiveTest {

    private static final byte[] QUERY = FrontendMessage.query("SELECT 1");
    private static final byte[] READY = BackendMessage.readyForQueryIdle();
    private static final byte[] IN_TRANSACTION = BackendMessage.wrap(BackendMessage.READY_FOR_QUERY, new byte[] {'T'});
    private static final byte[] NOTIFICATION =
            BackendMessage.wrap(BackendMessage.NOTIFICATION_RESPONSE, new byte[] {0, 0, 0, 1, 'c', 0, 0});

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);
    private LoneWorker.Frontend client = new LoneWorker.Frontend();

    @BeforeEach
    void logIn() {
        client = lone.logIn(1, servers);
        client.written.reset();
    }

    private Session session() {
        return lone.worker.clients().all().iterator().next();
    }

    private PlayedServers.Connection server() {
        return servers.last();
    }

    /** Whether it keeps its lease although it has not been busy for a while. */
    private boolean keepsLease() {
        lone.rest();
        return hasLease();
    }

    private boolean hasLease() {
        return Reachable.from(session(), Set.of()).classes().contains("BackendLease");
    }

    private String seen() {
        String text = client.written.toString(StandardCharsets.ISO_8859_1);
        client.written.reset();
        return text;
    }

    private static byte[] all(byte[]... messages) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] message : messages) {
            all.writeBytes(message);
        }
        return all.toByteArray();
    }

    private static String text(byte[]... messages) {
        return new String(all(messages), StandardCharsets.ISO_8859_1);
    }

    @Test
    void aLeaseLastsFromTheQueryToItsAnswer() {
        assertFalse(keepsLease());
        client.say(QUERY);
        assertTrue(keepsLease());
        assertEquals(text(QUERY), server().heard());
        server().answer("SELECT 1");
        assertFalse(keepsLease());
        assertEquals(text(PlayedServers.complete("SELECT 1"), READY), seen());
    }

    /** A new one for each query would be garbage. */
    @Test
    void aSessionThatOnlyPausesKeepsItsLease() {
        for (int i = 0; i < 3; i++) {
            client.say(QUERY);
            server().answer("SELECT 1");
            lone.passMs(RestingLeases.LOOK_MS);
            assertTrue(hasLease());
        }
        lone.passMs(RestingLeases.LOOK_MS);
        assertFalse(hasLease());
    }

    @Test
    void aLeaseLastsAsLongAsATransaction() {
        client.say(FrontendMessage.query("BEGIN"));
        server().say(PlayedServers.complete("BEGIN"), IN_TRANSACTION);
        assertTrue(keepsLease());
        client.say(FrontendMessage.query("COMMIT"));
        server().answer("COMMIT");
        assertFalse(keepsLease());
    }

    @Test
    void halfAMessageOfTheClientKeepsTheLease() {
        client.say(Arrays.copyOf(QUERY, 3));
        assertTrue(keepsLease());
        client.say(Arrays.copyOfRange(QUERY, 3, QUERY.length));
        assertEquals(text(QUERY), server().heard());
        server().answer("SELECT 1");
        assertFalse(keepsLease());
    }

    @Test
    void halfAMessageOfTheServerKeepsTheLease() {
        server().say(Arrays.copyOf(NOTIFICATION, 6));
        assertTrue(keepsLease());
        server().say(Arrays.copyOfRange(NOTIFICATION, 6, NOTIFICATION.length));
        assertFalse(keepsLease());
        assertEquals(text(NOTIFICATION), seen());
    }

    @Test
    void aClientThatDoesNotReadKeepsTheLease() {
        client.say(QUERY);
        client.isSlow = true;
        server().answer("SELECT 1");
        assertTrue(keepsLease());
        client.isSlow = false;
        client.isReady(Interest.WRITE);
        assertFalse(keepsLease());
        assertEquals(text(PlayedServers.complete("SELECT 1"), READY), seen());
    }

    /** What the server sends about parameters while the session is at rest is noted for the next client of the backend. */
    @Test
    void aReportAtRestIsPassedOnAndNoted() {
        byte[] status = BackendMessage.parameterStatus("TimeZone", "UTC");
        server().say(status);
        assertFalse(keepsLease());
        assertEquals(text(status), seen());
        assertEquals(
                "UTC",
                Objects.requireNonNull(session().backend())
                        .identity()
                        .statuses()
                        .get("TimeZone"));
    }

    /** The server's last words reach the client, which hears nothing more of the proxy, even when the close arrives later. */
    @Test
    void aServerThatSaidWhyItEndsNeedsNoFurtherWords() {
        byte[] fatal = BackendMessage.fatal(SqlState.ADMIN_SHUTDOWN, "terminating connection", "");
        server().say(fatal);
        assertTrue(keepsLease());
        Session ended = session();
        server().end();
        assertEquals(SessionState.CLOSED, ended.state());
        assertEquals(text(fatal), seen());
        assertEquals(SqlState.ADMIN_SHUTDOWN, ended.serversLastSqlState());
    }

    @Test
    void aServerThatEndsWithoutAWordIsExplained() {
        server().end();
        assertEquals(SqlState.CONNECTION_FAILURE, BackendMessage.sqlState(client.written.toByteArray()));
    }

    @Test
    void answersToWhatWasSentBeforeTerminateStillArrive() {
        Session ending = session();
        client.say(all(QUERY, FrontendMessage.terminate()));
        assertEquals(SessionState.ENDING, ending.state());
        server().answer("SELECT 1");
        assertEquals(SessionState.CLOSED, ending.state());
        assertEquals(text(PlayedServers.complete("SELECT 1"), READY), seen());
    }

    @Test
    void whatMayBeUsedOnceIsClosedEvenIfItsSessionEndsAtRest() {
        lone.singleUse = true;
        lone.logIn(2, servers);
        server().heard();
        Session once = lone.worker.clients().all().stream()
                .filter(session -> session.id() == 2)
                .findFirst()
                .orElseThrow();
        once.endByOperator();
        assertFalse(server().heard().contains("DISCARD ALL"));
    }

    @Test
    void aChangeOfARoleInATransactionIsNewsAtItsEnd() {
        client.say(FrontendMessage.query("BEGIN"));
        server().say(PlayedServers.complete("BEGIN"), IN_TRANSACTION);
        client.say(FrontendMessage.query("ALTER ROLE app NOLOGIN"));
        server().say(PlayedServers.complete("ALTER ROLE"), IN_TRANSACTION);
        assertEquals(0, lone.master.heard(RoleMessages.RolesChanged.class).size());
        client.say(FrontendMessage.query("COMMIT"));
        server().answer("COMMIT");
        assertEquals(1, lone.master.heard(RoleMessages.RolesChanged.class).size());
        assertFalse(keepsLease());
    }

    @Test
    void aRestingSessionEndsAtOnceWhenItIsToShutDown() {
        Session resting = session();
        resting.askToShutDown();
        assertEquals(SessionState.CLOSED, resting.state());
        assertEquals(SqlState.ADMIN_SHUTDOWN, BackendMessage.sqlState(client.written.toByteArray()));
        assertTrue(server().heard().contains("DISCARD ALL"), "its backend is as good as before");
    }

    @Test
    void theBackendOfARestingSessionServesTheNextClient() {
        client.say(QUERY);
        server().answer("SELECT 1");
        client.leave();
        server().isAsNew();
        lone.assign(2, new LoneWorker.Frontend());
        lone.findRoles();
        assertEquals(1, servers.connections.size());
        assertEquals(2, session().id());
        assertEquals(SessionState.ACTIVE, session().state());
    }

    @Test
    void aHeldSessionIsAskedWhatItHoldsAndThenRests() {
        session().hold(true, false);
        assertTrue(keepsLease());
        assertTrue(server().heard().contains("pg_prepared_statements"));
        client.say(QUERY);
        assertEquals("", server().heard());
        server().answer("SELECT 0");
        assertFalse(keepsLease());
        assertTrue(session().isReadyToLeave());
        assertEquals("", seen());

        session().hold(false, false);
        client.isReady(Interest.READ);
        assertEquals(text(QUERY), server().heard());
    }
}
