package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.traffic.BackendTraffic;

/**
 * Keeps the sessions of a worker.
 *
 * @param <S> a session
 */
public interface SessionOwner<S> {
    /** Asks what is known of the client's role; {@link Session#roleFound} takes the answer. */
    void askForRole(S session);

    /** The session now has the backend that it waited for. */
    void joined(S session, Backend backend);

    /** Connects the backend, which the session has to itself. */
    void connect(S session, Backend backend);

    /**
     * The client did not pass the proxy's check of its password.
     *
     * @param methodToo whether the server asks for it in another way than was thought
     */
    void roleDoubted(S session, boolean methodToo);

    /**
     * The client, which has no place, wants one; {@link Session#placed} or {@link Session#refused} takes the answer.
     *
     * @param proved whether it has proved its password; if not, the server must judge it
     * @param refusal the server's, for lack of room at the place that the client had; empty when there was none
     */
    void wantPlace(S session, boolean proved, byte[] refusal);

    /** The server has refused the client with this ErrorResponse, for lack of room. */
    void serverFull(S session, byte[] refusal);

    /** Whether {@link #wantPlace} will be answered: the master is still there. */
    boolean canGivePlaces();

    /**
     * The login is complete.
     *
     * @param askable how to ask the next client of this kind for its password before it has a place; OTHER when only the server can
     */
    void opened(S session, Backend backend, AuthenticationMethod askable);

    /** The backend cannot be reused, as the proxy lacks the means to check the next client. */
    void notReusable(S session, AuthenticationMethod method, RoleFacts facts);

    /** The promised backend fell through; the session needs another one, by {@link Session#useBackend}. */
    void needsBackend(S session);

    /** See {@link BackendTraffic.News}. */
    void rolesChanged(S session);

    /** See {@link BackendTraffic.News}. */
    void objectInUse(S session, String words);

    /** A command of the session waits for others to leave this database, whose name has one char per byte. */
    void databaseWanted(S session, String name);

    /** The server has violated the protocol; the session ends. */
    void serverViolated(S session, ProtocolViolation violation);

    /** The session ends because of an unexpected fault. */
    void broken(S session, Throwable cause);

    /** The session is over. Called once, unless {@link #returned} or {@link #parked} was. */
    void closed(S session);

    /**
     * The session is over, and its client, which has been sent nothing yet, may be served by another server.
     *
     * @param frontend the client, which the owner takes over
     * @param lastWords what the client is sent when there is no other server
     */
    void returned(S session, Transport frontend, byte[] lastWords);

    /**
     * The session needs no server before the client's next query, and then another one.
     *
     * @param frontend the client, which the owner takes over
     * @param resumption what the session continues with
     * @param startupPacket what its next server gets
     */
    void parked(S session, Transport frontend, Resumption resumption, byte[] startupPacket);

    /** Whether the master is there to take a client that is returned. */
    boolean hasMaster();
}
