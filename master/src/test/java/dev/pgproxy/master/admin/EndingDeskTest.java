package dev.pgproxy.master.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.loop.StillPoller;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EndingDeskTest {

    private static final long OWN_PID = 1;

    private long nowMs = 1_000;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowMs * 1_000_000L);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final PlayedWorker one = new PlayedWorker(ChildKind.POOL, 1);
    private final PlayedWorker two = new PlayedWorker(ChildKind.POOL, 2);
    private final Set<Long> waiting = new HashSet<>(Set.of(7L, 8L));
    private final List<String> said = new ArrayList<>();
    private final EndingDesk desk = new EndingDesk(loop, OWN_PID, workers, this::endWaiting, new Answers() {
        @Override
        public void notice(long commandId, String message) {
            said.add("notice " + commandId);
        }

        @Override
        public void done(long commandId, int count, String message) {
            said.add("done " + commandId + ": " + count);
        }

        @Override
        public void failed(long commandId, String sqlState, String message, String hint) {
            said.add("failed " + commandId + ": " + sqlState + " " + message);
        }
    });

    EndingDeskTest() {
        workers.ready(one);
        workers.ready(two);
    }

    private int endWaiting(Set<Long> sessions) {
        int before = waiting.size();
        waiting.removeAll(sessions);
        return before - waiting.size();
    }

    private void end(long command, Long... keys) {
        desk.end(new CommandMessages.EndConnections(command, List.of(keys), true));
    }

    private static CommandMessages.EndSessions only(PlayedWorker worker) {
        List<CommandMessages.EndSessions> all = worker.received(CommandMessages.EndSessions.class);
        assertEquals(1, all.size());
        return all.get(0);
    }

    private void answer(PlayedWorker worker, long request, int count) {
        desk.onEnded(worker, new CommandMessages.SessionsEnded(request, count));
    }

    @Test
    void eachIsEndedWhereItIs() {
        end(3, OWN_PID, 0L, 7L, one.pid(), 0L, 11L, two.pid(), 5L, 0L);
        assertEquals(Set.of(8L), waiting);
        assertEquals(List.of(11L), only(one).sessionIds());
        assertEquals(List.of(5L), only(two).backendIds());
        answer(one, only(one).commandId(), 1);
        assertEquals(List.of(), said, "one of them has not answered yet");
        answer(two, only(two).commandId(), 1);
        assertEquals(List.of("done 3: 3"), said);
    }

    @Test
    void nothingToEndIsDoneAtOnce() {
        end(3);
        assertEquals(List.of("done 3: 0"), said);
    }

    @Test
    void aCommandInPartsIsOneCommand() {
        desk.end(new CommandMessages.EndConnections(3, List.of(OWN_PID, 0L, 7L), false));
        assertEquals(2, waiting.size());
        end(3, OWN_PID, 0L, 8L);
        assertEquals(List.of("done 3: 2"), said);
    }

    @Test
    void aWorkerThatDiesHasEndedAll() {
        end(3, one.pid(), 0L, 11L);
        workers.gone(one);
        assertEquals(List.of("done 3: 0"), said);
        answer(one, only(one).commandId(), 1);
        assertEquals(1, said.size(), "its late answer counts for nothing");
    }

    @Test
    void aWorkerThatHangsIsNamed() {
        end(3, one.pid(), 0L, 11L, two.pid(), 0L, 12L);
        answer(one, only(one).commandId(), 1);
        nowMs += 2_000;
        loop.tick();
        assertEquals(1, said.size());
        assertTrue(said.get(0).startsWith("failed 3: " + SqlState.QUERY_CANCELED + " 1 connections were ended"));
        assertTrue(said.get(0).contains(two.name()));
    }

    @Test
    void onlyTheAnswerOfWhoWasAskedCounts() {
        end(3, one.pid(), 0L, 11L);
        answer(two, only(one).commandId(), 5);
        assertEquals(List.of(), said);
    }

    @Test
    void manyAreNamedInSeveralMessages() {
        List<Long> keys = new ArrayList<>();
        for (long session = 1; session <= 1_001; session++) {
            keys.addAll(List.of(one.pid(), 0L, session));
        }
        desk.end(new CommandMessages.EndConnections(3, keys, true));
        List<CommandMessages.EndSessions> asked = one.received(CommandMessages.EndSessions.class);
        assertEquals(3, asked.size());
        asked.forEach(
                message -> answer(one, message.commandId(), message.sessionIds().size()));
        assertEquals(List.of("done 3: 1001"), said);
    }

    @Test
    void tooManyAreRefused() {
        desk.end(new CommandMessages.EndConnections(3, Collections.nCopies(300_003, 1L), true));
        assertTrue(said.get(0).startsWith("failed 3: " + SqlState.PROGRAM_LIMIT_EXCEEDED));
        assertEquals(List.of(), one.received());
    }

    @Test
    void whatAnEarlierAdminWorkerAskedIsForgotten() {
        end(3, one.pid(), 0L, 11L);
        desk.abandonAll();
        answer(one, only(one).commandId(), 1);
        nowMs += 10_000;
        loop.tick();
        assertEquals(List.of(), said);
    }
}
