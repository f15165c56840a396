package dev.pgproxy.common.ipc;

import dev.pgproxy.common.net.Endpoint;

/**
 * What is known of roles. Names of users and databases are held one char per byte, as in
 * {@link dev.pgproxy.common.protocol.StartupParameters}.
 */
public final class RoleMessages {

    private RoleMessages() {}

    /** The master's side. */
    public interface AtMaster<S> {
        void onFindRole(S worker, FindRole message);

        void onRolesChanged(S worker, RolesChanged message);

        void onRoleDoubted(S worker, RoleDoubted message);

        void onRoleLookedUp(S worker, RoleLookedUp message);
    }

    /** A pool-worker's side. */
    public interface AtPoolWorker {
        void onRoleFound(RoleFound message);
    }

    /** The task-worker's side. */
    public interface AtTaskWorker {
        void onLookUpRole(LookUpRole message);
    }

    /** What workers send. */
    public sealed interface FromWorker extends ControlMessage.ToMaster {
        <S> void dispatchTo(AtMaster<S> desk, S worker);

        @Override
        default <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            dispatchTo(desks.roles(), worker);
        }
    }

    /** Asks what a server knows of the role and the database that a client names. */
    public record FindRole(long sessionId, Endpoint server, String user, String database)
            implements FromWorker, ControlMessage.FromPoolWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onFindRole(worker, this);
        }
    }

    /** A client of this server has changed roles or databases: what was looked up there is outdated. */
    public record RolesChanged(Endpoint server) implements FromWorker, ControlMessage.FromPoolWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onRolesChanged(worker, this);
        }
    }

    /**
     * A client of this role did not pass the check: its password may be newer than what is remembered of it.
     *
     * @param methodToo whether the server may also have changed the way in which it asks
     */
    public record RoleDoubted(Endpoint server, String user, String database, boolean methodToo)
            implements FromWorker, ControlMessage.FromPoolWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onRoleDoubted(worker, this);
        }
    }

    /** The task-worker's answer to {@link LookUpRole}. */
    public record RoleLookedUp(long lookupId, RoleFacts facts) implements FromWorker, ControlMessage.FromTaskWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onRoleLookedUp(worker, this);
        }
    }

    /** The answer to {@link FindRole}. */
    public record RoleFound(long sessionId, RoleFacts facts) implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.roles().onRoleFound(this);
        }
    }

    /** Find out within this time what the server and the file of verifiers say of this role. */
    public record LookUpRole(long lookupId, Endpoint server, String user, String database, long timeoutMs)
            implements ControlMessage.ToTaskWorker {
        @Override
        public void dispatchTo(ControlMessage.TaskWorkerDesks desks) {
            desks.roles().onLookUpRole(this);
        }
    }
}
