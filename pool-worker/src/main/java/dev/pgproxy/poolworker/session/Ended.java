package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.traffic.LastWords;
import dev.pgproxy.poolworker.traffic.SessionState;

/** The session is over. Events that were on their way no longer mean anything. */
final class Ended implements SessionPhase {

    @Override
    public SessionState state() {
        return SessionState.CLOSED;
    }

    @Override
    public void frontendReady(int ready) {
        // The client is closed or passed on.
    }

    @Override
    public void backendReady(int ready) {
        // The backend is given back.
    }

    @Override
    public boolean serverSaid(Pipe.Outcome outcome) {
        return false;
    }

    @Override
    public void settle() {
        // Nothing is to follow.
    }

    @Override
    public void configure(PoolSettings settings) {
        // They are for sessions that continue.
    }

    @Override
    public void holdChanged() {
        // There is nothing left to hold.
    }

    @Override
    public boolean isBusy() {
        return false;
    }

    @Override
    public boolean isReadyToLeave() {
        return false;
    }

    @Override
    public void shutdownAsked() {
        // It has ended.
    }

    @Override
    public boolean postpones(byte[] lastWords) {
        return false;
    }

    @Override
    public boolean isUnheard() {
        return false;
    }

    @Override
    public byte[] refusal() {
        return LastWords.NONE;
    }

    @Override
    public void end() {
        // Only once.
    }
}
