package dev.pgproxy.common.ipc;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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

    /** What the master tells a child of any kind. */
    sealed interface ToEveryChild extends ControlMessage {
        void dispatchTo(ChildHandler handler);
    }

    /** What the master tells the admin-worker. */
    sealed interface ToAdminWorker extends ControlMessage {
        void dispatchTo(AdminWorkerHandler handler);
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

        void onEventNoted(EventNoted message);

        void onReportRows(ReportRows message);

        void onReportEnd(ReportEnd message);

        void onSessionsEnded(SessionsEnded message);

        void onTakeSnapshot(TakeSnapshot message);

        void onRunCommand(RunCommand message);

        void onAbandonCommand(AbandonCommand message);

        void onEndConnections(EndConnections message);

        void onFrontendReturned(FrontendReturned message);

        void onFrontendParked(FrontendParked message);

        void onNoticeSent(NoticeSent message);

        void onSessionsHeld(SessionsHeld message);

        void onServerProbed(ServerProbed message);

        void onServerLost(ServerLost message);

        void onServerMoved(ServerMoved message);

        void onServerAnswered(ServerAnswered message);

        void onPlaceWanted(PlaceWanted message);

        void onServerFull(ServerFull message);

        void onReaderRanAway(ReaderRanAway message);
    }

    /** What every child does in the same way. */
    interface ChildHandler {
        void onPing(Ping message);

        void onReopenLogs(ReopenLogs message);

        void onSetLogLevel(SetLogLevel message);
    }

    /** The admin-worker's side of the channel. */
    interface AdminWorkerHandler {
        void onShutdown(Shutdown message);

        void onConfigureAdmin(ConfigureAdmin message);

        void onAssignOperator(AssignOperator message);

        void onReportRows(ReportRows message);

        void onSnapshotComplete(SnapshotComplete message);

        void onCommandNotice(CommandNotice message);

        void onCommandDone(CommandDone message);

        void onCancelStatement(CancelStatement message);
    }

    /** A pool-worker's side of the channel. */
    interface PoolWorkerHandler {
        void onShutdown(Shutdown message);

        void onConfigurePool(ConfigurePool message);

        void onAssignFrontend(AssignFrontend message);

        void onEvictBackend(EvictBackend message);

        void onFindCancelTarget(FindCancelTarget message);

        void onCancelFinished(CancelFinished message);

        void onRoleFound(RoleFound message);

        void onGiveUpIdle(GiveUpIdle message);

        void onReportState(ReportState message);

        void onEndSessions(EndSessions message);

        void onReconnect(Reconnect message);

        void onLeaveServer(LeaveServer message);

        void onHoldSessions(HoldSessions message);

        void onPlaceGiven(PlaceGiven message);

        void onPlaceRefused(PlaceRefused message);

        void onServerMoved(ServerMoved message);
    }

    /** A task-worker's side of the channel. */
    interface TaskWorkerHandler {
        void onShutdown(Shutdown message);

        void onPerformCancel(PerformCancel message);

        void onConfigureTasks(ConfigureTasks message);

        void onLookUpRole(LookUpRole message);

        void onSendNotice(SendNotice message);

        void onProbeServer(ProbeServer message);

        void onForgetServer(ForgetServer message);

        void onAskServer(AskServer message);
    }

    /** A child's first message: who it is and which protocol it speaks. */
    record Hello(int version, ChildKind kind, int slot, long pid) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.HELLO;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int32(version).string(kind.name()).int32(slot).int64(pid);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onHello(this);
        }
    }

    /**
     * The answer to {@link Ping}, with its number.
     *
     * @param loopDelayNs the longest that a timer of the child had to wait for other work since its last answer
     * @param containedFaults faults of the proxy's own that cost one session or one task each, since the child's start
     */
    record Pong(long sequence, long loopDelayNs, long containedFaults) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.PONG;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(sequence).int64(loopDelayNs).int64(containedFaults);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onPong(this);
        }
    }

    /**
     * The worker owns the client's descriptor now, and has chosen or begun to open this backend for it; 0 when it has none yet.
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

    /**
     * The client's login is complete; it uses this backend, which need not be the one that was first chosen.
     *
     * @param method by which the next client of the same kind can be asked before it has a place: TRUST when it need not be asked,
     *     OTHER when only the server can ask it
     */
    record SessionOpened(long frontendId, long backendId, AuthenticationMethod method) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SESSION_OPENED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId).int64(backendId).string(method.name());
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

    /**
     * The client of this backend is gone while its query runs: asks for a cancel, with the server's own key.
     * {@link CancelFinished} tells when it is over, or that the query is better left alone.
     *
     * @param server as the configuration names it
     * @param peer the address that the backend is connected to
     */
    record CancelQuery(long backendId, ServerAddress server, ServerAddress peer, int pid, byte[] key)
            implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.CANCEL_QUERY;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(backendId)
                    .string(server.host())
                    .int32(server.port())
                    .string(peer.host())
                    .int32(peer.port())
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

    /**
     * A client's command failed because something is in use (SQLSTATE 55006), or waits for that.
     *
     * @param message the server's words, or others, that name it in quotes
     * @param isWaiting whether the command can succeed still
     */
    record ObjectInUse(ServerAddress server, String message, boolean isWaiting) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.OBJECT_IN_USE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host()).int32(server.port()).text(message).bool(isWaiting);
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
    record RoleDoubted(ServerAddress server, String user, String database, boolean methodToo) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.ROLE_DOUBTED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host()).int32(server.port()).string(user).string(database);
            out.bool(methodToo);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onRoleDoubted(this);
        }
    }

    /** Asks for a sign of life. */
    record Ping(long sequence) implements ToEveryChild {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.PING;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(sequence);
        }

        @Override
        public void dispatchTo(ChildHandler handler) {
            handler.onPing(this);
        }
    }

    /** End everything within this time and exit. */
    record Shutdown(long graceMs) implements ToPoolWorker, ToTaskWorker, ToAdminWorker {
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

        @Override
        public void dispatchTo(AdminWorkerHandler handler) {
            handler.onShutdown(this);
        }
    }

    /** The log file was moved away; open it anew. */
    record ReopenLogs() implements ToEveryChild {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.REOPEN_LOGS;
        }

        @Override
        public void encode(FieldWriter out) {}

        @Override
        public void dispatchTo(ChildHandler handler) {
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
     * @param expectedBackendId the backend whose place the client has been given; 0 when it has a place of its own, or none yet
     * @param askFirst how the client is to prove who it is before it gets a place, see {@link PlaceWanted}; {@link
     *     AuthenticationMethod#OTHER} when it has one
     * @param loginTimeLeftMs what is left of client_login_timeout
     * @param idleExempt whether active_cnn_timeout is not for this client
     * @param singleUse whether nobody may have this client's backend after it
     * @param origin where the client comes from, and how long it has waited
     * @param startupPacket the client's own
     * @param resumption of the session that the client has already; null when it is about to log in
     */
    record AssignFrontend(
            long frontendId,
            ServerAddress server,
            long expectedBackendId,
            AuthenticationMethod askFirst,
            long loginTimeLeftMs,
            boolean idleExempt,
            boolean singleUse,
            ClientOrigin origin,
            byte[] startupPacket,
            @Nullable Resumption resumption)
            implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.ASSIGN_FRONTEND;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId).string(server.host()).int32(server.port());
            out.int64(expectedBackendId)
                    .string(askFirst.name())
                    .int64(loginTimeLeftMs)
                    .bool(idleExempt)
                    .bool(singleUse);
            origin.encode(out);
            out.bytes(startupPacket).bool(resumption != null);
            if (resumption != null) {
                resumption.encode(out);
            }
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

    /**
     * Send this CancelRequest and wait until the server closes the connection, for this long at the most.
     *
     * @param abandonedAt the server as the configuration names it, when the query's client is gone: then nothing is sent that would
     *     make worse what it left; empty when a client asked for it
     */
    record PerformCancel(
            long cancelId,
            ServerAddress server,
            int pid,
            byte[] key,
            long timeoutMs,
            Optional<ServerAddress> abandonedAt)
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
                    .int64(timeoutMs)
                    .bool(abandonedAt.isPresent());
            abandonedAt.ifPresent(at -> out.string(at.host()).int32(at.port()));
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

    /** Close the idle backends of this server whose database these words name, as in {@link ObjectInUse}. */
    record GiveUpIdle(ServerAddress server, String message, boolean isWaiting) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.GIVE_UP_IDLE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host()).int32(server.port()).text(message).bool(isWaiting);
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

    /** Log what is at least so severe from now on. */
    record SetLogLevel(ProxyConfig.LogLevel level) implements ToEveryChild {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SET_LOG_LEVEL;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(level.name());
        }

        @Override
        public void dispatchTo(ChildHandler handler) {
            handler.onSetLogLevel(this);
        }
    }

    /** Something that the child has logged, for the table of events. The time is in microseconds since 1970. */
    record EventNoted(long atMicros, String level, String line) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.EVENT_NOTED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(atMicros).string(level).text(line);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onEventNoted(this);
        }
    }

    /** Send the rows of these tables that you know of ({@link ViewSet}), as of now, and then {@link ReportEnd}.
     *
     * @param nowMicros the time that the rows tell, in microseconds since 1970
     */
    record ReportState(long snapshotId, int views, long nowMicros) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.REPORT_STATE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(snapshotId).int32(views).int64(nowMicros);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onReportState(this);
        }
    }

    /** Rows of one table, as {@link dev.pgproxy.common.view.RowWriter} writes them; the master passes them on. */
    record ReportRows(long snapshotId, byte[] chunk) implements ToMaster, ToAdminWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.REPORT_ROWS;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(snapshotId).bytes(chunk);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onReportRows(this);
        }

        @Override
        public void dispatchTo(AdminWorkerHandler handler) {
            handler.onReportRows(this);
        }
    }

    /** All rows of this worker were sent. */
    record ReportEnd(long snapshotId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.REPORT_END;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(snapshotId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onReportEnd(this);
        }
    }

    /** End these sessions, and close these backends if they are idle. Answered with {@link SessionsEnded}. */
    record EndSessions(long commandId, List<Long> sessionIds, List<Long> backendIds) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.END_SESSIONS;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(commandId).longs(sessionIds).longs(backendIds);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onEndSessions(this);
        }
    }

    /** So many of those that {@link EndSessions} named were there, and are not any more. */
    record SessionsEnded(long commandId, int count) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SESSIONS_ENDED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(commandId).int32(count);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onSessionsEnded(this);
        }
    }

    /** Use no connection to this server again that is open now: close idle ones, and the others when their client leaves. */
    record Reconnect(ServerAddress server) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.RECONNECT;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host()).int32(server.port());
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onReconnect(this);
        }
    }

    /** This server is not the primary any more: nothing that it still says may reach a client. */
    record LeaveServer(ServerAddress server, ServerAddress successor) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.LEAVE_SERVER;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host())
                    .int32(server.port())
                    .string(successor.host())
                    .int32(successor.port());
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onLeaveServer(this);
        }
    }

    /** The server does not serve this client, who was told nothing yet; its descriptor travels with the message. The session is over.
     *
     * @param lastWords what the client is to be told when there is no other server for it */
    record FrontendReturned(long frontendId, byte[] lastWords) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.FRONTEND_RETURNED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId).bytes(lastWords);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onFrontendReturned(this);
        }
    }

    /**
     * The client, whose descriptor travels with the message, has a session that needs no server before its next query, and then
     * not the one that it was on.
     *
     * @param idleMs how long the client has done nothing
     * @param startupPacket what its next server is to get
     */
    record FrontendParked(
            long frontendId, ClientOrigin origin, long idleMs, byte[] startupPacket, Resumption resumption)
            implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.FRONTEND_PARKED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId);
            origin.encode(out);
            out.int64(idleMs).bytes(startupPacket);
            resumption.encode(out);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onFrontendParked(this);
        }
    }

    /** Tell people. {@link NoticeSent} answers when that was done, or given up. */
    record SendNotice(long noticeId, Notice notice) implements ToTaskWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SEND_NOTICE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(noticeId);
            notice.encode(out);
        }

        @Override
        public void dispatchTo(TaskWorkerHandler handler) {
            handler.onSendNotice(this);
        }
    }

    /** The answer to {@link SendNotice}. */
    record NoticeSent(long noticeId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.NOTICE_SENT;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(noticeId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onNoticeSent(this);
        }
    }

    /** Let sessions of this server finish their transactions and then take nothing more from their clients; or let them go on.
     * {@link SessionsHeld} answers when none is left that does something. */
    record HoldSessions(long requestId, ServerAddress server, boolean held) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.HOLD_SESSIONS;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(requestId).string(server.host()).int32(server.port()).bool(held);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onHoldSessions(this);
        }
    }

    /** The answer to {@link HoldSessions}. */
    record SessionsHeld(long requestId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SESSIONS_HELD;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(requestId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onSessionsHeld(this);
        }
    }

    /** The settings in force from now on. */
    record ConfigureAdmin(AdminSettings settings) implements ToAdminWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.CONFIGURE_ADMIN;
        }

        @Override
        public void encode(FieldWriter out) {
            settings.encode(out);
        }

        @Override
        public void dispatchTo(AdminWorkerHandler handler) {
            handler.onConfigureAdmin(this);
        }
    }

    /** Serve this client of pg_proxy, whose descriptor travels with the message.
     *
     * @param peer the IP address that it comes from
     * @param port of its end
     */
    record AssignOperator(long frontendId, String peer, int port, byte[] startupPacket) implements ToAdminWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.ASSIGN_OPERATOR;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId).string(peer).int32(port).bytes(startupPacket);
        }

        @Override
        public void dispatchTo(AdminWorkerHandler handler) {
            handler.onAssignOperator(this);
        }
    }

    /** Collect the rows of these tables ({@link ViewSet}) from everybody who knows some. */
    record TakeSnapshot(long snapshotId, int views) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.TAKE_SNAPSHOT;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(snapshotId).int32(views);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onTakeSnapshot(this);
        }
    }

    /** All rows were sent, but for those of the processes that did not answer in time. */
    record SnapshotComplete(long snapshotId, List<String> missing) implements ToAdminWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SNAPSHOT_COMPLETE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(snapshotId).strings(missing);
        }

        @Override
        public void dispatchTo(AdminWorkerHandler handler) {
            handler.onSnapshotComplete(this);
        }
    }

    /** Do what an operator asks for. Answered with {@link CommandDone}. */
    record RunCommand(long commandId, OperatorCommand command, String argument) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.RUN_COMMAND;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(commandId).string(command.name()).string(argument);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onRunCommand(this);
        }
    }

    /** Nobody waits for this command any more; what it has begun stays as it is. */
    record AbandonCommand(long commandId) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.ABANDON_COMMAND;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(commandId);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onAbandonCommand(this);
        }
    }

    /** End the connections with these keys: pid, id and session (0 for none) of each, one after the other, as the table
     * connection showed them. Answered with {@link CommandDone} once the last message of the command is here. */
    record EndConnections(long commandId, List<Long> keys, boolean last) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.END_CONNECTIONS;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(commandId).longs(keys).bool(last);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onEndConnections(this);
        }
    }

    /** A word to the operator about a command that is under way. */
    record CommandNotice(long commandId, String message) implements ToAdminWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.COMMAND_NOTICE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(commandId).text(message);
        }

        @Override
        public void dispatchTo(AdminWorkerHandler handler) {
            handler.onCommandNotice(this);
        }
    }

    /** A command has ended, well when {@code sqlState} is empty. */
    record CommandDone(long commandId, String sqlState, int count, String message, String hint)
            implements ToAdminWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.COMMAND_DONE;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(commandId).string(sqlState).int32(count).text(message).text(hint);
        }

        @Override
        public void dispatchTo(AdminWorkerHandler handler) {
            handler.onCommandDone(this);
        }
    }

    /** A CancelRequest with this pid and secret came, which may be for a session of pg_proxy. */
    record CancelStatement(int pid, byte[] secret) implements ToAdminWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.CANCEL_STATEMENT;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int32(pid).bytes(secret);
        }

        @Override
        public void dispatchTo(AdminWorkerHandler handler) {
            handler.onCancelStatement(this);
        }
    }

    /** The master wants to know how a server is. Those of one server and one kind are done one after the other. */
    record ProbeServer(long lookId, ServerAddress server, ProbeKind kind, long timeoutMs) implements ToTaskWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.PROBE_SERVER;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(lookId).string(server.host()).int32(server.port());
            out.string(kind.name()).int64(timeoutMs);
        }

        @Override
        public void dispatchTo(TaskWorkerHandler handler) {
            handler.onProbeServer(this);
        }
    }

    /** The server is none of the proxy's any more: no connection to it is kept. */
    record ForgetServer(ServerAddress server) implements ToTaskWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.FORGET_SERVER;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host()).int32(server.port());
        }

        @Override
        public void dispatchTo(TaskWorkerHandler handler) {
            handler.onForgetServer(this);
        }
    }

    /**
     * Something is to be done on a server; {@link ServerAnswered} tells how it went.
     *
     * @param method how a standby is promoted
     * @param triggerObject OID of the empty large object that a trigger file is made from
     * @param timeoutMs bound on the connect, and on each answer
     * @param deadlineNs when nobody waits for the answer any more, and no standby may be told any more: by System.nanoTime, which is the
     *     same for all processes of a host on Linux
     */
    record AskServer(
            long requestId,
            ServerAddress server,
            Errand errand,
            ProxyConfig.PromoteMethod method,
            int triggerObject,
            long timeoutMs,
            long deadlineNs)
            implements ToTaskWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.ASK_SERVER;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(requestId).string(server.host()).int32(server.port());
            out.string(errand.name()).string(method.name()).int32(triggerObject);
            out.int64(timeoutMs).int64(deadlineNs);
        }

        @Override
        public void dispatchTo(TaskWorkerHandler handler) {
            handler.onAskServer(this);
        }
    }

    /**
     * The answer to {@link ProbeServer}.
     *
     * @param fresh whether it was over a new connection
     */
    record ServerProbed(long lookId, ServerAddress server, ProbeKind kind, boolean fresh, Observation observation)
            implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SERVER_PROBED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(lookId).string(server.host()).int32(server.port());
            out.string(kind.name()).bool(fresh);
            ObservationFields.encode(observation, out);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onServerProbed(this);
        }
    }

    /**
     * The server's name leads to other addresses than before. Connections to the old ones may be to another server.
     *
     * @param addresses it leads to now
     */
    record ServerMoved(ServerAddress server, List<String> addresses) implements ToMaster, ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SERVER_MOVED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host()).int32(server.port()).strings(addresses);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onServerMoved(this);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onServerMoved(this);
        }
    }

    /** The connection that was kept to a server ended between two looks. */
    record ServerLost(ServerAddress server) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SERVER_LOST;
        }

        @Override
        public void encode(FieldWriter out) {
            out.string(server.host()).int32(server.port());
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onServerLost(this);
        }
    }

    /**
     * The answer to {@link AskServer}.
     *
     * @param reached whether the server could be asked at all
     * @param count sessions that {@link Errand#FENCE} has ended, or 1 when {@link Errand#LIFT_FENCE} found it in force
     * @param problem why it was not done, or could not be; empty when it was, or could be
     * @param remedy what to do about it; may be empty
     */
    record ServerAnswered(long requestId, boolean reached, int count, String problem, String remedy)
            implements ToMaster {

        /** It was not done. */
        public static ServerAnswered notDone(long requestId, String problem) {
            return new ServerAnswered(requestId, false, 0, problem, "");
        }

        @Override
        public ControlMessageType type() {
            return ControlMessageType.SERVER_ANSWERED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(requestId).bool(reached).int32(count).text(problem).text(remedy);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onServerAnswered(this);
        }
    }

    /**
     * A client that had no place has been asked for its password, and wants one now.
     *
     * @param proved it knows the password; else it wants the server's word that it does not
     * @param refusal the server's, for want of room, at the place that the client had; empty when it had none
     */
    record PlaceWanted(long frontendId, boolean proved, byte[] refusal) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.PLACE_WANTED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId).bool(proved).bytes(refusal);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onPlaceWanted(this);
        }
    }

    /**
     * The server has no room for this client, which has heard so; room for the next one can be made.
     *
     * @param refusal the server's ErrorResponse
     */
    record ServerFull(long frontendId, byte[] refusal) implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.SERVER_FULL;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId).bytes(refusal);
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onServerFull(this);
        }
    }

    /** A statement of a session that may only look cannot be stopped, and ends the admin-worker, which sends this first. */
    record ReaderRanAway() implements ToMaster {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.READER_RAN_AWAY;
        }

        @Override
        public void encode(FieldWriter out) {
            // It has no fields.
        }

        @Override
        public void dispatchTo(MasterHandler handler) {
            handler.onReaderRanAway(this);
        }
    }

    /**
     * The answer to {@link PlaceWanted}.
     *
     * @param expectedBackendId as in {@link AssignFrontend}
     * @param mostMs how long the rest of the login may take
     */
    record PlaceGiven(long frontendId, long expectedBackendId, long mostMs) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.PLACE_GIVEN;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId).int64(expectedBackendId).int64(mostMs);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onPlaceGiven(this);
        }
    }

    /**
     * There is no place for the client, or not any more: it is not in yet, and has to make room for others.
     *
     * @param lastWords what it is to be told
     */
    record PlaceRefused(long frontendId, byte[] lastWords) implements ToPoolWorker {
        @Override
        public ControlMessageType type() {
            return ControlMessageType.PLACE_REFUSED;
        }

        @Override
        public void encode(FieldWriter out) {
            out.int64(frontendId).bytes(lastWords);
        }

        @Override
        public void dispatchTo(PoolWorkerHandler handler) {
            handler.onPlaceRefused(this);
        }
    }
}
