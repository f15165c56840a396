package dev.pgproxy.adminworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.adminworker.session.Asker;
import dev.pgproxy.adminworker.sql.Running;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlStates;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.testkit.loop.StillPoller;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StatementWatchTest {

    private static final Asker READER = new Asker("grafana", new Peer.Tcp("192.0.2.1", 4711), false);

    private long nowNs = Long.MAX_VALUE - 5;
    private boolean tight;
    private final List<Asker> ranAway = new ArrayList<>();
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowNs);
    private final StatementWatch watch = new StatementWatch(loop, () -> tight, ranAway::add);

    private Running begun() {
        Running statement = new Running();
        watch.begins(statement);
        statement.begun();
        return statement;
    }

    private void over(Running statement) {
        statement.over();
        watch.ends(statement);
    }

    private void pass(long ms) {
        for (long passed = 0; passed < ms; passed += 20) {
            nowNs += TimeUnit.MILLISECONDS.toNanos(20);
            loop.tick();
        }
    }

    @Test
    void whenMemoryIsShortTheOldestStatementIsToStopAndNoOther() {
        Running large = begun();
        Running small = begun();
        pass(100);
        assertNull(large.reason());
        tight = true;
        pass(100);
        SqlProblem reason = large.reason();
        assertNotNull(reason);
        assertEquals(SqlStates.OUT_OF_MEMORY, reason.sqlState());
        assertNull(small.reason());
        over(large);
        tight = false;
        pass(2_000);
        assertNull(small.reason());
    }

    @Test
    void oneThatDoesNotStopKeepsNoOtherFromIt() {
        Running stuck = begun();
        Running large = begun();
        tight = true;
        pass(100);
        assertNotNull(stuck.reason());
        pass(800);
        assertNull(large.reason(), "what was told first may be about to give its memory back");
        pass(400);
        assertNotNull(large.reason());
    }

    @Test
    void whoWasToldToStopForAnotherReasonIsWaitedForAsWell() {
        Running late = begun();
        Running innocent = begun();
        late.cancel(new SqlProblem("57014", "too late", ""));
        watch.stop(late, READER);
        watch.ends(late); // Its client has its answer, and it still runs.
        tight = true;
        pass(500);
        assertNull(innocent.reason());
    }

    @Test
    void whatCannotBeStoppedHasRunAway() {
        Running stops = begun();
        watch.stop(stops, READER);
        Running runaway = begun();
        watch.stop(runaway, READER);
        over(stops);
        pass(4_800);
        assertTrue(ranAway.isEmpty());
        pass(500);
        assertEquals(List.of(READER), ranAway);
    }

    @Test
    void whatNeverBeganHasNotRunAway() {
        Running waits = new Running();
        watch.begins(waits);
        watch.stop(waits, READER);
        watch.ends(waits);
        pass(6_000);
        assertTrue(ranAway.isEmpty());
        assertTrue(watch.isIdle());
    }
}
