package dev.pgproxy.common.ipc;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.net.Endpoint;
import java.util.Optional;

/**
 * Sessions on their way between the master and a pool-worker.
 *
 * <pre>
 *   AssignSession -> SessionAccepted -> SessionOpened -> SessionClosed
 *                                   \-> SessionReturned      \-> SessionParked
 * </pre>
 */
@SuppressWarnings("ArrayRecordComponent") // Packets are never compared; copying them would only cost time.
public final class SessionMessages {

    private SessionMessages() {}

    /** The master's side. */
    public interface AtMaster<S> {
        void onSessionAccepted(S worker, SessionAccepted message);

        void onSessionOpened(S worker, SessionOpened message);

        void onSessionClosed(S worker, SessionClosed message);

        void onSessionReturned(S worker, SessionReturned message);

        void onSessionParked(S worker, SessionParked message);
    }

    /** A pool-worker's side. */
    public interface AtPoolWorker {
        void onAssignSession(AssignSession message);
    }

    /** What a pool-worker sends. */
    public sealed interface FromWorker extends ControlMessage.FromPoolWorker {
        <S> void dispatchTo(AtMaster<S> desk, S worker);

        @Override
        default <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            dispatchTo(desks.sessions(), worker);
        }
    }

    /**
     * Serve this client from this server.
     *
     * @param expectedBackendId the backend whose place the client has been given; 0 when it has a place of its own, or none yet
     * @param askFirst how the client must authenticate before it gets a place, see {@link PlaceMessages.PlaceWanted};
     *     {@link AuthenticationMethod#OTHER} when it already has one
     * @param loginTimeLeftMs what is left of client_login_timeout
     * @param idleExempt whether this client is exempt from active_cnn_timeout
     * @param singleUse whether no other client may have this client's backend afterwards
     * @param origin where the client comes from, and how long it has waited
     * @param startupPacket the client's own
     * @param resumption of the session that the client already has; empty when it is about to log in
     * @param role what the answer to {@link RoleMessages.FindRole} would be now; empty when the worker has to ask
     */
    public record AssignSession(
            long sessionId,
            Endpoint server,
            long expectedBackendId,
            AuthenticationMethod askFirst,
            long loginTimeLeftMs,
            boolean idleExempt,
            boolean singleUse,
            ClientOrigin origin,
            byte[] startupPacket,
            Optional<Resumption> resumption,
            Optional<RoleFacts> role,
            Descriptor client)
            implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.sessions().onAssignSession(this);
        }
    }

    /**
     * The worker owns the client's descriptor now, and has chosen or begun to open this backend for it; 0 when it has none yet.
     * Sent before any I/O on the descriptor: until it arrives, the master may give the client to another worker.
     */
    public record SessionAccepted(long sessionId, long backendId) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onSessionAccepted(worker, this);
        }
    }

    /**
     * The client's login is complete; it uses this backend, which need not be the one that was first chosen.
     *
     * @param method by which the next client of the same kind can be asked before it has a place: TRUST when it need not be asked,
     *     OTHER when only the server can ask it
     */
    public record SessionOpened(long sessionId, long backendId, AuthenticationMethod method) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onSessionOpened(worker, this);
        }
    }

    /** The client is gone. The backend's own messages report what becomes of it. */
    public record SessionClosed(long sessionId) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onSessionClosed(worker, this);
        }
    }

    /**
     * The server does not serve this client, and the client was told nothing yet. The session is over in this worker.
     *
     * @param lastWords what the client is told when there is no other server for it
     */
    public record SessionReturned(long sessionId, byte[] lastWords, Descriptor client) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onSessionReturned(worker, this);
        }
    }

    /**
     * The session needs no server before its client's next query, and then a server other than its last one.
     *
     * @param idleMs how long the client has been idle
     * @param startupPacket the one that its next server gets
     */
    public record SessionParked(
            long sessionId,
            ClientOrigin origin,
            long idleMs,
            byte[] startupPacket,
            Resumption resumption,
            Descriptor client)
            implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onSessionParked(worker, this);
        }
    }
}
