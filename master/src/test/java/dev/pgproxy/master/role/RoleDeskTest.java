package dev.pgproxy.master.role;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.master.supervisor.Recipient;
import dev.pgproxy.testkit.loop.StillPoller;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoleDeskTest {

    private static final ServerAddress SERVER = new ServerAddress("server", 5432);
    private static final ServerAddress OTHER = new ServerAddress("other", 5432);
    private static final RoleFacts FACTS = new RoleFacts(true, true, true, 60_000, "f1", List.of("md5..."), true);

    private long nowMs = 1_000;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowMs * 1_000_000L);
    private final RoleDesk desk = new RoleDesk(loop, 10_000);
    private final List<ControlMessage.LookUpRole> asked = new ArrayList<>();
    private final List<ControlMessage.RoleFound> answered = new ArrayList<>();
    private final Recipient taskWorker = message -> asked.add((ControlMessage.LookUpRole) message);
    private final Recipient poolWorker = message -> answered.add((ControlMessage.RoleFound) message);

    private void find(long frontendId, ServerAddress server) {
        desk.onFindRole(poolWorker, new ControlMessage.FindRole(frontendId, server, "app", "shop"));
    }

    private void found(int lookup, RoleFacts facts) {
        desk.onLookedUp(new ControlMessage.RoleLookedUp(asked.get(lookup).lookupId(), facts));
    }

    private void pass(long ms) {
        nowMs += ms;
        loop.tick();
    }

    @Test
    void thoseWhoAskTheSameShareOneAnswer() {
        desk.taskWorkerReady(taskWorker);
        find(1, SERVER);
        find(2, SERVER);
        find(3, OTHER);
        assertEquals(2, asked.size());
        found(0, FACTS);
        assertEquals(
                List.of(1L, 2L),
                answered.stream().map(ControlMessage.RoleFound::frontendId).toList());
    }

    @Test
    void anAnswerIsRememberedForItsTimeAndGrowsOlder() {
        desk.taskWorkerReady(taskWorker);
        find(1, SERVER);
        found(0, FACTS);
        pass(9_999);
        find(2, SERVER);
        assertEquals(1, asked.size());
        assertEquals(60_000 - 9_999, answered.get(1).facts().validForMs());
        pass(1);
        find(3, SERVER);
        assertEquals(2, asked.size());
    }

    @Test
    void nobodyWaitsLongForAServerThatHangs() {
        desk.taskWorkerReady(taskWorker);
        find(1, SERVER);
        pass(2_000);
        assertEquals(RoleFacts.UNAVAILABLE, answered.get(0).facts());
        find(2, SERVER);
        assertEquals(2, answered.size());
        found(0, FACTS); // Too late: it is not believed.
        pass(1_000);
        find(3, SERVER);
        assertEquals(2, asked.size());
    }

    @Test
    void aChangeOutdatesWhatIsRememberedAndWhatIsOnItsWay() {
        desk.taskWorkerReady(taskWorker);
        find(1, SERVER);
        find(2, OTHER);
        found(1, FACTS);
        desk.onRolesChanged(SERVER);
        find(3, SERVER);
        assertEquals(3, asked.size());
        found(0, FACTS);
        found(2, new RoleFacts(true, true, true, RoleFacts.FOR_EVER, "f2", List.of(), true));
        find(4, SERVER);
        find(5, OTHER);
        assertEquals(3, asked.size());
        assertEquals("f2", answered.get(3).facts().fingerprint());
        assertEquals("f1", answered.get(4).facts().fingerprint());
    }

    @Test
    void questionsWaitForTheNextTaskWorker() {
        find(1, SERVER);
        assertEquals(0, asked.size());
        desk.taskWorkerReady(taskWorker);
        assertEquals(1, asked.size());
        desk.taskWorkerGone();
        desk.taskWorkerReady(taskWorker);
        assertEquals(2, asked.size());
        found(1, FACTS);
        found(0, FACTS);
        assertEquals(1, answered.size());
    }
}
