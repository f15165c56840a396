package dev.pgproxy.poolworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.testkit.loop.StillPoller;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class IdleWatchTest {

    private static final String SESSION = SqlState.IDLE_SESSION_TIMEOUT;
    private static final String TRANSACTION = SqlState.IDLE_IN_TRANSACTION_SESSION_TIMEOUT;

    private long nowMs = 5_000;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowMs * 1_000_000L);
    private final QueryProgress progress = new QueryProgress();
    private final List<String> ends = new ArrayList<>();

    private IdleWatch watch(long sessionMs, long transactionMs, long idleMs) {
        return new IdleWatch(
                loop,
                sessionMs,
                transactionMs,
                progress,
                (nowMs - idleMs) * 1_000_000L,
                words -> ends.add(BackendMessage.sqlState(words)));
    }

    /** Step by step, since the watch looks again when it finds the client busy. */
    private void passMs(long ms) {
        for (long end = nowMs + ms; nowMs < end; nowMs++) {
            loop.tick();
        }
        loop.tick();
    }

    private void transaction(char status) {
        progress.onFrontend(FrontendMessage.QUERY);
        progress.onReadyForQuery((byte) status);
    }

    @Test
    void anIdleSessionEndsInTime() {
        watch(1_000, 0, 0);
        passMs(999);
        assertEquals(List.of(), ends);
        passMs(1);
        assertEquals(List.of(SESSION), ends);
    }

    @Test
    void timeBeforeTheWatchCounts() {
        watch(1_000, 0, 900);
        passMs(100);
        assertEquals(List.of(SESSION), ends);
    }

    @Test
    void anAnswerStartsTheTimeAgain() {
        IdleWatch watch = watch(1_000, 0, 0);
        passMs(900);
        watch.active();
        passMs(900);
        assertEquals(List.of(), ends);
        passMs(100);
        assertEquals(List.of(SESSION), ends);
    }

    @Test
    void aQueryThatRunsKeepsTheSessionHoweverLong() {
        IdleWatch watch = watch(1_000, 500, 0);
        progress.onFrontend(FrontendMessage.QUERY);
        passMs(10_000);
        assertEquals(List.of(), ends);
        progress.onReadyForQuery(BackendMessage.IDLE);
        watch.active();
        passMs(999);
        assertEquals(List.of(), ends);
        passMs(251);
        assertEquals(List.of(SESSION), ends);
    }

    @Test
    void aTransactionHasABoundOfItsOwn() {
        IdleWatch watch = watch(10_000, 400, 0);
        passMs(2_000);
        assertEquals(List.of(), ends, "no transaction is open");
        transaction('T');
        watch.active();
        passMs(500);
        assertEquals(List.of(TRANSACTION), ends);
    }

    @Test
    void theSessionsBoundEndsATransactionToo() {
        watch(400, 10_000, 0);
        transaction('E');
        passMs(400);
        assertEquals(List.of(SESSION), ends);
    }

    @Test
    void onlyTransactionsAreBoundedWhereTheSessionIsNot() {
        IdleWatch watch = watch(0, 400, 0);
        passMs(5_000);
        assertEquals(List.of(), ends);
        transaction('T');
        watch.active();
        passMs(500);
        assertEquals(List.of(TRANSACTION), ends);
    }

    @Test
    void aStoppedWatchEndsNothing() {
        watch(1_000, 500, 0).stop();
        passMs(5_000);
        assertEquals(List.of(), ends);
    }
}
