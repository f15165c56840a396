package dev.pgproxy.poolworker.login;

import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.traffic.RelayHost;
import dev.pgproxy.poolworker.traffic.SessionState;

/** Nothing is said to the client, and nothing was sent to a backend: it waits for one, for a place, or for the master. */
public final class Waiting implements LoginPhase {

    private static final byte[] NOTHING = {};

    private final SessionState state;
    private final boolean awaitsPlace;
    private final RelayHost host;
    private final LoginSteps steps;

    /**
     * @param state ACCEPTED, WAITING or CHECKING
     * @param awaitsPlace whether it is a place that only the master can give
     */
    Waiting(SessionState state, boolean awaitsPlace, RelayHost host, LoginSteps steps) {
        this.state = state;
        this.awaitsPlace = awaitsPlace;
        this.host = host;
        this.steps = steps;
    }

    boolean awaitsPlace() {
        return awaitsPlace;
    }

    @Override
    public SessionState state() {
        return state;
    }

    @Override
    public void frontendReady(int ready) {
        if (state != SessionState.ACCEPTED) {
            host.leave(); // Only a hang-up is waited for here.
        }
    }

    @Override
    public void backendReady(int ready) {
        throw new IllegalStateException("a backend is at work for a client that waits for one");
    }

    @Override
    public void lostWhileIdle(Backend claimed) {
        if (state == SessionState.ACCEPTED) {
            claimed.giveUp();
        } else {
            steps.startAnew(claimed);
        }
    }

    @Override
    public boolean serverSaid(Pipe.Outcome outcome) {
        return true; // It was for the login that has come to an end.
    }

    @Override
    public void awaitNext() {
        // A hang-up, which was asked for when this began.
    }

    @Override
    public boolean isAtRest() {
        return true;
    }

    @Override
    public boolean hasSpoken() {
        return false;
    }

    @Override
    public byte[] refusal() {
        return NOTHING;
    }

    @Override
    public void end() {
        // Nothing has begun.
    }
}
