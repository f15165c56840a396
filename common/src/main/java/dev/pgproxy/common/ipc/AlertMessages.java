package dev.pgproxy.common.ipc;

/** Alerts, for people who do not read the log. */
public final class AlertMessages {

    private AlertMessages() {}

    /** The master's side. */
    public interface AtMaster<S> {
        void onAlertSent(S worker, AlertSent message);
    }

    /** The task-worker's side. */
    public interface AtTaskWorker {
        void onSendAlert(SendAlert message);
    }

    /** Send this alert to people. {@link AlertSent} answers once that was done or given up. */
    public record SendAlert(long alertId, Alert alert) implements ControlMessage.ToTaskWorker {
        @Override
        public void dispatchTo(ControlMessage.TaskWorkerDesks desks) {
            desks.alerts().onSendAlert(this);
        }
    }

    /** The answer to {@link SendAlert}. */
    public record AlertSent(long alertId) implements ControlMessage.FromTaskWorker {
        @Override
        public <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            desks.alerts().onAlertSent(worker, this);
        }
    }
}
