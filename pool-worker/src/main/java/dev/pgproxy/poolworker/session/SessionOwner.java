package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.traffic.BackendTraffic;

/**
 * Who keeps the sessions of a worker.
 *
 * @param <S> a session
 */
public interface SessionOwner<S> {
    /** Asks what is known of the client's role; {@link Session#roleFound} takes the answer. */
    void askForRole(S session);

    /** The backend that the session has waited for is its own now. */
    void joined(S session, Backend backend);

    /** The backend, which the session has to itself, is to be connected. */
    void connect(S session, Backend backend);

    /**
     * The client did not pass the proxy's check of its password.
     *
     * @param methodToo the server asks for it in another way than was thought
     */
    void roleDoubted(S session, boolean methodToo);

    /**
     * The client, who has no place, wants one; {@link Session#placed} or {@link Session#refused} takes the answer.
     *
     * @param proved it knows its password; else it wants the server's word that it does not
     * @param refusal the server's, for want of room, at the place that the client had; empty when it had none
     */
    void wantPlace(S session, boolean proved, byte[] refusal);

    /** The server has refused the client with these words, for want of room. */
    void serverFull(S session, byte[] refusal);

    /** Whether {@link #wantPlace} has an answer: the master is there. */
    boolean canGivePlaces();

    /**
     * The login is complete.
     *
     * @param askable how the next client of this kind can be asked before it has a place; OTHER when only the server can ask it
     */
    void opened(S session, Backend backend, AuthenticationMethod askable);

    /** The backend cannot be used again, for want of a way to check the next client. */
    void notReusable(S session, AuthenticationMethod method, RoleFacts facts);

    /** The backend that was promised fell through; the session wants another one by {@link Session#useBackend}. */
    void needsBackend(S session);

    /** See {@link BackendTraffic.News}. */
    void rolesChanged(S session);

    /** See {@link BackendTraffic.News}. */
    void objectInUse(S session, String words);

    /** A command of the session's waits until others have left this database, whose name has one char per byte. */
    void databaseWanted(S session, String name);

    /** The server has sent what is no message; the session ends. */
    void serverViolated(S session, ProtocolViolation violation);

    /** The session cannot go on, for a reason that nobody thought of, and ends. */
    void broken(S session, Throwable cause);

    /** The session is over. Called once, unless {@link #returned} or {@link #parked} was. */
    void closed(S session);

    /**
     * The session is over, and its client, who was told nothing yet, may be served by another server.
     *
     * @param frontend the client, which is the owner's now
     * @param lastWords what it is to be told when there is no other server
     */
    void returned(S session, Transport frontend, byte[] lastWords);

    /**
     * The session needs no server before the client's next query, and then another one.
     *
     * @param frontend the client, which is the owner's now
     * @param resumption what the session goes on with
     * @param startupPacket what its next server is to get
     */
    void parked(S session, Transport frontend, Resumption resumption, byte[] startupPacket);

    /** Whether there is somebody who could serve a client that is returned. */
    boolean hasMaster();
}
