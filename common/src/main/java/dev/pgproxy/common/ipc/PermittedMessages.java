package dev.pgproxy.common.ipc;

import java.util.EnumSet;
import java.util.Set;

/**
 * Which messages a peer may send, by who it is and how far its channel has come. Anything else fails the channel: a child
 * that is confused or taken over can say nothing that its role does not need.
 *
 * <pre>
 *   to the master:  EXPECTING_HELLO --Hello--> FROM_POOL_WORKER or FROM_TASK_WORKER
 *   to a child:     TO_POOL_WORKER or TO_TASK_WORKER
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
            ControlMessageType.OBJECT_IN_USE)),
    FROM_TASK_WORKER(
            EnumSet.of(ControlMessageType.PONG, ControlMessageType.CANCEL_DONE, ControlMessageType.ROLE_LOOKED_UP)),
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
            ControlMessageType.GIVE_UP_IDLE)),
    TO_TASK_WORKER(EnumSet.of(
            ControlMessageType.PING,
            ControlMessageType.SHUTDOWN,
            ControlMessageType.REOPEN_LOGS,
            ControlMessageType.PERFORM_CANCEL,
            ControlMessageType.CONFIGURE_TASKS,
            ControlMessageType.LOOK_UP_ROLE));

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
        return kind == ChildKind.POOL ? FROM_POOL_WORKER : FROM_TASK_WORKER;
    }

    /** What a child of this kind takes from the master. */
    public static PermittedMessages to(ChildKind kind) {
        return kind == ChildKind.POOL ? TO_POOL_WORKER : TO_TASK_WORKER;
    }
}
