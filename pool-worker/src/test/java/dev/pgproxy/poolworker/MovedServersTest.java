package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.net.Endpoint;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class MovedServersTest {

    private static final Endpoint NEW_ADDRESS = new Endpoint.Tcp("10.0.0.2", 5432);

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);

    private void move(Endpoint server, String... addresses) {
        lone.worker.probes().onServerMoved(new ProbeMessages.ServerMoved(server, List.of(addresses)));
        lone.loop.tick();
    }

    @Test
    void aSessionOnAnOldAddressEnds() {
        LoneWorker.Frontend client = lone.logIn(1, servers);
        move(LoneWorker.SERVER, "10.0.0.2");
        assertTrue(client.written.toString(StandardCharsets.UTF_8).contains("57P01"), client.written::toString);
        servers.last().isAsNew();
        assertFalse(lone.master.heard.contains(new BackendMessages.BackendIdle(1)));
        assertTrue(lone.master.heard.contains(new BackendMessages.BackendClosing(1)));
    }

    @Test
    void anIdleBackendOnAnOldAddressIsClosed() {
        lone.logIn(1, servers).leave();
        servers.last().isAsNew();
        move(LoneWorker.SERVER, "10.0.0.2");
        assertTrue(lone.master.heard.contains(new BackendMessages.BackendClosing(1)));
    }

    @Test
    void whatIsConnectedToOneOfTheNewAddressesStays() {
        LoneWorker.Frontend client = lone.logIn(1, servers);
        int heardBefore = client.written.size();
        move(LoneWorker.SERVER, "10.0.0.2", "10.0.0.1");
        move(new Endpoint.Tcp("another", 5432), "10.0.0.3");
        assertEquals(heardBefore, client.written.size());
        assertTrue(servers.last().isOpen);
    }

    /** The name was looked up before its address changed. */
    @Test
    void aConnectionThatWasBegunBeforeIsNoSuccess() {
        lone.assign(1, new LoneWorker.Frontend());
        lone.findRoles();
        move(LoneWorker.SERVER, "10.0.0.2");
        servers.last().accept();
        assertFalse(servers.last().isOpen);
        SessionMessages.SessionReturned returned =
                lone.master.heard(SessionMessages.SessionReturned.class).get(0);
        String words = new String(returned.lastWords(), StandardCharsets.UTF_8);
        assertTrue(words.contains("another address now"), words);
    }

    @Test
    void aConnectionThatWasBegunAfterIsOne() {
        move(LoneWorker.SERVER, "10.0.0.1");
        lone.passMs(1);
        lone.logIn(1, servers);
        assertTrue(servers.last().isOpen);
        LoneWorker.Frontend other = new LoneWorker.Frontend();
        lone.assign(2, other);
        lone.findRoles();
        move(LoneWorker.SERVER, "10.0.0.2");
        servers.last().accept(NEW_ADDRESS);
        assertTrue(servers.last().isOpen);
    }
}
