package dev.pgproxy.poolworker.moving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.MessageFramer;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.poolworker.PlayedServers;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.MessageInspector.Verdict;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.nio.ByteBuffer;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SessionInventoryTest {

    private final ServerIdentity identity = new ServerIdentity();
    private final QueryProgress progress = new QueryProgress();
    private int ends;
    private final SessionInventory inventory = new SessionInventory(identity, progress, () -> ends++);

    @BeforeEach
    void ask() {
        progress.onFrontend(FrontendMessage.QUERY);
    }

    private Verdict hear(byte[] message) {
        return inventory.inspect(
                message[0],
                ByteBuffer.wrap(message),
                MessageFramer.HEADER_BYTES,
                message.length - MessageFramer.HEADER_BYTES);
    }

    private void setting(String name, String value) {
        assertEquals(Verdict.REPLACE, hear(PlayedServers.row("setting", name, value)));
    }

    @Test
    void settingsAreNoObstacleAndTheClientSeesNothingOfThem() {
        setting("work_mem", "8192");
        setting("search_path", "\"$user\", public");
        assertEquals(Verdict.REPLACE, hear(PlayedServers.complete("SELECT 2")));
        assertFalse(inventory.isComplete());
        assertEquals(Verdict.REPLACE, hear(BackendMessage.readyForQueryIdle()));
        assertTrue(inventory.isComplete());
        assertEquals(1, ends);
        assertEquals("", inventory.obstacle());
        assertEquals(Map.of("work_mem", "8192", "search_path", "\"$user\", public"), inventory.settings());
        assertTrue(progress.isAtRest());
        assertEquals(0, inventory.replacement().length);
    }

    @Test
    void whatNoOtherServerHasIsAnObstacle() {
        hear(PlayedServers.row("held", "listens", ""));
        assertEquals("listens", inventory.obstacle());
    }

    /** A function of the same name in the session's search_path may answer anything. */
    @Test
    void anAnswerOfAnotherShapeIsAnObstacle() {
        hear(PlayedServers.row("setting", "work_mem"));
        assertEquals("cannot be asked what it holds", inventory.obstacle());
    }

    @Test
    void anErrorIsAnObstacle() {
        assertEquals(Verdict.REPLACE, hear(BackendMessage.fatal(SqlState.ADMIN_SHUTDOWN, "terminating", "")));
        assertEquals("cannot be asked what it holds", inventory.obstacle());
    }

    @Test
    void onlyPlainTextIsTakenAlong() {
        setting("app.name", "tab\there");
        assertEquals("has a setting that is not plain text", inventory.obstacle());
        assertEquals(Map.of(), inventory.settings());
    }

    @Test
    void whatIsTakenAlongHasABound() {
        setting("a", "x".repeat(Resumption.MAX_BYTES - 1));
        assertEquals("", inventory.obstacle());
        setting("b", "");
        assertEquals("holds more state than can be moved", inventory.obstacle());
    }

    @Test
    void aRowThatIsTooLargeToReadIsAnObstacle() {
        inventory.passedUnseen(BackendMessage.DATA_ROW);
        assertEquals("holds more state than can be moved", inventory.obstacle());
    }

    /** They are the client's, and would be missed. */
    @Test
    void notificationsAndReportsPass() {
        assertEquals(Verdict.FORWARD, hear(BackendMessage.parameterStatus("TimeZone", "UTC")));
        assertEquals("UTC", identity.statuses().get("TimeZone"));
        byte[] notification = {0, 0, 0, 1, 'c', 0, 0};
        assertEquals(Verdict.FORWARD, hear(BackendMessage.wrap(BackendMessage.NOTIFICATION_RESPONSE, notification)));
    }

    @Test
    void aKnownObstacleNeedsNoQuestion() {
        inventory.skip("is for replication");
        assertTrue(inventory.isComplete());
        assertEquals("is for replication", inventory.obstacle());
        assertEquals(0, ends);
    }

    @Test
    void theQuestionIsNotTheCallersToChange() {
        SessionInventory.query()[0] = 0;
        assertEquals(FrontendMessage.QUERY, SessionInventory.query()[0]);
    }
}
