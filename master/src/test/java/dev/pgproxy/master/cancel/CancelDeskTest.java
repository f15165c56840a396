package dev.pgproxy.master.cancel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.loop.StillPoller;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import dev.pgproxy.testkit.simulation.SimulatedWorld;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CancelDeskTest {

    private static final long TIMEOUT_MS = 1_000;
    private static final Endpoint SERVER = new Endpoint.Tcp("db", 5432);
    private static final byte[] SECRET = {1, 2, 3, 4};

    private long nowNs;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowNs);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final CancelDesk desk = new CancelDesk(loop, workers, TIMEOUT_MS, new Counters());
    private final PlayedWorker owner = new PlayedWorker(ChildKind.POOL, 1);
    private final PlayedWorker other = new PlayedWorker(ChildKind.POOL, 2);
    private final PlayedWorker task = new PlayedWorker(ChildKind.TASK, 1);
    private final SimulatedTransport client = new SimulatedWorld(1).connect();

    @BeforeEach
    void begin() {
        workers.ready(owner);
        workers.ready(other);
        workers.ready(task);
    }

    private long submit() {
        desk.submit(client, new StartupPacket.CancelRequest(7, SECRET));
        return owner.received(CancelMessages.FindCancelTarget.class).get(0).cancelId();
    }

    private void found(long id) {
        desk.onCancelTarget(owner, new CancelMessages.CancelTarget(id, 11, SERVER, 99, SECRET));
    }

    private List<CancelMessages.CancelFinished> finished() {
        return owner.received(CancelMessages.CancelFinished.class);
    }

    /** Clients take the end of their connection as confirmation that the signal was sent. */
    @Test
    void theClientsConnectionEndsWithTheCancel() {
        long id = submit();
        found(id);
        assertEquals(1, task.received(CancelMessages.PerformCancel.class).size());
        assertFalse(client.isClosed());
        desk.onCancelDone(task, new CancelMessages.CancelDone(id, true));
        assertTrue(client.isClosed());
        assertEquals(List.of(new CancelMessages.CancelFinished(11, true)), finished());
    }

    @Test
    void aKeyThatNobodyKnowsDoesNothing() {
        long id = submit();
        desk.onCancelUnknown(owner, new CancelMessages.CancelUnknown(id));
        assertFalse(client.isClosed());
        workers.gone(other); // It would not have known the key either.
        assertTrue(client.isClosed());
        assertEquals(List.of(), task.received());
    }

    @Test
    void whatWasSentIsNotSentAgainByTheNextTaskWorker() {
        long id = submit();
        found(id);
        workers.gone(task);
        assertEquals(List.of(new CancelMessages.CancelFinished(11, false)), finished());
        assertTrue(client.isClosed());
        PlayedWorker next = new PlayedWorker(ChildKind.TASK, 1);
        workers.ready(next);
        assertEquals(List.of(), next.received());
    }

    @Test
    void whatWasNotSentWaitsForTheNextTaskWorker() {
        workers.gone(task);
        found(submit());
        assertFalse(client.isClosed());
        PlayedWorker next = new PlayedWorker(ChildKind.TASK, 1);
        workers.ready(next);
        assertEquals(1, next.received(CancelMessages.PerformCancel.class).size());
    }

    @Test
    void aBackendIsHeldForABoundedTime() {
        long id = submit();
        found(id);
        nowNs += 2 * TIMEOUT_MS * 1_000_000;
        loop.tick();
        assertEquals(List.of(new CancelMessages.CancelFinished(11, false)), finished());
        desk.onCancelDone(task, new CancelMessages.CancelDone(id, true));
        assertEquals(1, finished().size());
    }

    /** Its answer arrives after the cancel has ended: nothing was sent, and the backend is released at once. */
    @Test
    void aTargetThatIsFoundTooLateIsLetGo() {
        long id = submit();
        nowNs += 2 * TIMEOUT_MS * 1_000_000;
        loop.tick();
        assertTrue(client.isClosed());
        found(id);
        assertEquals(List.of(new CancelMessages.CancelFinished(11, true)), finished());
        assertEquals(List.of(), task.received());
    }

    @Test
    void theSuccessorOfAWorkerIsNotToldOfItsBackends() {
        long id = submit();
        found(id);
        workers.gone(owner);
        PlayedWorker next = new PlayedWorker(ChildKind.POOL, 1);
        workers.ready(next);
        desk.onCancelDone(task, new CancelMessages.CancelDone(id, true));
        assertTrue(client.isClosed());
        assertEquals(List.of(), next.received());
    }
}
