package dev.pgproxy.poolworker.login;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The server decides about the client: what passes between the two, and what becomes of a refusal. */
class ServerLoginTest {

    private static final byte[] PASSWORD_WANTED = BackendMessage.authenticationCleartextPassword();
    private static final byte[] PASSWORD =
            FrontendMessage.wrap(FrontendMessage.PASSWORD, "pw\0".getBytes(StandardCharsets.US_ASCII));

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);
    private final LoneWorker.Frontend client = new LoneWorker.Frontend();

    @BeforeEach
    void begin() {
        lone.assign(1, client);
        lone.findRoles();
        server().accept();
        assertTrue(server().heard().contains("user\0app"));
    }

    private PlayedServers.Connection server() {
        return servers.last();
    }

    private Session session() {
        return lone.worker.clients().all().iterator().next();
    }

    private boolean isGone() {
        return lone.worker.clients().all().isEmpty();
    }

    private int returned() {
        return lone.master.heard(SessionMessages.SessionReturned.class).size();
    }

    @Test
    void aPasswordPassesFromTheClientToTheServer() {
        server().say(PASSWORD_WANTED);
        assertArrayEquals(PASSWORD_WANTED, client.written.toByteArray());
        client.say(PASSWORD);
        assertEquals(new String(PASSWORD, StandardCharsets.ISO_8859_1), server().heard());
        server().letIn();
        assertEquals(SessionState.ACTIVE, session().state());
    }

    @Test
    void aRefusalAfterAQuestionIsTheServersOwn() {
        server().say(PASSWORD_WANTED);
        client.say(PASSWORD);
        byte[] refusal = BackendMessage.fatal("28P01", "password authentication failed", "");
        client.written.reset();
        Session refused = session();
        server().say(refusal);
        server().end();
        assertArrayEquals(refusal, client.written.toByteArray());
        assertArrayEquals(refusal, refused.lastWords());
        assertTrue(isGone());
    }

    /** The client has heard nothing, so another server may take it. */
    @Test
    void aServerWithoutRoomLeavesTheClientToTheMaster() {
        server().say(BackendMessage.fatal(SqlState.TOO_MANY_CONNECTIONS, "sorry, too many clients already", ""));
        assertEquals(1, returned());
        assertEquals(0, client.written.size());
        assertTrue(client.open);
    }

    @Test
    void aServerThatClosesBeforeItsFirstWordLeavesTheClientToTheMaster() {
        server().end();
        assertEquals(1, returned());
        assertEquals(0, client.written.size());
    }

    @Test
    void aServerThatClosesAfterItsQuestionIsExplained() {
        server().say(PASSWORD_WANTED);
        client.written.reset();
        server().end();
        assertEquals(0, returned());
        assertEquals(SqlState.CONNECTION_FAILURE, BackendMessage.sqlState(client.written.toByteArray()));
    }

    @Test
    void aClientThatTerminatesInTheMiddleLeavesAtOnce() {
        server().say(PASSWORD_WANTED);
        client.say(FrontendMessage.terminate());
        assertTrue(isGone());
        assertEquals("", server().heard(), "a Terminate is for the session, and not for its backend");
    }

    @Test
    void aHeldLoginTakesNothingMoreOfItsClient() {
        server().say(PASSWORD_WANTED);
        session().hold(true, true);
        client.say(PASSWORD);
        assertEquals("", server().heard());
        session().hold(false, false);
        client.isReady(Interest.READ);
        assertEquals(new String(PASSWORD, StandardCharsets.ISO_8859_1), server().heard());
    }
}
