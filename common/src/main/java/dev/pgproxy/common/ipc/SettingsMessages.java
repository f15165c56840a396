package dev.pgproxy.common.ipc;

/** What each kind of child needs from the configuration. Settings take effect on arrival; the first ones make a child ready. */
public final class SettingsMessages {

    private SettingsMessages() {}

    /** A pool-worker's side. */
    public interface AtPoolWorker {
        void onConfigurePool(ConfigurePool message);
    }

    /** The task-worker's side. */
    public interface AtTaskWorker {
        void onConfigureTasks(ConfigureTasks message);
    }

    /** The admin-worker's side. */
    public interface AtAdminWorker {
        void onConfigureAdmin(ConfigureAdmin message);
    }

    /** For a pool-worker. */
    public record ConfigurePool(PoolSettings settings) implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.settings().onConfigurePool(this);
        }
    }

    /** For the task-worker. */
    public record ConfigureTasks(TaskSettings settings) implements ControlMessage.ToTaskWorker {
        @Override
        public void dispatchTo(ControlMessage.TaskWorkerDesks desks) {
            desks.settings().onConfigureTasks(this);
        }
    }

    /** For the admin-worker. */
    public record ConfigureAdmin(AdminSettings settings) implements ControlMessage.ToAdminWorker {
        @Override
        public void dispatchTo(ControlMessage.AdminWorkerDesks desks) {
            desks.settings().onConfigureAdmin(this);
        }
    }
}
