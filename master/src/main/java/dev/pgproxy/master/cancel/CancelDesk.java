package dev.pgproxy.master.cancel;

import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Follows each CancelRequest to its end. The client's connection stays open until the end, since clients take its close as a sign
 * that the signal was sent. A cancel that matches no session does nothing.
 *
 * <pre>
 *   client -> FindCancelTarget to every worker -> CancelTarget from its owner -> PerformCancel to the task-worker
 *          -> CancelDone -> CancelFinished to the owner, and the client's connection is closed
 * </pre>
 */
public final class CancelDesk implements CancelMessages.AtMaster<Worker>, WorkerRegistry.Listener {

    /** Cancels under way at once; beyond this, a client's connection is closed as if its key were unknown. */
    private static final int MAX_CANCELS = 4096;

    private static final class Cancel {
        /** Null when the cancel is a worker's own, for a client that is gone. */
        private final @Nullable ClientConnection client;

        private final Scheduler.Timer timer;
        private final Set<Worker> unanswered;
        /** The server of a query whose client is gone, as the configuration names it. */
        private final Optional<Endpoint> abandonedAt;

        private @Nullable Worker owner;
        private CancelMessages.@Nullable CancelTarget target;
        private boolean sent;

        private Cancel(
                @Nullable ClientConnection client,
                Optional<Endpoint> abandonedAt,
                List<Worker> asked,
                Scheduler.Timer timer) {
            this.client = client;
            this.abandonedAt = abandonedAt;
            this.unanswered = new LinkedHashSet<>(asked);
            this.timer = timer;
        }
    }

    private final EventLoop loop;
    private final WorkerRegistry workers;
    private final Counter received;
    private long timeoutMs;
    private final Map<Long, Cancel> cancels = new HashMap<>();
    private long nextId = 1;

    /** @param timeoutMs time limit for each step of a cancel */
    public CancelDesk(EventLoop loop, WorkerRegistry workers, long timeoutMs, Counters counters) {
        this.loop = loop;
        this.workers = workers;
        workers.listen(this);
        this.timeoutMs = timeoutMs;
        this.received = counters.counter("cancels_received", "CancelRequests of clients");
    }

    /** Applies to cancels that arrive after this call. */
    public void configure(long newTimeoutMs) {
        timeoutMs = newTimeoutMs;
    }

    /** Takes over the connection of a CancelRequest. */
    public void submit(ClientConnection client, StartupPacket.CancelRequest request) {
        received.increment();
        List<Worker> poolWorkers = workers.poolWorkers();
        if (cancels.size() >= MAX_CANCELS || poolWorkers.isEmpty()) {
            client.close();
            return;
        }
        long id = nextId++;
        Scheduler.Timer timer = loop.scheduler().afterMs(2 * timeoutMs, () -> timedOut(id));
        cancels.put(id, new Cancel(client, Optional.empty(), poolWorkers, timer));
        for (Worker worker : poolWorkers) {
            worker.send(new CancelMessages.FindCancelTarget(id, request.pid(), request.secret()));
        }
    }

    /** A worker wants to cancel the query that a client left running on this backend; it holds the backend meanwhile. */
    @Override
    public void onCancelQuery(Worker worker, CancelMessages.CancelQuery message) {
        if (cancels.size() >= MAX_CANCELS) {
            worker.send(new CancelMessages.CancelFinished(message.backendId(), true)); // Never sent.
            return;
        }
        long id = nextId++;
        Cancel cancel = new Cancel(
                null,
                Optional.of(message.server()),
                List.of(),
                loop.scheduler().afterMs(2 * timeoutMs, () -> timedOut(id)));
        cancels.put(id, cancel);
        onCancelTarget(
                worker,
                new CancelMessages.CancelTarget(id, message.backendId(), message.peer(), message.pid(), message.key()));
    }

    @Override
    public void workerReady(Worker worker) {
        if (worker.kind() == ChildKind.TASK) {
            cancels.values().forEach(this::perform); // The cancels that have waited for it.
        }
    }

    @Override
    public void workerGone(Worker worker) {
        switch (worker.kind()) {
            case POOL -> poolWorkerGone(worker);
            case TASK -> taskWorkerGone();
            case ADMIN -> {}
        }
    }

    /** The worker's sessions are gone, and with them every query that could be cancelled. */
    private void poolWorkerGone(Worker worker) {
        for (Map.Entry<Long, Cancel> entry : List.copyOf(cancels.entrySet())) {
            Cancel cancel = entry.getValue();
            if (cancel.owner == worker) {
                cancel.owner = null; // Its successor has the same slot but other backends.
            }
            cancel.unanswered.remove(worker);
            endIfUnknown(entry.getKey(), cancel);
        }
    }

    /**
     * It is unknown whether the cancels that the task-worker had were sent. Sending one again could cancel the session's next
     * query, so these end here; the others wait for the next task-worker.
     */
    private void taskWorkerGone() {
        List<Long> sent = cancels.entrySet().stream()
                .filter(entry -> entry.getValue().sent)
                .map(Map.Entry::getKey)
                .toList();
        sent.forEach(id -> end(id, false));
    }

    /** The worker owns the session and holds its backend. */
    @Override
    public void onCancelTarget(Worker worker, CancelMessages.CancelTarget target) {
        Cancel cancel = cancels.get(target.cancelId());
        if (cancel == null) {
            worker.send(new CancelMessages.CancelFinished(
                    target.backendId(), true)); // Never sent: the owner was found too late.
            return;
        }
        cancel.owner = worker;
        cancel.target = target;
        perform(cancel);
    }

    private void perform(Cancel cancel) {
        Worker performer = workers.taskWorker();
        CancelMessages.CancelTarget target = cancel.target;
        if (performer != null && target != null && !cancel.sent) {
            cancel.sent = true;
            performer.send(new CancelMessages.PerformCancel(
                    target.cancelId(), target.server(), target.pid(), target.key(), timeoutMs, cancel.abandonedAt));
        }
    }

    /** The worker has no such session. */
    @Override
    public void onCancelUnknown(Worker worker, CancelMessages.CancelUnknown message) {
        Cancel cancel = cancels.get(message.cancelId());
        if (cancel != null) {
            cancel.unanswered.remove(worker);
            endIfUnknown(message.cancelId(), cancel);
        }
    }

    private void endIfUnknown(long id, Cancel cancel) {
        if (cancel.target == null && cancel.unanswered.isEmpty()) {
            end(id, true);
        }
    }

    /** The task-worker is done with it. */
    @Override
    public void onCancelDone(Worker performer, CancelMessages.CancelDone message) {
        end(message.cancelId(), message.delivered());
    }

    private void timedOut(long id) {
        Cancel cancel = cancels.get(id);
        if (cancel != null) {
            end(id, !cancel.sent);
        }
    }

    /** @param certain whether the server has closed the cancel's connection, or the cancel was never sent */
    private void end(long id, boolean certain) {
        Cancel cancel = cancels.remove(id);
        if (cancel == null) {
            return;
        }
        cancel.timer.cancel();
        if (cancel.owner != null && cancel.target != null) {
            cancel.owner.send(new CancelMessages.CancelFinished(cancel.target.backendId(), certain));
        }
        if (cancel.client != null) {
            cancel.client.close();
        }
    }

    /** The proxy stops. */
    public void endAll() {
        List.copyOf(cancels.keySet()).forEach(id -> end(id, false));
    }
}
