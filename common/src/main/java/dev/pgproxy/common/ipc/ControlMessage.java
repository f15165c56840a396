package dev.pgproxy.common.ipc;

/**
 * What the master and its children say to each other. The records stand in one file for each conversation, with the interfaces of
 * those who hear them. Where a record stands says who may send it: a channel takes nothing else from its peer.
 *
 * <p>A record's components are its fields, in their order. One of type {@link dev.pgproxy.common.loop.Descriptor} travels by SCM_RIGHTS;
 * the message owns it until it is sent, and its receiver owns it then.
 *
 * @see Conversations
 */
public interface ControlMessage {

    /** The first words on a channel, before anything else may be said. */
    interface Greeting extends ControlMessage {}

    /** What the master hears. */
    interface ToMaster extends ControlMessage {
        /** @param sender who said it */
        <S> void dispatchTo(MasterDesks<S> desks, S sender);
    }

    /** What every child may say. */
    interface FromEveryChild extends ToMaster {}

    /** What a pool-worker may say besides. */
    interface FromPoolWorker extends ToMaster {}

    /** What the task-worker may say besides. */
    interface FromTaskWorker extends ToMaster {}

    /** What the admin-worker may say besides. */
    interface FromAdminWorker extends ToMaster {}

    /** What every child hears, and does in the same way. */
    interface ToEveryChild extends ControlMessage {
        void dispatchTo(UpkeepMessages.AtChild child);
    }

    /** What a pool-worker hears besides. */
    interface ToPoolWorker extends ControlMessage {
        void dispatchTo(PoolWorkerDesks desks);
    }

    /** What the task-worker hears besides. */
    interface ToTaskWorker extends ControlMessage {
        void dispatchTo(TaskWorkerDesks desks);
    }

    /** What the admin-worker hears besides. */
    interface ToAdminWorker extends ControlMessage {
        void dispatchTo(AdminWorkerDesks desks);
    }

    /**
     * Who hears which conversation in the master.
     *
     * @param <S> how the master knows a child
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

    /** Who hears which conversation in a pool-worker. */
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

    /** Who hears which conversation in the task-worker. */
    interface TaskWorkerDesks {
        SettingsMessages.AtTaskWorker settings();

        CancelMessages.AtTaskWorker cancels();

        RoleMessages.AtTaskWorker roles();

        ProbeMessages.AtTaskWorker probes();

        AlertMessages.AtTaskWorker alerts();
    }

    /** Who hears which conversation in the admin-worker. */
    interface AdminWorkerDesks {
        SettingsMessages.AtAdminWorker settings();

        SnapshotMessages.AtAdminWorker snapshots();

        CommandMessages.AtAdminWorker commands();
    }
}
