package dev.pgproxy.common.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeadlineTest {

    private long nowMs;
    private final EventLoop loop = new EventLoop(
            new Poller() {
                @Override
                public long poll(long timeoutNs) {
                    return 0;
                }

                @Override
                public void wakeUp() {}
            },
            () -> nowMs * 1_000_000L);
    private final Deadline deadline = new Deadline(loop.scheduler());
    private final List<String> ran = new ArrayList<>();

    private void pass(long ms) {
        nowMs += ms;
        loop.tick();
    }

    @Test
    void runsOnceWhenItIsTime() {
        deadline.start(10, () -> ran.add("a"));
        pass(9);
        assertEquals(List.of(), ran);
        pass(1);
        pass(100);
        assertEquals(List.of("a"), ran);
    }

    @Test
    void aNewStartTakesThePlaceOfTheOneBefore() {
        deadline.start(10, () -> ran.add("a"));
        pass(5);
        deadline.start(10, () -> ran.add("b"));
        pass(5);
        assertEquals(List.of(), ran);
        pass(5);
        assertEquals(List.of("b"), ran);
    }

    @Test
    void runsNothingAfterItWasStopped() {
        deadline.stop();
        deadline.start(10, () -> ran.add("a"));
        deadline.stop();
        deadline.stop();
        pass(100);
        assertEquals(List.of(), ran);
    }
}
