package dev.pgproxy.poolworker.login;

import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.traffic.RelayHost;
import dev.pgproxy.poolworker.traffic.SessionState;

/** The client waits for a backend, for a place or for the master. It is sent nothing, and no backend has been sent anything. */
public final class Waiting implements LoginPhase {

    private static final byte[] NOTHING = {};

    private final SessionState state;
    private final boolean awaitsPlace;
    private final RelayHost host;
    private final LoginSteps steps;

    /**
     * @param state ACCEPTED, WAITING or CHECKING
     * @param awaitsPlace whether it waits for a place, which only the master can give
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
            host.leave(); // Only a hang-up is awaited here.
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
            steps.startOver(claimed);
        }
    }

    @Override
    public boolean serverSaid(Pipe.Outcome outcome) {
        return true; // It was for the login that has ended.
    }

    @Override
    public void awaitNext() {
        // Only a hang-up, which was requested when this began.
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
