package dev.pgproxy.common.ipc;

/**
 * What the master and its children send to each other. Each conversation has one file, with its records and the interfaces of their
 * receivers. The interfaces that a record implements say which process may send it: a channel accepts nothing else from its peer.
 *
 * <p>A record's components are its fields, in order. A component of type {@link dev.pgproxy.common.loop.Descriptor} travels by SCM_RIGHTS;
 * the message owns it until it is sent, and then its receiver owns it.
 *
 * @see Conversations
 */
public interface ControlMessage {

    /** The first messages on a channel, before any other may be sent. */
    interface Greeting extends ControlMessage {}

    /** What the master receives. */
    interface ToMaster extends ControlMessage {
        /** @param sender the child that sent it */
        <S> void dispatchTo(MasterDesks<S> desks, S sender);
    }

    /** What every child may send. */
    interface FromEveryChild extends ToMaster {}

    /** What a pool-worker may also send. */
    interface FromPoolWorker extends ToMaster {}

    /** What the task-worker may also send. */
    interface FromTaskWorker extends ToMaster {}

    /** What the admin-worker may also send. */
    interface FromAdminWorker extends ToMaster {}

    /** What every child receives, and handles in the same way. */
    interface ToEveryChild extends ControlMessage {
        void dispatchTo(UpkeepMessages.AtChild child);
    }

    /** What a pool-worker also receives. */
    interface ToPoolWorker extends ControlMessage {
        void dispatchTo(PoolWorkerDesks desks);
    }

    /** What the task-worker also receives. */
    interface ToTaskWorker extends ControlMessage {
        void dispatchTo(TaskWorkerDesks desks);
    }

    /** What the admin-worker also receives. */
    interface ToAdminWorker extends ControlMessage {
        void dispatchTo(AdminWorkerDesks desks);
    }

    /**
     * The receiver of each conversation in the master.
     *
     * @param <S> how the master represents a child
     */
    interface MasterDesks<S> {
        UpkeepMessages.AtMaster<? super S> upkeep();

        SessionMessages.AtMaster<? super S> sessions();

        PlaceMessages.AtMaster<? super S> places();

        BackendMessages.AtMaster<? super S> backends();

        CancelMessages.AtMaster<? super S> cancels();

        RoleMessages.AtMaster<? super S> roles();

        ProbeMessages.AtMaster<? super S> probes();

        SwitchoverMessages.AtMaster<? super S> switchovers();

        AlertMessages.AtMaster<? super S> alerts();

        SnapshotMessages.AtMaster<? super S> snapshots();

        CommandMessages.AtMaster<? super S> commands();
    }

    /** The receiver of each conversation in a pool-worker. */
    interface PoolWorkerDesks {
        SettingsMessages.AtPoolWorker settings();

        SessionMessages.AtPoolWorker sessions();

        PlaceMessages.AtPoolWorker places();

        BackendMessages.AtPoolWorker backends();

        CancelMessages.AtPoolWorker cancels();

        RoleMessages.AtPoolWorker roles();

        ProbeMessages.AtPoolWorker probes();

        SwitchoverMessages.AtPoolWorker switchovers();

        SnapshotMessages.AtPoolWorker snapshots();

        CommandMessages.AtPoolWorker commands();
    }

    /** The receiver of each conversation in the task-worker. */
    interface TaskWorkerDesks {
        SettingsMessages.AtTaskWorker settings();

        CancelMessages.AtTaskWorker cancels();

        RoleMessages.AtTaskWorker roles();

        ProbeMessages.AtTaskWorker probes();

        AlertMessages.AtTaskWorker alerts();

        SnapshotMessages.AtTaskWorker snapshots();
    }

    /** The receiver of each conversation in the admin-worker. */
    interface AdminWorkerDesks {
        SettingsMessages.AtAdminWorker settings();

        SnapshotMessages.AtAdminWorker snapshots();

        CommandMessages.AtAdminWorker commands();
    }
}
