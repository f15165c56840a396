package dev.pgproxy.poolworker.login;

import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.traffic.RelayPhase;
import dev.pgproxy.poolworker.traffic.SessionState;

/** A step on a client's way into its session. */
public interface LoginPhase {

    SessionState state();

    /** The client's connection is readable or writable, or has ended. */
    void frontendReady(int ready);

    /** The backend's connection is readable or writable. */
    void backendReady(int ready);

    /** The backend sent something, or ended, while no client used it. */
    void lostWhileIdle(Backend claimed);

    /** See {@link RelayPhase#serverSaid}. */
    boolean serverSaid(Pipe.Outcome outcome);

    /** Waits for what can happen next. */
    void awaitNext();

    /** Whether nothing is under way that a change of the primary would have to wait for. */
    boolean isAtRest();

    /** Whether the client was sent anything in this phase. */
    boolean hasSpoken();

    /** The server's ErrorResponse; empty when there was none. */
    byte[] refusal();

    /** The session ends in this phase. */
    void end();
}
