package dev.pgproxy.poolworker.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.poolworker.LoneWorker;
import dev.pgproxy.poolworker.PlayedServers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What happens to a backend between two clients: {@link BackendCourse} and {@link Upkeep} together. */
class BackendCourseTest {

    private static final byte[] QUERY = FrontendMessage.query("select 1");
    private static final byte[] READY_IN_TRANSACTION =
            BackendMessage.wrap(BackendMessage.READY_FOR_QUERY, new byte[] {'T'});
    private static final long RESET_TIMEOUT_MS = 1_000;
    private static final long IDLE_TIMEOUT_MS = 2_000;

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);
    private LoneWorker.Frontend client = new LoneWorker.Frontend();

    @BeforeEach
    void aClientIsLetIn() {
        client = lone.logIn(1, servers);
    }

    private PlayedServers.Connection server() {
        return servers.connections.get(0);
    }

    private void assertIdle() {
        assertTrue(lone.master.heard.contains(new BackendMessages.BackendIdle(1)), lone.master.heard::toString);
    }

    private void assertClosing() {
        assertFalse(lone.master.heard.contains(new BackendMessages.BackendIdle(1)));
        assertTrue(lone.master.heard.contains(new BackendMessages.BackendClosing(1)), lone.master.heard::toString);
    }

    @Test
    void itIsResetAndAskedAndThenIdle() {
        client.leave();
        String heard = server().heard();
        assertTrue(
                heard.startsWith(new String(FrontendMessage.query("DISCARD ALL"), StandardCharsets.US_ASCII)), heard);
        server().answer("DISCARD ALL");
        assertFalse(lone.master.heard.contains(new BackendMessages.BackendIdle(1)), "the question is not answered");
        server().say(PlayedServers.row("", "0"));
        server().answer("SELECT 1");
        assertIdle();
    }

    @Test
    void aTransactionIsRolledBackFirst() {
        client.say(FrontendMessage.query("begin"));
        server().say(PlayedServers.complete("BEGIN"), READY_IN_TRANSACTION);
        server().heard();
        client.leave();
        assertTrue(server().heard().contains("ROLLBACK"));
        server().answer("ROLLBACK");
        assertTrue(server().heard().contains("DISCARD ALL"));
        server().isAsNew();
        assertIdle();
    }

    @Test
    void aQueryThatRunsIsCancelledAndItsAnswerIsNobodys() {
        client.say(QUERY);
        client.leave();
        List<CancelMessages.CancelQuery> cancels = lone.master.heard(CancelMessages.CancelQuery.class);
        assertEquals(1, cancels.size());
        assertEquals(4_711, cancels.get(0).pid());
        server().heard();
        server().answer("SELECT 1");
        assertEquals("", server().heard(), "a cancel that is on its way would hit the reset");
        lone.worker.cancels().onCancelFinished(new CancelMessages.CancelFinished(1, true));
        assertTrue(server().heard().contains("DISCARD ALL"));
        server().isAsNew();
        assertIdle();
    }

    @Test
    void aCancelOfWhichNothingIsKnownMayHitAnybody() {
        client.say(QUERY);
        client.leave();
        server().answer("SELECT 1");
        lone.worker.cancels().onCancelFinished(new CancelMessages.CancelFinished(1, false));
        assertClosing();
    }

    @Test
    void whatTheResetDoesNotUndoEndsIt() {
        client.leave();
        server().answer("DISCARD ALL");
        server().say(PlayedServers.row("has a temporary replication slot", "0"));
        assertClosing();
    }

    @Test
    void anAnswerToNothingThatWasAskedEndsIt() {
        client.leave();
        server().answer("SELECT 5");
        assertClosing();
    }

    @Test
    void whatFollowsTheAnswerEndsIt() {
        client.leave();
        server().answer("DISCARD ALL");
        server().say(
                        PlayedServers.row("", "0"),
                        PlayedServers.complete("SELECT 1"),
                        BackendMessage.readyForQueryIdle(),
                        new byte[] {'T', 0, 0});
        assertClosing();
    }

    @Test
    void aResetThatIsNotAnsweredIsNotWaitedForForEver() {
        client.leave();
        lone.passMs(RESET_TIMEOUT_MS - 1);
        assertFalse(lone.master.heard.contains(new BackendMessages.BackendClosing(1)));
        lone.passMs(1);
        assertClosing();
        assertTrue(server().isOpen, "the place is free when the server has ended its side");
        server().end();
        assertTrue(lone.master.heard.contains(new BackendMessages.BackendGone(1)));
        assertFalse(server().isOpen);
    }

    @Test
    void aServerThatDoesNotEndItsSideHasTimeForIt() {
        client.leave();
        lone.passMs(RESET_TIMEOUT_MS);
        lone.passMs(RESET_TIMEOUT_MS);
        assertTrue(lone.master.heard.contains(new BackendMessages.BackendGone(1)));
        assertFalse(server().isOpen);
    }

    @Test
    void wordsThatNobodyAskedForEndAnIdleOne() {
        client.leave();
        server().isAsNew();
        server().say(BackendMessage.notice("WARNING", "01000", "a notice is no harm"));
        assertTrue(lone.master.heard(BackendMessages.BackendClosing.class).isEmpty());
        server().say(BackendMessage.fatal("57P01", "terminating connection", ""));
        assertTrue(lone.master.heard.contains(new BackendMessages.BackendClosing(1)));
    }

    @Test
    void itIsNotIdleForEver() {
        client.leave();
        server().isAsNew();
        server().heard();
        lone.passMs(IDLE_TIMEOUT_MS - 1);
        assertEquals("", server().heard());
        lone.passMs(1);
        assertEquals(new String(FrontendMessage.terminate(), StandardCharsets.US_ASCII), server().heard());
    }

    /** Later, the server might end the session while a client uses it. */
    @Test
    void itIsIdleForHalfOfTheServersOwnTimeAtMost() {
        client.leave();
        server().answer("DISCARD ALL");
        server().say(PlayedServers.row("", "1s"));
        server().answer("SELECT 1");
        assertIdle();
        lone.passMs(499);
        assertTrue(lone.master.heard(BackendMessages.BackendClosing.class).isEmpty());
        lone.passMs(1);
        assertTrue(lone.master.heard.contains(new BackendMessages.BackendClosing(1)));
    }

    @Test
    void theNextClientDoesNotGetOneThatTheServerHasEnded() {
        client.leave();
        server().isAsNew();
        server().endUnnoticed();
        lone.assign(2, new LoneWorker.Frontend());
        lone.findRoles();
        assertEquals(2, servers.connections.size());
        assertFalse(server().isOpen);
    }

    @Test
    void theNextClientDoesNotGetOneInTheMiddleOfAMessage() {
        client.leave();
        server().isAsNew();
        server().say(new byte[] {'N', 0, 0, 0, 50, 'x'});
        lone.assign(2, new LoneWorker.Frontend());
        lone.findRoles();
        assertEquals(2, servers.connections.size());
    }

    @Test
    void whatWasHalfSentEndsIt() {
        client.say(new byte[] {'Q', 0, 0, 0, 50, 's'});
        client.leave();
        assertClosing();
    }
}
