package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.ServerAddress;

/**
 * Everything that the master and its children say to each other. A receiver implements the handler of its role, so a new
 * message breaks the build until somebody handles it. Ids are the sender's: frontends and cancels are numbered by the master,
 * backends by the worker that holds them.
 */
@SuppressWarnings("ArrayRecordComponent") // Packets and keys are compared nowhere; copying them would only cost.
public sealed interface ControlMessage {

    ControlMessageType type();

    void encode(FieldWriter out);

    /** What a child tells the master. */
    sealed interface ToMaster extends ControlMessage {
        void dispatchTo(MasterHandler handler);
    }

    /** What the master tells a pool-worker. */
    sealed interface ToPoolWorker extends ControlMessage {
        void dispatchTo(PoolWorkerHandler handler);
    }

    /** What the master tells a task-worker. */
    sealed interface ToTaskWorker extends ControlMessage {
        void dispatchTo(TaskWorkerHandler handler);
    }

    /** The master's side of one child's channel. */
    interface MasterHandler {
        void onHello(Hello message);

        void onPong(Pong message);

        void onFrontendAccepted(FrontendAccepted message);

        void onSessionOpened(SessionOpened message);

        void onSessionClosed(SessionClosed message);

        void onBackendResetting(BackendResetting message);

        void onBackendIdle(BackendIdle message);

        void onBackendGone(BackendGone message);

        void onCancelTarget(CancelTarget message);

        void onCancelUnknown(CancelUnknown message);

        void onCancelDone(CancelDone message);

        void onBackendClosing(BackendClosing message);

        void onCancelQuery(CancelQuery message);

        void onFindRole(FindRole message);

        void onRolesChanged(RolesChanged message);

        void onObjectInUse(ObjectInUse message);

        void onRoleLookedUp(RoleLookedUp message);

        void onRoleDoubted(RoleDoubted message);
    }

    /** A pool-worker's side of the channel. */
    interface PoolWorkerHandler {
        void onPing(Ping message);

        void onShutdown(Shutdown message);

        void onReopenLogs(ReopenLogs message);

        void onConfigurePool(ConfigurePool message);

        void onAssignFrontend(AssignFrontend message);

        void onEvictBackend(EvictBackend message);

        void onFindCancelTarget(FindCancelTarget message);

        void onCancelFinished(CancelFinished message);

        void onRoleFound(RoleFound message);

        void onGiveUpIdle(GiveUpIdle message);
    }

    /** A task-worker's side of the channel. */
    interface TaskWorkerHandler {
        void onPing(Ping message);

        void onShutdown(Shutdown message);

        void onReopenLogs(ReopenLogs message);

        void onPerformCancel(PerformCancel message);

        void onConfigureTasks(ConfigureTasks message);

        void onLookUpRole(LookUpRole message);
    }

    /** A child's first message: who it is and which protocol it speaks. */
    record Hello(int version, ChildKind kind, int slot, long pid) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.HELLO;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int32(version).string(kind.label()).int32(slot).int64(pid);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onHello(this);
        }
    }

    /** The answer to {@link Ping}, with its number. */
    record Pong(long sequence) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.PONG;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(sequence);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onPong(this);
        }
    }

    /**
     * The worker owns the client's descriptor now, and has chosen or begun to open this backend for it.
     * Sent before any I/O on the descriptor, so that until it arrives the master may give the client to another worker.
     */
    record FrontendAccepted(long frontendId, long backendId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.FRONTEND_ACCEPTED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId).int64(backendId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onFrontendAccepted(this);
        }
    }

    /** The client's login is complete; it uses this backend, which need not be the one that was first chosen. */
    record SessionOpened(long frontendId, long backendId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SESSION_OPENED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId).int64(backendId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onSessionOpened(this);
        }
    }

    /** The client is gone. What became of its backend is told by the backend's own messages. */
    record SessionClosed(long frontendId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SESSION_CLOSED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onSessionClosed(this);
        }
    }

    /** The backend is being made ready for its next user and can be claimed already. */
    record BackendResetting(long backendId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.BACKEND_RESETTING;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(backendId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onBackendResetting(this);
        }
    }

    /** The backend waits in the pool. */
    record BackendIdle(long backendId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.BACKEND_IDLE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(backendId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onBackendIdle(this);
        }
    }

    /** The connection to the server is closed. */
    record BackendGone(long backendId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.BACKEND_GONE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(backendId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onBackendGone(this);
        }
    }

    /**
     * This worker owns the session that the cancel names; the server's own key for it. The backend is held back until
     * {@link CancelFinished} names it.
     */
    record CancelTarget(long cancelId, long backendId, ServerAddress server, int pid, byte[] key) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.CANCEL_TARGET;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(cancelId)
                    .int64(backendId)
                    .string(server.host())
                    .int32(server.port())
                    .int32(pid)
                    .bytes(key);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onCancelTarget(this);
        }
    }

    /** No session of this worker has that pid and secret. */
    record CancelUnknown(long cancelId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.CANCEL_UNKNOWN;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(cancelId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onCancelUnknown(this);
        }
    }

    /** The task-worker's connection for this cancel is closed; {@code delivered} when the server closed it. */
    record CancelDone(long cancelId, boolean delivered) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.CANCEL_DONE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(cancelId).bool(delivered);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onCancelDone(this);
        }
    }

    /** The backend was given up, but the server has not ended its side: its place is not free yet, and it is nobody's. */
    record BackendClosing(long backendId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.BACKEND_CLOSING;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(backendId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onBackendClosing(this);
        }
    }

    /** The client of this backend is gone while its query runs: asks for a cancel, with the server's own key.
     * {@link CancelFinished} tells when it is over. */
    record CancelQuery(long backendId, ServerAddress server, int pid, byte[] key) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.CANCEL_QUERY;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(backendId)
                    .string(server.host())
                    .int32(server.port())
                    .int32(pid)
                    .bytes(key);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onCancelQuery(this);
        }
    }

    /** Asks what a server knows of the role and the database that a client names, held one char per byte as in
     * {@link dev.pgproxy.common.protocol.StartupParameters}. */
    record FindRole(long frontendId, ServerAddress server, String user, String database) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.FIND_ROLE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId)
                    .string(server.host())
                    .int32(server.port())
                    .string(user)
                    .string(database);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onFindRole(this);
        }
    }

    /** A client of this server has changed roles or databases: what was looked up there is outdated. */
    record RolesChanged(ServerAddress server) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.ROLES_CHANGED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host()).int32(server.port());
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onRolesChanged(this);
        }
    }

    /** A client's command failed because something is in use (SQLSTATE 55006); the server's words name it. */
    record ObjectInUse(ServerAddress server, String message) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.OBJECT_IN_USE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host()).int32(server.port()).string(message);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onObjectInUse(this);
        }
    }

    /** The task-worker's answer to {@link LookUpRole}. */
    record RoleLookedUp(long lookupId, RoleFacts facts) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.ROLE_LOOKED_UP;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(lookupId);
            facts.encode(out);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onRoleLookedUp(this);
        }
    }

    /** A client of this role did not pass the check: its password may be newer than what is remembered of it. */
    record RoleDoubted(ServerAddress server, String user, String database) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.ROLE_DOUBTED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host()).int32(server.port()).string(user).string(database);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onRoleDoubted(this);
        }
    }

    /** Asks for a sign of life. */
    record Ping(long sequence) implements ToPoolWorker, ToTaskWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.PING;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(sequence);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onPing(this);
        }

        @Override
        public void dispatchTo(TaskWorkerHandler handler) {
            handler.onPing(this);
        }
    }

    /** End everything within this time and exit. */
    record Shutdown(long graceMs) implements ToPoolWorker, ToTaskWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SHUTDOWN;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(graceMs);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onShutdown(this);
        }

        @Override
        public void dispatchTo(TaskWorkerHandler handler) {
            handler.onShutdown(this);
        }
    }

    /** The log file was moved away; open it anew. */
    record ReopenLogs() implements ToPoolWorker, ToTaskWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.REOPEN_LOGS;
        }

        @Override
        public void encode(FieldWriter out) {}

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onReopenLogs(this);
        }

        @Override
        public void dispatchTo(TaskWorkerHandler handler) {
            handler.onReopenLogs(this);
        }
    }

    /** The settings in force from now on; the first one makes the worker ready. */
    record ConfigurePool(PoolSettings settings) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.CONFIGURE_POOL;
        }

        @Override
        public void encode(FieldWriter out) {
            settings.encode(out);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onConfigurePool(this);
        }
    }

    /**
     * Serve this client, whose descriptor travels with the message, from this server.
     *
     * @param expectedBackendId the backend whose place the client has been given; 0 when it has a place of its own
     * @param loginTimeLeftMs what is left of client_login_timeout
     * @param idleExempt whether active_cnn_timeout is not for this client
     * @param startupPacket the client's own
     */
    record AssignFrontend(
            long frontendId,
            ServerAddress server,
            long expectedBackendId,
            long loginTimeLeftMs,
            boolean idleExempt,
            byte[] startupPacket)
            implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.ASSIGN_FRONTEND;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId).string(server.host()).int32(server.port());
            out.int64(expectedBackendId).int64(loginTimeLeftMs).bool(idleExempt).bytes(startupPacket);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onAssignFrontend(this);
        }
    }

    /** Close this backend if it is idle: its place is needed for another user of the server. */
    record EvictBackend(long backendId) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.EVICT_BACKEND;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(backendId);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onEvictBackend(this);
        }
    }

    /** Who owns the session with this pid and secret? */
    record FindCancelTarget(long cancelId, int pid, byte[] secret) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.FIND_CANCEL_TARGET;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(cancelId).int32(pid).bytes(secret);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onFindCancelTarget(this);
        }
    }

    /**
     * The cancel that named this backend is over. When that is not {@code certain}, its signal may still come, and the backend
     * must not serve anybody else.
     */
    record CancelFinished(long backendId, boolean certain) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.CANCEL_FINISHED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(backendId).bool(certain);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onCancelFinished(this);
        }
    }

    /** Send this CancelRequest and wait until the server closes the connection, at most so long. */
    record PerformCancel(long cancelId, ServerAddress server, int pid, byte[] key, long timeoutMs)
            implements ToTaskWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.PERFORM_CANCEL;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(cancelId)
                    .string(server.host())
                    .int32(server.port())
                    .int32(pid)
                    .bytes(key)
                    .int64(timeoutMs);
        }

        @Override
        public void dispatchTo(TaskWorkerHandler handler) {
            handler.onPerformCancel(this);
        }
    }

    /** The answer to {@link FindRole}. */
    record RoleFound(long frontendId, RoleFacts facts) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.ROLE_FOUND;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId);
            facts.encode(out);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onRoleFound(this);
        }
    }

    /** Close the idle backends of this server whose database these words of the server name. */
    record GiveUpIdle(ServerAddress server, String message) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.GIVE_UP_IDLE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host()).int32(server.port()).string(message);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onGiveUpIdle(this);
        }
    }

    /** The settings in force from now on. */
    record ConfigureTasks(TaskSettings settings) implements ToTaskWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.CONFIGURE_TASKS;
        }

        @Override
        public void encode(FieldWriter out) {
            settings.encode(out);
        }

        @Override
        public void dispatchTo(TaskWorkerHandler handler) {
            handler.onConfigureTasks(this);
        }
    }

    /** Find out what the server and the file of verifiers say of this role, within this time. */
    record LookUpRole(long lookupId, ServerAddress server, String user, String database, long timeoutMs)
            implements ToTaskWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.LOOK_UP_ROLE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(lookupId).string(server.host()).int32(server.port());
            out.string(user).string(database).int64(timeoutMs);
        }

        @Override
        public void dispatchTo(TaskWorkerHandler handler) {
            handler.onLookUpRole(this);
        }
    }
}
