package dev.pgproxy.common.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventLoopTest {

    private static final long NS_PER_MS = 1_000_000L;

    /** Time that moves only as far as a poll waits. */
    private static final class ManualTime implements Clock, Poller {
        private long nowNs = Long.MAX_VALUE - 5 * NS_PER_MS; // It wraps around during the tests.

        private long oversleepsNs;
        private long handlersNs;

        @Override
        public long nanoTime() {
            return nowNs;
        }

        @Override
        public long poll(long timeoutNs) {
            long waitedNs = Math.max(0, timeoutNs) + oversleepsNs;
            nowNs += waitedNs + handlersNs;
            return waitedNs;
        }

        @Override
        public void wakeUp() {}
    }

    private final ManualTime time = new ManualTime();
    private final EventLoop loop = new EventLoop(time, time);
    private final List<String> ran = new ArrayList<>();

    @Test
    void timersRunInOrderOfTheirDeadlinesAcrossWrapAround() {
        loop.scheduler().afterMs(20, () -> ran.add("late"));
        loop.scheduler().afterMs(1, () -> ran.add("early"));
        loop.scheduler().afterMs(1, () -> ran.add("early too"));
        Scheduler.Timer cancelled = loop.scheduler().afterMs(2, () -> ran.add("cancelled"));
        cancelled.cancel();
        loop.tick();
        assertEquals(List.of("early", "early too"), ran);
        loop.tick();
        assertEquals(List.of("early", "early too", "late"), ran);
    }

    @Test
    void timerThatIsDueAtOnceDoesNotStarveTheRest() {
        loop.scheduler().afterMs(0, this::again);
        loop.tick();
        loop.tick();
        assertEquals(List.of("again", "again"), ran);
    }

    /** Whatever becomes ready during a turn waits for its end. */
    @Test
    void theLongestTurnIsTheDelay() {
        loop.atEndOfTick(() -> time.nowNs += 7 * NS_PER_MS);
        loop.tick();
        loop.tick();
        loop.atEndOfTick(() -> time.nowNs += 3 * NS_PER_MS);
        loop.tick();
        loop.tick();
        assertEquals(7 * NS_PER_MS, loop.takeLongestDelayNs());
        assertEquals(0, loop.takeLongestDelayNs());
    }

    @Test
    void whatHandlersTakeIsADelay() {
        loop.scheduler().afterMs(60_000, () -> ran.add("at last"));
        time.handlersNs = 9 * NS_PER_MS;
        loop.tick();
        time.handlersNs = 0;
        loop.tick();
        assertEquals(9 * NS_PER_MS, loop.takeLongestDelayNs());
    }

    @Test
    void restIsNoDelay() {
        loop.scheduler().afterMs(60_000, () -> ran.add("at last"));
        loop.tick();
        loop.tick();
        assertEquals(List.of("at last"), ran);
        assertEquals(0, loop.takeLongestDelayNs());
    }

    /** A process that gets no processor is late, although its turns are short. */
    @Test
    void aLateTimerIsADelay() {
        loop.scheduler().afterMs(20, () -> ran.add("late"));
        time.oversleepsNs = 4 * NS_PER_MS;
        loop.tick();
        assertEquals(4 * NS_PER_MS, loop.takeLongestDelayNs());
    }

    private void again() {
        ran.add("again");
        loop.scheduler().afterMs(0, this::again);
    }

    @Test
    void everyRunsUntilTheEnd() {
        loop.scheduler().everyMs(10, () -> ran.add("tick"));
        for (int i = 0; i < 5; i++) {
            loop.tick();
        }
        assertEquals(5, ran.size());
    }

    @Test
    void tasksAtEndOfTickSeeEverythingElseDone() throws InterruptedException {
        loop.atEndOfTick(() -> ran.add("end"));
        loop.post(() -> ran.add("posted"));
        loop.tick();
        assertEquals(List.of("posted", "end"), ran);
    }
}
