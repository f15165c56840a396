package dev.pgproxy.master.role;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.loop.StillPoller;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoleDeskTest {

    private static final Endpoint SERVER = new Endpoint.Tcp("server", 5432);
    private static final Endpoint OTHER = new Endpoint.Tcp("other", 5432);
    private static final RoleFacts FACTS = new RoleFacts(true, true, true, 60_000, "f1", List.of("md5..."), true);

    private long nowMs = 1_000;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowMs * 1_000_000L);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final RoleMemory memory = new RoleMemory(loop.clock(), 10_000);
    private final RoleDesk desk = new RoleDesk(loop, workers, memory, 60_000, (server, user, database) -> {});
    private final PlayedWorker taskWorker = new PlayedWorker(ChildKind.TASK, 1);
    private final PlayedWorker poolWorker = new PlayedWorker(ChildKind.POOL, 1);

    private List<RoleMessages.LookUpRole> asked() {
        return taskWorker.received(RoleMessages.LookUpRole.class);
    }

    private List<RoleMessages.RoleFound> answered() {
        return poolWorker.received(RoleMessages.RoleFound.class);
    }

    private void find(long sessionId, Endpoint server) {
        desk.onFindRole(poolWorker, new RoleMessages.FindRole(sessionId, server, "app", "shop"));
    }

    private void found(int lookup, RoleFacts facts) {
        desk.onRoleLookedUp(
                taskWorker, new RoleMessages.RoleLookedUp(asked().get(lookup).lookupId(), facts));
    }

    private void pass(long ms) {
        nowMs += ms;
        loop.tick();
    }

    @Test
    void thoseWhoAskTheSameShareOneAnswer() {
        workers.ready(taskWorker);
        find(1, SERVER);
        find(2, SERVER);
        find(3, OTHER);
        assertEquals(2, asked().size());
        found(0, FACTS);
        assertEquals(
                List.of(1L, 2L),
                answered().stream().map(RoleMessages.RoleFound::sessionId).toList());
    }

    /** What is read for a client that arrived before a change is too old for one that arrives after it. */
    @Test
    void whereEachLoginIsToAskTheNextAnswerIsShared() {
        workers.ready(taskWorker);
        desk.configure(0, 60_000);
        find(1, SERVER);
        find(2, SERVER);
        find(3, SERVER);
        assertEquals(1, asked().size(), "a crowd of one role is one question at a time");
        found(0, FACTS);
        assertEquals(2, asked().size());
        find(4, SERVER);
        found(1, FACTS);
        assertEquals(
                List.of(1L, 2L, 3L),
                answered().stream().map(RoleMessages.RoleFound::sessionId).toList());
        found(2, FACTS);
        assertEquals(4, answered().size());
        assertEquals(3, asked().size());
    }

    @Test
    void anAnswerIsRememberedForItsTimeAndGrowsOlder() {
        workers.ready(taskWorker);
        find(1, SERVER);
        found(0, FACTS);
        pass(9_999);
        find(2, SERVER);
        assertEquals(1, asked().size());
        assertEquals(60_000 - 9_999, answered().get(1).facts().validForMs());
        pass(1);
        find(3, SERVER);
        assertEquals(2, asked().size());
    }

    @Test
    void nobodyWaitsLongForAServerThatHangs() {
        workers.ready(taskWorker);
        find(1, SERVER);
        pass(4_999);
        assertEquals(List.of(), answered());
        pass(1);
        assertEquals(RoleFacts.UNAVAILABLE, answered().get(0).facts());
        find(2, SERVER);
        assertEquals(2, answered().size());
        found(0, FACTS); // Too late: it is ignored.
        pass(1_000);
        find(3, SERVER);
        assertEquals(2, asked().size());
    }

    /** Without an answer the server decides about the client, and needs time for that. */
    @Test
    void aLookupTakesHalfOfALoginAtMost() {
        desk.configure(10_000, 3_000);
        workers.ready(taskWorker);
        find(1, SERVER);
        assertEquals(1_500, asked().get(0).timeoutMs());
        pass(1_500);
        assertEquals(RoleFacts.UNAVAILABLE, answered().get(0).facts());
    }

    @Test
    void aChangeOutdatesWhatIsRememberedAndWhatIsOnItsWay() {
        workers.ready(taskWorker);
        find(1, SERVER);
        find(2, OTHER);
        found(1, FACTS);
        desk.onRolesChanged(poolWorker, new RoleMessages.RolesChanged(SERVER));
        find(3, SERVER);
        assertEquals(3, asked().size());
        found(0, FACTS);
        found(2, new RoleFacts(true, true, true, RoleFacts.FOR_EVER, "f2", List.of(), true));
        find(4, SERVER);
        find(5, OTHER);
        assertEquals(3, asked().size());
        assertEquals("f2", answered().get(3).facts().fingerprint());
        assertEquals("f1", answered().get(4).facts().fingerprint());
    }

    @Test
    void questionsWaitForTheNextTaskWorker() {
        find(1, SERVER);
        assertEquals(0, asked().size());
        workers.ready(taskWorker);
        assertEquals(1, asked().size());
        workers.gone(taskWorker);
        workers.ready(taskWorker);
        assertEquals(2, asked().size());
        found(1, FACTS);
        found(0, FACTS);
        assertEquals(1, answered().size());
    }
}
