package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.traffic.RelayPhase;
import dev.pgproxy.poolworker.traffic.SessionState;

/** What a session is in: its login, the service of a logged-in client, or the end. Each knows what an event means then. */
sealed interface SessionPhase permits LoginTurn, Active, Ended {

    SessionState state();

    /** The client's connection is readable or writable, or has ended. */
    void frontendReady(int ready);

    /** The backend's connection is readable or writable, or has ended. */
    void backendReady(int ready);

    /** See {@link RelayPhase#serverSaid}. */
    boolean serverSaid(Pipe.Outcome outcome);

    /** After bytes have moved: ends the session if that is due, else waits for what comes next. */
    void settle();

    /** Puts other settings into force. */
    void configure(PoolSettings settings);

    /** The hold has begun or ended. */
    void holdChanged();

    /** Whether something may happen here although the session is held, or its state at the server is not known. */
    boolean isBusy();

    /** Whether the session is held and at rest, and its state at the server is known. */
    boolean isReadyToLeave();

    /** The session is to end as soon as nothing in it runs. */
    void shutdownAsked();

    /**
     * Keeps last words for as soon as the client may be written to.
     *
     * @return false when that is already so
     */
    boolean postpones(byte[] lastWords);

    /** Whether the client has been sent nothing yet, so that another server may let it in. */
    boolean isUnheard();

    /** The ErrorResponse that the server refused the client with; empty when there was none. */
    byte[] refusal();

    /** The session ends in this phase. */
    void end();
}
