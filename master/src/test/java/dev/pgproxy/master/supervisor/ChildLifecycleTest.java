package dev.pgproxy.master.supervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.master.supervisor.ChildLifecycle.Action;
import dev.pgproxy.master.supervisor.ChildLifecycle.Event;
import dev.pgproxy.master.supervisor.ChildLifecycle.Step;
import dev.pgproxy.master.supervisor.ChildState.Phase;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChildLifecycleTest {

    private static ChildState started(ChildState state, long nowNs) {
        ChildState starting = ChildLifecycle.next(state, Event.STARTED, nowNs).state();
        return ChildLifecycle.next(starting, Event.HELLO, nowNs).state();
    }

    @Test
    void childThatRanForAWhileIsReplacedAtOnce() {
        ChildState ready = started(ChildState.initial(), 0);
        Step exit = ChildLifecycle.next(ready, Event.EXITED, ChildLifecycle.STABLE_NS);
        assertEquals(Action.PAUSE, exit.action());
        assertEquals(ChildLifecycle.FIRST_PAUSE_MS, exit.pauseMs());
        assertEquals(0, exit.state().quickExits());
        assertEquals(
                Action.START,
                ChildLifecycle.next(exit.state(), Event.START_DUE, 0).action());
    }

    @Test
    void pausesDoubleForAChildThatKeepsDyingAndTheLoopIsReported() {
        ChildState state = ChildState.initial();
        List<Long> pauses = new ArrayList<>();
        List<Boolean> loops = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Step exit = ChildLifecycle.next(started(state, 0), Event.EXITED, 1);
            pauses.add(exit.pauseMs());
            loops.add(exit.loop());
            state = exit.state();
        }
        assertEquals(List.of(50L, 100L, 200L, 400L, 800L, 1600L, 3200L, 6400L, 10_000L, 10_000L), pauses);
        assertEquals(List.of(false, false, false, false, true), loops.subList(0, 5));
    }

    @Test
    void nothingIsStartedOnceItIsToStop() {
        for (ChildState state : List.of(ChildState.initial(), started(ChildState.initial(), 0))) {
            Step stop = ChildLifecycle.next(state, Event.STOP_ASKED, 0);
            assertEquals(state.hasProcess() ? Action.ASK_TO_STOP : Action.NONE, stop.action());
            Step after = ChildLifecycle.next(stop.state(), Event.EXITED, 0);
            assertEquals(Phase.STOPPED, after.state().phase());
            assertEquals(
                    Action.NONE,
                    ChildLifecycle.next(after.state(), Event.START_DUE, 0).action());
        }
    }

    @Test
    void onlyAProcessIsKilled() {
        assertEquals(
                Action.NONE,
                ChildLifecycle.next(ChildState.initial(), Event.UNRESPONSIVE, 0).action());
        ChildState ready = started(ChildState.initial(), 0);
        assertTrue(ready.hasProcess());
        assertEquals(
                Action.KILL, ChildLifecycle.next(ready, Event.UNRESPONSIVE, 0).action());
        assertFalse(ChildState.initial().hasProcess());
    }

    @Test
    void greetingCountsOnce() {
        ChildState ready = started(ChildState.initial(), 0);
        assertEquals(ready, ChildLifecycle.next(ready, Event.HELLO, 0).state());
    }
}
