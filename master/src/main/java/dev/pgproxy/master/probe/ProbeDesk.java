package dev.pgproxy.master.probe;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Has the task-worker probe servers and run errands on them, and ensures that each request is answered once. If the worker dies, the next
 * one gets its requests, except promotions. A request that takes too long counts as a local failure, which says nothing about the server.
 */
public final class ProbeDesk implements ProbeMessages.AtMaster<Worker>, WorkerRegistry.Listener {

    /** A probe connects, asks and may have to flush, each within its timeout. After that, the worker itself is not answering. */
    private static final int STEPS_OF_A_PROBE = 4;
    /** Additional time for the worker to be restarted. */
    private static final long MARGIN_MS = 5_000;

    private static final String NO_ANSWER = "pgproxy-task does not answer; its log says why";

    private static final String WORKER_GONE = "pgproxy-task ended while it told the standby";

    /** Receives results, on the loop's thread. */
    public interface Listener {
        /** @param fresh whether it was over a new connection */
        void probed(Endpoint server, ProbeKind kind, boolean fresh, Observation observation);

        /** The connection that was kept to the server ended between two probes. */
        void connectionLost(Endpoint server);
    }

    private record Probe(Endpoint server, ProbeKind kind) {}

    private static final class Open {
        private final long id;
        private final long timeoutMs;
        private final Scheduler.Timer timer;
        private boolean again;

        private Open(long id, long timeoutMs, Scheduler.Timer timer) {
            this.id = id;
            this.timeoutMs = timeoutMs;
            this.timer = timer;
        }
    }

    private record Request(
            ProbeMessages.RunErrand message, Scheduler.Timer timer, Consumer<ProbeMessages.ErrandDone> answer) {}

    private final EventLoop loop;
    private final WorkerRegistry workers;
    private final Listener listener;
    private final Map<Probe, Open> probes = new LinkedHashMap<>();
    private final Map<Long, Request> requests = new HashMap<>();
    private long nextRequest = 1;

    public ProbeDesk(EventLoop loop, WorkerRegistry workers, Listener listener) {
        this.loop = loop;
        this.workers = workers;
        workers.listen(this);
        this.listener = listener;
    }

    /**
     * Requests a probe. One probe of each server and kind runs at a time, and at most one more waits.
     *
     * @param timeoutMs bound on the connect, and on each answer
     */
    public void probe(Endpoint server, ProbeKind kind, long timeoutMs) {
        Probe probe = new Probe(server, kind);
        Open open = probes.get(probe);
        if (open != null) {
            open.again = true;
            return;
        }
        long id = nextRequest++;
        Scheduler.Timer timer = loop.scheduler()
                .afterMs(
                        mostMs(timeoutMs),
                        () -> ended(id, probe, false, new Observation.Failed(FailureKind.LOCAL, NO_ANSWER)));
        probes.put(probe, new Open(id, timeoutMs, timer));
        workers.toTaskWorker(new ProbeMessages.ProbeServer(id, server, kind, timeoutMs));
    }

    private static long mostMs(long timeoutMs) {
        return STEPS_OF_A_PROBE * timeoutMs + MARGIN_MS;
    }

    private void ended(long id, Probe probe, boolean fresh, Observation observation) {
        Open open = probes.get(probe);
        if (open == null || open.id != id) {
            return; // It took too long, or the server was forgotten. Its result may be outdated.
        }
        probes.remove(probe);
        open.timer.cancel();
        if (open.again) {
            probe(probe.server(), probe.kind(), open.timeoutMs);
            if (probe.kind() == ProbeKind.FLUSH) {
                return; // The later request needs a flush that starts after it.
            }
        }
        listener.probed(probe.server(), probe.kind(), fresh, observation);
    }

    /** Stops probing this server. */
    public void forget(Endpoint server) {
        for (Probe probe : List.copyOf(probes.keySet())) {
            if (probe.server().equals(server)) {
                probes.remove(probe).timer.cancel();
            }
        }
        workers.toTaskWorker(new ProbeMessages.ForgetServer(server));
    }

    /**
     * Requests an errand.
     *
     * @param request its number and deadline are set here
     * @param answer called once, unless the desk is closed first
     */
    public void ask(ProbeMessages.RunErrand request, Consumer<ProbeMessages.ErrandDone> answer) {
        long id = nextRequest++;
        ProbeMessages.RunErrand message = new ProbeMessages.RunErrand(
                id,
                request.server(),
                request.errand(),
                request.method(),
                request.triggerObject(),
                request.timeoutMs(),
                loop.clock().nanoTime() + TimeUnit.MILLISECONDS.toNanos(mostMs(request.timeoutMs())));
        Scheduler.Timer timer = loop.scheduler()
                .afterMs(mostMs(request.timeoutMs()), () -> ended(ProbeMessages.ErrandDone.notDone(id, NO_ANSWER)));
        requests.put(id, new Request(message, timer, answer));
        workers.toTaskWorker(message);
    }

    @Override
    public void onServerProbed(Worker worker, ProbeMessages.ServerProbed message) {
        ended(message.probeId(), new Probe(message.server(), message.kind()), message.fresh(), message.observation());
    }

    @Override
    public void onServerLost(Worker worker, ProbeMessages.ServerLost message) {
        listener.connectionLost(message.server());
    }

    @Override
    public void onServerMoved(Worker worker, ProbeMessages.ServerMoved message) {
        Event.of("server_moved")
                .with("server", message.server())
                .with("addresses", String.join(",", message.addresses()))
                .message(
                        "the host name has other addresses than before: sessions and connections to the old ones are ended")
                .hint("If the name leads to another server now, make sure that nothing writes to the old one.")
                .warn();
        workers.toPoolWorkers(message);
    }

    @Override
    public void onErrandDone(Worker worker, ProbeMessages.ErrandDone message) {
        ended(message);
    }

    private void ended(ProbeMessages.ErrandDone message) {
        Request request = requests.remove(message.requestId());
        if (request != null) {
            request.timer().cancel();
            request.answer().accept(message);
        }
    }

    /** Sends the open requests to the new task-worker. */
    @Override
    public void workerReady(Worker worker) {
        if (worker.kind() == ChildKind.TASK) {
            probes.forEach((probe, open) ->
                    worker.send(new ProbeMessages.ProbeServer(open.id, probe.server(), probe.kind(), open.timeoutMs)));
            requests.values().forEach(request -> worker.send(request.message()));
        }
    }

    /** Fails promotions: the servers must be probed again before a standby is told to promote. */
    @Override
    public void workerGone(Worker worker) {
        if (worker.kind() == ChildKind.TASK) {
            requests.values().stream()
                    .map(Request::message)
                    .filter(message -> message.errand().promotes())
                    .toList()
                    .forEach(message -> ended(ProbeMessages.ErrandDone.notDone(message.requestId(), WORKER_GONE)));
        }
    }

    /** Drops all requests. */
    public void close() {
        probes.values().forEach(open -> open.timer.cancel());
        probes.clear();
        requests.values().forEach(request -> request.timer().cancel());
        requests.clear();
    }
}
