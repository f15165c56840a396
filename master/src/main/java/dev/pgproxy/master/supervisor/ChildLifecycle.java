package dev.pgproxy.master.supervisor;

import dev.pgproxy.master.supervisor.ChildState.Phase;

/**
 * Decides when a child is started, killed and replaced: a pure function. A child that ran for a while is replaced after a short pause. One
 * that keeps exiting quickly is replaced after pauses that double, so that a broken setup neither spins nor stays unreported.
 */
final class ChildLifecycle {

    static final long FIRST_PAUSE_MS = 50;
    static final long LONGEST_PAUSE_MS = 10_000;

    /** A child that ran this long did not exit quickly. */
    static final long STABLE_NS = 10_000_000_000L;

    /** Consecutive quick exits that count as an exit loop. */
    static final int LOOP_EXITS = 5;

    /** An event of a slot. */
    enum Event {
        /** The pause is over, or the master starts. */
        START_DUE,
        /** A process was started. */
        STARTED,
        /** No process could be started. */
        START_FAILED,
        HELLO,
        EXITED,
        /** It did not say hello or answer in time, or its channel broke. */
        UNRESPONSIVE,
        STOP_ASKED
    }

    /** What to do next. */
    enum Action {
        NONE,
        START,
        KILL,
        /** Start after {@link Step#pauseMs}. */
        PAUSE,
        ASK_TO_STOP
    }

    /**
     * @param pauseMs meaningful with {@link Action#PAUSE}
     * @param loop whether this is an exit loop, to be reported
     */
    record Step(ChildState state, Action action, long pauseMs, boolean loop) {
        private Step(ChildState state, Action action) {
            this(state, action, 0, false);
        }
    }

    private ChildLifecycle() {}

    static Step next(ChildState state, Event event, long nowNs) {
        return switch (event) {
            case START_DUE -> state.phase() == Phase.WAITING ? new Step(state, Action.START) : stay(state);
            case STARTED -> new Step(new ChildState(Phase.STARTING, state.quickExits(), nowNs), Action.NONE);
            case START_FAILED -> afterExit(state, true);
            case HELLO ->
                state.phase() == Phase.STARTING
                        ? new Step(new ChildState(Phase.READY, state.quickExits(), state.startedNs()), Action.NONE)
                        : stay(state);
            case EXITED -> afterExit(state, nowNs - state.startedNs() < STABLE_NS);
            case UNRESPONSIVE -> state.hasProcess() ? new Step(state, Action.KILL) : stay(state);
            case STOP_ASKED ->
                state.hasProcess()
                        ? new Step(
                                new ChildState(Phase.STOPPING, state.quickExits(), state.startedNs()),
                                Action.ASK_TO_STOP)
                        : new Step(stopped(state), Action.NONE);
        };
    }

    private static Step afterExit(ChildState state, boolean quick) {
        if (state.phase() == Phase.STOPPING || state.phase() == Phase.STOPPED) {
            return new Step(stopped(state), Action.NONE);
        }
        int quickExits = quick ? state.quickExits() + 1 : 0;
        long pauseMs = FIRST_PAUSE_MS;
        for (int i = 1; i < quickExits && pauseMs < LONGEST_PAUSE_MS; i++) {
            pauseMs *= 2;
        }
        ChildState waiting = new ChildState(Phase.WAITING, quickExits, 0);
        return new Step(waiting, Action.PAUSE, Math.min(pauseMs, LONGEST_PAUSE_MS), quickExits >= LOOP_EXITS);
    }

    private static ChildState stopped(ChildState state) {
        return new ChildState(Phase.STOPPED, state.quickExits(), 0);
    }

    private static Step stay(ChildState state) {
        return new Step(state, Action.NONE);
    }
}
