package dev.pgproxy.common.ipc;

import java.util.EnumSet;
import java.util.Set;

/**
 * Which messages a peer may send, by who it is and how far its channel has come. Anything else fails the channel: a child
 * that is confused or taken over can say nothing that its role does not need.
 *
 * <pre>
 *   to the master:  EXPECTING_HELLO --Hello--> FROM_POOL_WORKER, FROM_TASK_WORKER or FROM_ADMIN_WORKER
 *   to a child:     TO_POOL_WORKER, TO_TASK_WORKER or TO_ADMIN_WORKER
 * </pre>
 */
public enum PermittedMessages {
    EXPECTING_HELLO(EnumSet.of(ControlMessageType.HELLO)),
    FROM_POOL_WORKER(EnumSet.of(
            ControlMessageType.PONG,
            ControlMessageType.FRONTEND_ACCEPTED,
            ControlMessageType.SESSION_OPENED,
            ControlMessageType.SESSION_CLOSED,
            ControlMessageType.BACKEND_RESETTING,
            ControlMessageType.BACKEND_IDLE,
            ControlMessageType.BACKEND_GONE,
            ControlMessageType.CANCEL_TARGET,
            ControlMessageType.CANCEL_UNKNOWN,
            ControlMessageType.BACKEND_CLOSING,
            ControlMessageType.CANCEL_QUERY,
            ControlMessageType.FIND_ROLE,
            ControlMessageType.ROLES_CHANGED,
            ControlMessageType.ROLE_DOUBTED,
            ControlMessageType.OBJECT_IN_USE,
            ControlMessageType.SERVER_FULL,
            ControlMessageType.EVENT_NOTED,
            ControlMessageType.REPORT_ROWS,
            ControlMessageType.REPORT_END,
            ControlMessageType.SESSIONS_ENDED,
            ControlMessageType.FRONTEND_RETURNED,
            ControlMessageType.FRONTEND_PARKED,
            ControlMessageType.SESSIONS_HELD,
            ControlMessageType.PLACE_WANTED)),
    FROM_TASK_WORKER(EnumSet.of(
            ControlMessageType.PONG,
            ControlMessageType.CANCEL_DONE,
            ControlMessageType.ROLE_LOOKED_UP,
            ControlMessageType.EVENT_NOTED,
            ControlMessageType.NOTICE_SENT,
            ControlMessageType.SERVER_PROBED,
            ControlMessageType.SERVER_LOST,
            ControlMessageType.SERVER_MOVED,
            ControlMessageType.SERVER_ANSWERED)),
    FROM_ADMIN_WORKER(EnumSet.of(
            ControlMessageType.PONG,
            ControlMessageType.EVENT_NOTED,
            ControlMessageType.TAKE_SNAPSHOT,
            ControlMessageType.RUN_COMMAND,
            ControlMessageType.ABANDON_COMMAND,
            ControlMessageType.END_CONNECTIONS,
            ControlMessageType.READER_RAN_AWAY)),
    TO_POOL_WORKER(EnumSet.of(
            ControlMessageType.PING,
            ControlMessageType.SHUTDOWN,
            ControlMessageType.REOPEN_LOGS,
            ControlMessageType.CONFIGURE_POOL,
            ControlMessageType.ASSIGN_FRONTEND,
            ControlMessageType.EVICT_BACKEND,
            ControlMessageType.FIND_CANCEL_TARGET,
            ControlMessageType.CANCEL_FINISHED,
            ControlMessageType.ROLE_FOUND,
            ControlMessageType.GIVE_UP_IDLE,
            ControlMessageType.SET_LOG_LEVEL,
            ControlMessageType.REPORT_STATE,
            ControlMessageType.END_SESSIONS,
            ControlMessageType.RECONNECT,
            ControlMessageType.LEAVE_SERVER,
            ControlMessageType.SERVER_MOVED,
            ControlMessageType.HOLD_SESSIONS,
            ControlMessageType.PLACE_GIVEN,
            ControlMessageType.PLACE_REFUSED)),
    TO_TASK_WORKER(EnumSet.of(
            ControlMessageType.PING,
            ControlMessageType.SHUTDOWN,
            ControlMessageType.REOPEN_LOGS,
            ControlMessageType.PERFORM_CANCEL,
            ControlMessageType.CONFIGURE_TASKS,
            ControlMessageType.LOOK_UP_ROLE,
            ControlMessageType.SET_LOG_LEVEL,
            ControlMessageType.SEND_NOTICE,
            ControlMessageType.PROBE_SERVER,
            ControlMessageType.FORGET_SERVER,
            ControlMessageType.ASK_SERVER)),
    TO_ADMIN_WORKER(EnumSet.of(
            ControlMessageType.PING,
            ControlMessageType.SHUTDOWN,
            ControlMessageType.REOPEN_LOGS,
            ControlMessageType.SET_LOG_LEVEL,
            ControlMessageType.CONFIGURE_ADMIN,
            ControlMessageType.ASSIGN_OPERATOR,
            ControlMessageType.REPORT_ROWS,
            ControlMessageType.SNAPSHOT_COMPLETE,
            ControlMessageType.COMMAND_NOTICE,
            ControlMessageType.COMMAND_DONE,
            ControlMessageType.CANCEL_STATEMENT));

    @SuppressWarnings("ImmutableEnumChecker") // Filled above and never changed; the JDK has no type that says so.
    private final Set<ControlMessageType> types;

    PermittedMessages(Set<ControlMessageType> types) {
        this.types = types;
    }

    /** @throws ControlViolation when this message is not for this state */
    public void check(ControlMessage message) throws ControlViolation {
        if (!types.contains(message.type())) {
            throw new ControlViolation(message.type() + " is not allowed in state " + this);
        }
    }

    /** The state after a child's Hello. */
    public static PermittedMessages from(ChildKind kind) {
        return switch (kind) {
            case POOL -> FROM_POOL_WORKER;
            case TASK -> FROM_TASK_WORKER;
            case ADMIN -> FROM_ADMIN_WORKER;
        };
    }

    /** What a child of this kind takes from the master. */
    public static PermittedMessages to(ChildKind kind) {
        return switch (kind) {
            case POOL -> TO_POOL_WORKER;
            case TASK -> TO_TASK_WORKER;
            case ADMIN -> TO_ADMIN_WORKER;
        };
    }
}
