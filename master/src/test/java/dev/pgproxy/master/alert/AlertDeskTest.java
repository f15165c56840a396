package dev.pgproxy.master.alert;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.ipc.AlertMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.List;
import org.junit.jupiter.api.Test;

class AlertDeskTest {

    private static final Endpoint SERVER = new Endpoint.Tcp("server", 5432);

    private final WorkerRegistry workers = new WorkerRegistry();
    private final AlertDesk desk = new AlertDesk(workers);
    private final PlayedWorker taskWorker = new PlayedWorker(ChildKind.TASK, 1);
    private final List<ControlMessage> sent = taskWorker.received();

    private void submit(int count) {
        for (int i = 0; i < count; i++) {
            desk.submit(new Alert(Alert.Kind.STANDBY_OUT, SERVER, "alert " + i, "", "2026-01-01T00:00:00Z"));
        }
    }

    private List<String> texts() {
        return sent.stream()
                .map(message -> ((AlertMessages.SendAlert) message).alert().message())
                .toList();
    }

    @Test
    void keepsTheFirstWhenNobodySendsThem() {
        submit(AlertDesk.MAX_WAITING + 10);
        workers.ready(taskWorker);
        assertEquals(AlertDesk.MAX_WAITING, sent.size());
        assertEquals("alert 0", texts().get(0));
    }

    @Test
    void hasRoomAgainForEachThatWasSent() {
        workers.ready(taskWorker);
        submit(AlertDesk.MAX_WAITING + 1);
        assertEquals(AlertDesk.MAX_WAITING, sent.size());
        desk.onAlertSent(taskWorker, new AlertMessages.AlertSent(((AlertMessages.SendAlert) sent.get(0)).alertId()));
        submit(2);
        assertEquals(AlertDesk.MAX_WAITING + 1, sent.size());
    }

    @Test
    void asksTheNextTaskWorkerForWhatTheLastOneDidNotSend() {
        workers.ready(taskWorker);
        submit(2);
        desk.onAlertSent(taskWorker, new AlertMessages.AlertSent(((AlertMessages.SendAlert) sent.get(0)).alertId()));
        workers.gone(taskWorker);
        sent.clear();
        workers.ready(taskWorker);
        assertEquals(List.of("alert 1"), texts());
    }
}
