package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.ipc.SwitchoverMessages;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeldServersTest {

    private static final Endpoint SUCCESSOR = new Endpoint.Tcp("standby", 5432);
    private static final byte[] QUERY = FrontendMessage.query("select 1");

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);

    private void hold(boolean held) {
        lone.worker
                .switchovers()
                .onHoldSessions(new SwitchoverMessages.HoldSessions(held ? 5 : 0, LoneWorker.SERVER, held));
    }

    private boolean isHeld() {
        return lone.master.heard.contains(new SwitchoverMessages.SessionsHeld(5));
    }

    private void leaveServer() {
        lone.worker.switchovers().onLeaveServer(new SwitchoverMessages.LeaveServer(LoneWorker.SERVER, SUCCESSOR));
        lone.loop.tick();
    }

    /** Answers that the session has nothing that could not be moved. */
    private void answerInventory() {
        assertTrue(servers.last().heard().contains("pg_catalog"));
        servers.last().answer("SELECT 0");
    }

    @Test
    void nobodyIsWaitedForWhereNobodyIs() {
        hold(true);
        assertTrue(isHeld());
    }

    @Test
    void aQueryEndsAndThenTheSessionRests() {
        LoneWorker.Frontend client = lone.logIn(1, servers);
        client.say(QUERY);
        servers.last().heard();
        hold(true);
        lone.passMs(20);
        assertFalse(isHeld());
        servers.last().answer("SELECT 1");
        lone.passMs(20);
        answerInventory();
        lone.passMs(20);
        assertTrue(isHeld());
    }

    @Test
    void aHeldClientIsHeardAgainWhenItIsLetGo() {
        LoneWorker.Frontend client = lone.logIn(1, servers);
        hold(true);
        answerInventory();
        client.say(QUERY);
        assertEquals("", servers.last().heard());
        hold(false);
        client.isReady(Interest.READ);
        assertEquals(
                new String(QUERY, StandardCharsets.ISO_8859_1), servers.last().heard());
    }

    @Test
    void whoRestsIsGivenToTheMaster() {
        lone.logIn(1, servers);
        hold(true);
        answerInventory();
        lone.passMs(20);
        leaveServer();
        List<SessionMessages.SessionParked> parked = lone.master.heard(SessionMessages.SessionParked.class);
        assertEquals(1, parked.size());
        assertEquals(4_711, parked.get(0).resumption().pid());
        assertFalse(servers.last().isOpen);
    }

    @Test
    void whoIsAtWorkIsTold() {
        LoneWorker.Frontend client = lone.logIn(1, servers);
        client.say(QUERY);
        leaveServer();
        assertTrue(client.written.toString(StandardCharsets.UTF_8).contains("57P01"), client.written::toString);
        assertEquals(List.of(), lone.master.heard(SessionMessages.SessionParked.class));
        assertFalse(servers.last().isOpen);
    }

    /** So a master that reads slowly is not mistaken for one that hangs. */
    @Test
    void theMasterGetsThemNoFasterThanItTakesThem() {
        lone.logIn(1, servers);
        hold(true);
        answerInventory();
        lone.passMs(20);
        lone.master.hasRoom = false;
        leaveServer();
        assertEquals(List.of(), lone.master.heard(SessionMessages.SessionParked.class));
        lone.master.hasRoom = true;
        lone.passMs(1);
        assertEquals(1, lone.master.heard(SessionMessages.SessionParked.class).size());
    }

    @Test
    void aLoginThatIsNotAnsweredHoldsUpNobodyForLong() {
        LoneWorker.Frontend slow = new LoneWorker.Frontend();
        lone.assign(1, slow, 0, AuthenticationMethod.OTHER, 60_000);
        lone.findRoles();
        servers.last().accept();
        servers.last().say(BackendMessage.authenticationMd5Password(new byte[4]));
        hold(true);
        lone.passMs(1_900);
        assertFalse(isHeld());
        lone.passMs(99);
        assertFalse(isHeld());
        lone.passMs(40);
        lone.passMs(40);
        assertTrue(isHeld());
        assertTrue(slow.open, "and the login goes on, if there is no switchover");
    }

    /** Without a master, they cannot learn whether their server is still the primary. */
    @Test
    void heldSessionsEndWithTheMaster() {
        LoneWorker.Frontend client = lone.logIn(1, servers);
        hold(true);
        lone.worker.masterLost("test");
        lone.loop.tick();
        assertTrue(client.written.toString(StandardCharsets.UTF_8).contains("57P01"), client.written::toString);
    }
}
