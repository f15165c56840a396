package dev.pgproxy.poolworker.backend;

import java.util.List;

/**
 * Decides what happens to a backend: a pure function of its state, what happened, and what is known about it. The rule
 * behind every line: a backend is used again only when it is known to be as good as new; any doubt closes it.
 */
public final class BackendLifecycle {

    /** What can happen. */
    public enum Event {
        CONNECTED,
        /** The server sent the login's ReadyForQuery. */
        LOGGED_IN,
        /** The client left, in any way. */
        FRONTEND_LEFT,
        /** The server sent a ReadyForQuery to a query of the former client or of ours. */
        READY,
        /** No cancel is under way any more. */
        CANCEL_FINISHED,
        /** A session took the idle backend. */
        CLAIMED,
        /** Something that must not be: an error in a reset, a message while idle, a time limit, a lost connection. */
        FAILED
    }

    /** What is to be done, in this order. */
    public enum Action {
        START_RESET_TIMER,
        SEND_ROLLBACK,
        SEND_DISCARD_ALL,
        PARK,
        CLOSE
    }

    /**
     * What the decision depends on.
     *
     * @param reusable the login allows another client of the same pool key to take over, and nobody wants the backend gone
     * @param clean nothing was left half sent towards the server, and its answers can be counted
     * @param running the server owes an answer
     * @param inTransaction by the last ReadyForQuery
     * @param cancelInFlight a cancel for the former client has not been seen to end
     */
    public record Facts(
            boolean reusable, boolean clean, boolean running, boolean inTransaction, boolean cancelInFlight) {}

    /** The new state, and what to do. */
    public record Step(BackendState state, List<Action> actions) {
        private Step(BackendState state, Action... actions) {
            this(state, List.of(actions));
        }
    }

    private static final Step CLOSE = new Step(BackendState.CLOSED, Action.CLOSE);

    private BackendLifecycle() {}

    /** What comes next; an event that a state does not expect closes the backend. */
    public static Step next(BackendState state, Event event, Facts facts) {
        if (event == Event.FAILED) {
            return state == BackendState.CLOSED ? new Step(state) : CLOSE;
        }
        return switch (state) {
            case CONNECTING -> event == Event.CONNECTED ? new Step(BackendState.LOGGING_IN) : CLOSE;
            case LOGGING_IN -> event == Event.LOGGED_IN ? new Step(BackendState.IN_SESSION) : CLOSE;
            case IN_SESSION -> inSession(event, facts);
            case DRAINING -> afterAnswer(facts);
            case ROLLING_BACK ->
                event == Event.READY && !facts.inTransaction()
                        ? new Step(BackendState.DISCARDING, Action.SEND_DISCARD_ALL)
                        : CLOSE;
            case DISCARDING ->
                event == Event.READY && !facts.inTransaction() && facts.reusable()
                        ? new Step(BackendState.IDLE, Action.PARK)
                        : CLOSE;
            case IDLE -> event == Event.CLAIMED ? new Step(BackendState.IN_SESSION) : CLOSE;
            case CLOSED -> new Step(state);
        };
    }

    private static Step inSession(Event event, Facts facts) {
        return switch (event) {
            case READY, CANCEL_FINISHED -> new Step(BackendState.IN_SESSION);
            case FRONTEND_LEFT -> {
                if (!facts.reusable() || !facts.clean()) {
                    yield CLOSE;
                }
                yield facts.running() || facts.cancelInFlight()
                        ? new Step(BackendState.DRAINING, Action.START_RESET_TIMER)
                        : startReset(facts, Action.START_RESET_TIMER);
            }
            case CONNECTED, LOGGED_IN, CLAIMED, FAILED -> CLOSE;
        };
    }

    /** A cancel that is still on its way could hit whatever runs next, so the reset itself waits for it. */
    private static Step afterAnswer(Facts facts) {
        if (!facts.clean() || !facts.reusable()) {
            return CLOSE;
        }
        return facts.running() || facts.cancelInFlight() ? new Step(BackendState.DRAINING) : startReset(facts);
    }

    /** ROLLBACK and DISCARD ALL are queries of their own: DISCARD ALL is refused inside a transaction or a list of statements. */
    private static Step startReset(Facts facts, Action... before) {
        BackendState state = facts.inTransaction() ? BackendState.ROLLING_BACK : BackendState.DISCARDING;
        Action send = facts.inTransaction() ? Action.SEND_ROLLBACK : Action.SEND_DISCARD_ALL;
        Action[] actions = java.util.Arrays.copyOf(before, before.length + 1);
        actions[before.length] = send;
        return new Step(state, actions);
    }
}
