package dev.pgproxy.master.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.SwitchoverMessages;
import dev.pgproxy.common.net.Endpoint;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkerRegistryTest {

    private final WorkerRegistry workers = new WorkerRegistry();
    private final PlayedWorker first = new PlayedWorker(ChildKind.POOL, 1);
    private final PlayedWorker second = new PlayedWorker(ChildKind.POOL, 2);
    private final PlayedWorker task = new PlayedWorker(ChildKind.TASK, 1);
    private final PlayedWorker admin = new PlayedWorker(ChildKind.ADMIN, 1);

    @Test
    void knowsTheWorkersThatAreReady() {
        List.of(first, second, task, admin).forEach(workers::ready);
        assertEquals(List.of(first, second, task, admin), workers.all());
        assertEquals(List.of(first, second), workers.poolWorkers());
        assertSame(second, workers.poolWorker(2));
        workers.gone(first);
        workers.gone(task);
        workers.gone(admin);
        assertEquals(List.of(second), workers.all());
        assertNull(workers.poolWorker(1));
        assertNull(workers.taskWorker());
        assertNull(workers.adminWorker());
    }

    @Test
    void aListenerFindsAReadyWorkerThereAndAGoneOneNot() {
        List<String> seen = new ArrayList<>();
        workers.listen(new WorkerRegistry.Listener() {
            @Override
            public void workerReady(Worker worker) {
                seen.add("ready with " + workers.all().size());
            }

            @Override
            public void workerGone(Worker worker) {
                seen.add("gone with " + workers.all().size());
            }
        });
        workers.ready(first);
        workers.gone(first);
        assertEquals(List.of("ready with 1", "gone with 0"), seen);
    }

    @Test
    void aMessageGoesToWorkersOfItsKindOnly() {
        List.of(first, task).forEach(workers::ready);
        SwitchoverMessages.HoldSessions message =
                new SwitchoverMessages.HoldSessions(1, new Endpoint.Tcp("db", 5432), true);
        workers.toPoolWorkers(message);
        assertEquals(List.of(message), first.received());
        assertEquals(List.of(), task.received());
        workers.toAdminWorker(message);
        workers.toTaskWorker(message);
        assertEquals(List.of(message), task.received(), "and to nobody where there is none");
    }
}
