package dev.pgproxy.poolworker.backend;

import java.util.List;

/**
 * Decides what happens to a backend: a pure function of its state, the event, and what is known about it. The rule
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
        /** The server sent a ReadyForQuery for a query of the former client or of ours. */
        READY,
        /** The last cancel is over. */
        CANCEL_FINISHED,
        /** A session took the idle backend. */
        CLAIMED,
        /** Something that must not happen: an error in a reset, a message while idle, a time limit. */
        FAILED,
        /** The connection ended from the server's side, or broke. */
        LOST,
        /** There is no time left for a proper end. */
        ABANDONED
    }

    /** What to do, in this order. */
    public enum Action {
        START_RESET_TIMER,
        /** The former client's query is no longer wanted. */
        CANCEL_QUERY,
        SEND_ROLLBACK,
        SEND_DISCARD_ALL,
        PARK,
        /** Say goodbye, and wait for the server to end the connection. */
        PART,
        CLOSE
    }

    /**
     * What the decision depends on.
     *
     * @param reusable the login allows another client of the same pool key to take over, and the backend need not be closed
     * @param clean no message to the server is half sent, and the server's answers can be counted
     * @param running the server owes an answer
     * @param busy the server may be at work, whether or not its answers can be counted
     * @param ended the connection has ended already
     * @param inTransaction according to the last ReadyForQuery
     * @param cancelInFlight a cancel for the former client is not known to have ended
     */
    public record Facts(
            boolean reusable,
            boolean clean,
            boolean running,
            boolean busy,
            boolean ended,
            boolean inTransaction,
            boolean cancelInFlight) {}

    /** The new state, and what to do. */
    public record Step(BackendState state, List<Action> actions) {
        private Step(BackendState state, Action... actions) {
            this(state, List.of(actions));
        }
    }

    private static final Step CLOSE = new Step(BackendState.CLOSED, Action.CLOSE);

    private BackendLifecycle() {}

    /** The next step; an event that a state does not expect closes the backend. */
    public static Step next(BackendState state, Event event, Facts facts) {
        if (state == BackendState.CLOSED) {
            return new Step(state);
        }
        if (event == Event.LOST || event == Event.ABANDONED) {
            return CLOSE;
        }
        if (event == Event.FAILED) {
            return state == BackendState.CONNECTING || state == BackendState.CLOSING ? CLOSE : part(facts);
        }
        return switch (state) {
            case CONNECTING -> event == Event.CONNECTED ? new Step(BackendState.LOGGING_IN) : CLOSE;
            case LOGGING_IN -> event == Event.LOGGED_IN ? new Step(BackendState.IN_SESSION) : part(facts);
            case IN_SESSION -> inSession(event, facts);
            case DRAINING -> afterAnswer(facts);
            case ROLLING_BACK ->
                event == Event.READY && !facts.inTransaction()
                        ? new Step(BackendState.DISCARDING, Action.SEND_DISCARD_ALL)
                        : part(facts);
            case DISCARDING ->
                event == Event.READY && !facts.inTransaction() && facts.reusable()
                        ? new Step(BackendState.IDLE, Action.PARK)
                        : part(facts);
            case IDLE -> event == Event.CLAIMED ? new Step(BackendState.IN_SESSION) : part(facts);
            case CLOSING -> new Step(BackendState.CLOSING);
            case CLOSED -> new Step(state);
        };
    }

    private static Step inSession(Event event, Facts facts) {
        return switch (event) {
            case READY, CANCEL_FINISHED -> new Step(BackendState.IN_SESSION);
            case FRONTEND_LEFT -> {
                if (facts.ended() || !facts.reusable() || !facts.clean()) {
                    yield part(facts);
                }
                if (facts.running()) {
                    yield new Step(BackendState.DRAINING, Action.START_RESET_TIMER, Action.CANCEL_QUERY);
                }
                yield facts.cancelInFlight()
                        ? new Step(BackendState.DRAINING, Action.START_RESET_TIMER)
                        : startReset(facts, Action.START_RESET_TIMER);
            }
            case CONNECTED, LOGGED_IN, CLAIMED, FAILED, LOST, ABANDONED -> part(facts);
        };
    }

    /** A cancel that is still on its way could hit whatever runs next, so the reset itself waits for it. */
    private static Step afterAnswer(Facts facts) {
        if (!facts.clean() || !facts.reusable()) {
            return part(facts);
        }
        return facts.running() || facts.cancelInFlight() ? new Step(BackendState.DRAINING) : startReset(facts);
    }

    /** A server counts a connection until its process has ended, and a busy process does not notice that its client left. */
    private static Step part(Facts facts) {
        if (facts.ended()) {
            return CLOSE;
        }
        return facts.busy()
                ? new Step(BackendState.CLOSING, Action.CANCEL_QUERY, Action.PART)
                : new Step(BackendState.CLOSING, Action.PART);
    }

    /** ROLLBACK and DISCARD ALL are sent as separate queries: the server refuses DISCARD ALL in a transaction or a list of statements. */
    private static Step startReset(Facts facts, Action... before) {
        BackendState state = facts.inTransaction() ? BackendState.ROLLING_BACK : BackendState.DISCARDING;
        Action send = facts.inTransaction() ? Action.SEND_ROLLBACK : Action.SEND_DISCARD_ALL;
        Action[] actions = java.util.Arrays.copyOf(before, before.length + 1);
        actions[before.length] = send;
        return new Step(state, actions);
    }
}
