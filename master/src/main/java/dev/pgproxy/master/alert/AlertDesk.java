package dev.pgproxy.master.alert;

import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.ipc.AlertMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.LinkedHashMap;
import java.util.Map;

/** Keeps alerts until the task-worker has sent them. If it dies before that, the next one sends them, so some may arrive twice. */
public final class AlertDesk implements AlertMessages.AtMaster<Worker>, WorkerRegistry.Listener {

    /** Alerts that may wait; the log has them all. */
    static final int MAX_WAITING = 100;

    private final WorkerRegistry workers;
    private final Map<Long, Alert> waiting = new LinkedHashMap<>();
    private long nextId = 1;

    public AlertDesk(WorkerRegistry workers) {
        this.workers = workers;
        workers.listen(this);
    }

    /** Queues an alert to be sent. */
    public void submit(Alert alert) {
        if (waiting.size() >= MAX_WAITING) {
            Event.of("alert_dropped")
                    .with("alert", alert.kind().label())
                    .message(MAX_WAITING + " alerts wait to be sent already")
                    .hint("The task-worker's log says why they cannot be sent.")
                    .error();
            return;
        }
        long id = nextId++;
        waiting.put(id, alert);
        workers.toTaskWorker(new AlertMessages.SendAlert(id, alert));
    }

    @Override
    public void workerReady(Worker worker) {
        if (worker.kind() == ChildKind.TASK) {
            waiting.forEach((id, alert) -> worker.send(new AlertMessages.SendAlert(id, alert)));
        }
    }

    /** An alert was sent, or all attempts failed. */
    @Override
    public void onAlertSent(Worker worker, AlertMessages.AlertSent message) {
        waiting.remove(message.alertId());
    }
}
