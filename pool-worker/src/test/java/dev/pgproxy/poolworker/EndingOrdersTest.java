package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.FrontendMessage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class EndingOrdersTest {

    private static final long COMMAND = 7;

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);

    private int end(List<Long> sessions, List<Long> backends) {
        lone.worker.commands().onEndSessions(new CommandMessages.EndSessions(COMMAND, sessions, backends));
        List<CommandMessages.SessionsEnded> answers = lone.master.heard(CommandMessages.SessionsEnded.class);
        assertEquals(COMMAND, answers.get(answers.size() - 1).commandId());
        return answers.get(answers.size() - 1).count();
    }

    private List<BackendMessages.BackendClosing> closing() {
        return lone.master.heard(BackendMessages.BackendClosing.class);
    }

    @Test
    void anOperatorsOrderEndsTheSessionAndCancelsItsQuery() {
        LoneWorker.Frontend client = lone.logIn(1, servers);
        client.say(FrontendMessage.query("select 1"));
        assertEquals(1, end(List.of(1L, 99L), List.of()), "99 is unknown");
        assertTrue(client.written.toString(StandardCharsets.UTF_8).contains("57P01"), client.written::toString);
        assertEquals(1, lone.master.heard(CancelMessages.CancelQuery.class).size());
    }

    /** The master may still send it elsewhere. */
    @Test
    void aClientThatTheMasterMayNotKnowToBeHereStays() {
        lone.master.linkIsFull = true;
        LoneWorker.Frontend client = new LoneWorker.Frontend();
        lone.assign(1, client);
        assertEquals(0, end(List.of(1L), List.of()));
        assertTrue(client.open);
    }

    @Test
    void onlyAnIdleBackendIsClosed() {
        LoneWorker.Frontend client = lone.logIn(1, servers);
        lone.worker.backends().onEvictBackend(new BackendMessages.EvictBackend(1));
        assertEquals(0, end(List.of(), List.of(1L)));
        assertEquals(List.of(), closing());
        client.leave();
        servers.last().isAsNew();
        assertEquals(1, end(List.of(), List.of(1L)));
        assertEquals(List.of(new BackendMessages.BackendClosing(1)), closing());
    }

    @Test
    void anEvictedBackendIsClosedOnce() {
        lone.logIn(1, servers).leave();
        servers.last().isAsNew();
        lone.worker.backends().onEvictBackend(new BackendMessages.EvictBackend(1));
        lone.worker.backends().onEvictBackend(new BackendMessages.EvictBackend(1));
        lone.worker.backends().onEvictBackend(new BackendMessages.EvictBackend(42));
        assertEquals(List.of(new BackendMessages.BackendClosing(1)), closing());
    }

    @Test
    void afterAReconnectNoConnectionOfThatServerIsReused() {
        LoneWorker.Frontend client = lone.logIn(1, servers);
        lone.worker.backends().onReconnect(new BackendMessages.Reconnect(new Endpoint.Tcp("another", 5432)));
        lone.worker.backends().onReconnect(new BackendMessages.Reconnect(LoneWorker.SERVER));
        assertTrue(client.open, "its client may stay");
        client.leave();
        servers.last().isAsNew();
        assertFalse(lone.master.heard.contains(new BackendMessages.BackendIdle(1)));
        assertEquals(List.of(new BackendMessages.BackendClosing(1)), closing());
    }
}
