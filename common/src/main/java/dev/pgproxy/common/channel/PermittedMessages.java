package dev.pgproxy.common.channel;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.UpkeepMessages;
import java.util.List;

/**
 * Which messages a peer may send, by its kind and the state of its channel: those that the conversations declare for it. Anything else
 * fails the channel: a confused or compromised child can send nothing that its role does not need.
 *
 * <pre>
 *   to the master:  EXPECTING_HELLO --Hello--> FROM_POOL_WORKER, FROM_TASK_WORKER or FROM_ADMIN_WORKER
 *   to a child:     EXPECTING_WELCOME --Welcome--> TO_POOL_WORKER, TO_TASK_WORKER or TO_ADMIN_WORKER
 * </pre>
 */
public enum PermittedMessages {
    EXPECTING_HELLO(UpkeepMessages.Hello.class),
    EXPECTING_WELCOME(UpkeepMessages.Welcome.class),
    FROM_POOL_WORKER(ControlMessage.FromPoolWorker.class, ControlMessage.FromEveryChild.class),
    FROM_TASK_WORKER(ControlMessage.FromTaskWorker.class, ControlMessage.FromEveryChild.class),
    FROM_ADMIN_WORKER(ControlMessage.FromAdminWorker.class, ControlMessage.FromEveryChild.class),
    TO_POOL_WORKER(ControlMessage.ToPoolWorker.class, ControlMessage.ToEveryChild.class),
    TO_TASK_WORKER(ControlMessage.ToTaskWorker.class, ControlMessage.ToEveryChild.class),
    TO_ADMIN_WORKER(ControlMessage.ToAdminWorker.class, ControlMessage.ToEveryChild.class);

    @SuppressWarnings("ImmutableEnumChecker") // An immutable list of classes.
    private final List<Class<? extends ControlMessage>> kinds;

    @SafeVarargs
    @SuppressWarnings("varargs") // Copied into a list.
    PermittedMessages(Class<? extends ControlMessage>... kinds) {
        this.kinds = List.of(kinds);
    }

    /** Whether messages of this class are allowed in this state. */
    boolean permits(Class<?> message) {
        for (int i = 0; i < kinds.size(); i++) {
            if (kinds.get(i).isAssignableFrom(message)) {
                return true;
            }
        }
        return false;
    }

    /** @throws ControlViolation when this message is not allowed in this state */
    public void check(ControlMessage message) throws ControlViolation {
        if (!permits(message.getClass())) {
            throw new ControlViolation(message.getClass().getSimpleName() + " is not allowed in state " + this);
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

    /** What a child of this kind accepts from the master. */
    public static PermittedMessages to(ChildKind kind) {
        return switch (kind) {
            case POOL -> TO_POOL_WORKER;
            case TASK -> TO_TASK_WORKER;
            case ADMIN -> TO_ADMIN_WORKER;
        };
    }
}
