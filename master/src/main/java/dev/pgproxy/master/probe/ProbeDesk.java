package dev.pgproxy.master.probe;

import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import dev.pgproxy.master.supervisor.Recipient;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Has the task-worker look at servers and do errands there, and sees to it that each question is answered once: a worker that dies
 * leaves its questions to the next one, and what takes too long counts as a failure of the proxy's own, which says nothing of a server.
 */
public final class ProbeDesk {

    /** A look connects, asks and may have to flush, each within its time; then the worker itself does not answer. */
    private static final int STEPS_OF_A_LOOK = 4;
    /** Time for the worker to be started again, on top. */
    private static final long MARGIN_MS = 5_000;

    private static final String NO_ANSWER = "pgproxy-task does not answer; its log says why";

    private static final String WORKER_GONE = "pgproxy-task ended while it told the standby";

    /** Who is told, on the loop's thread. */
    public interface Listener {
        /** @param fresh whether it was over a new connection */
        void probed(ServerAddress server, ProbeKind kind, boolean fresh, Observation observation);

        /** The connection that was kept to the server ended between two looks. */
        void connectionLost(ServerAddress server);
    }

    private record Look(ServerAddress server, ProbeKind kind) {}

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
            ControlMessage.AskServer message, Scheduler.Timer timer, Consumer<ControlMessage.ServerAnswered> answer) {}

    private final EventLoop loop;
    private final Listener listener;
    private final Map<Look, Open> looks = new LinkedHashMap<>();
    private final Map<Long, Request> requests = new HashMap<>();
    private @Nullable Recipient taskWorker;
    private long nextRequest = 1;

    public ProbeDesk(EventLoop loop, Listener listener) {
        this.loop = loop;
        this.listener = listener;
    }

    /**
     * Asks for a look; one of each kind is under way at a time, and one more waits behind it.
     *
     * @param timeoutMs bound on the connect, and on each answer
     */
    public void look(ServerAddress server, ProbeKind kind, long timeoutMs) {
        Look look = new Look(server, kind);
        Open open = looks.get(look);
        if (open != null) {
            open.again = true;
            return;
        }
        long id = nextRequest++;
        Scheduler.Timer timer = loop.scheduler()
                .afterMs(
                        mostMs(timeoutMs),
                        () -> ended(id, look, false, new Observation.Failed(FailureKind.LOCAL, NO_ANSWER)));
        looks.put(look, new Open(id, timeoutMs, timer));
        send(new ControlMessage.ProbeServer(id, server, kind, timeoutMs));
    }

    private static long mostMs(long timeoutMs) {
        return STEPS_OF_A_LOOK * timeoutMs + MARGIN_MS;
    }

    private void send(ControlMessage message) {
        if (taskWorker != null) {
            taskWorker.send(message);
        }
    }

    private void ended(long id, Look look, boolean fresh, Observation observation) {
        Open open = looks.get(look);
        if (open == null || open.id != id) {
            return; // It took too long, or nobody wants to know any more. What it saw may not be true by now.
        }
        looks.remove(look);
        open.timer.cancel();
        if (open.again) {
            look(look.server(), look.kind(), open.timeoutMs);
            if (look.kind() == ProbeKind.FLUSH) {
                return; // Whoever asked again wants to know what is true since then.
            }
        }
        listener.probed(look.server(), look.kind(), fresh, observation);
    }

    /** Nobody wants to know of this server any more. */
    public void forget(ServerAddress server) {
        for (Look look : List.copyOf(looks.keySet())) {
            if (look.server().equals(server)) {
                looks.remove(look).timer.cancel();
            }
        }
        send(new ControlMessage.ForgetServer(server));
    }

    /**
     * Has an errand done.
     *
     * @param request its number and its deadline are given here
     * @param answer called once, unless the desk is closed before
     */
    public void ask(ControlMessage.AskServer request, Consumer<ControlMessage.ServerAnswered> answer) {
        long id = nextRequest++;
        ControlMessage.AskServer message = new ControlMessage.AskServer(
                id,
                request.server(),
                request.errand(),
                request.method(),
                request.triggerObject(),
                request.timeoutMs(),
                loop.clock().nanoTime() + TimeUnit.MILLISECONDS.toNanos(mostMs(request.timeoutMs())));
        Scheduler.Timer timer = loop.scheduler()
                .afterMs(
                        mostMs(request.timeoutMs()),
                        () -> onAnswered(ControlMessage.ServerAnswered.notDone(id, NO_ANSWER)));
        requests.put(id, new Request(message, timer, answer));
        send(message);
    }

    public void onProbed(ControlMessage.ServerProbed message) {
        ended(message.lookId(), new Look(message.server(), message.kind()), message.fresh(), message.observation());
    }

    public void onLost(ControlMessage.ServerLost message) {
        listener.connectionLost(message.server());
    }

    public void onAnswered(ControlMessage.ServerAnswered message) {
        Request request = requests.remove(message.requestId());
        if (request != null) {
            request.timer().cancel();
            request.answer().accept(message);
        }
    }

    /** Asks what has waited for it. */
    public void taskWorkerReady(Recipient worker) {
        taskWorker = worker;
        looks.forEach((look, open) ->
                send(new ControlMessage.ProbeServer(open.id, look.server(), look.kind(), open.timeoutMs)));
        requests.values().forEach(request -> send(request.message()));
    }

    public void taskWorkerGone() {
        taskWorker = null;
        // What has changed meanwhile has to be looked at before a standby is told again.
        requests.values().stream()
                .map(Request::message)
                .filter(message -> message.errand().promotes())
                .toList()
                .forEach(
                        message -> onAnswered(ControlMessage.ServerAnswered.notDone(message.requestId(), WORKER_GONE)));
    }

    /** Forgets all questions. */
    public void close() {
        looks.values().forEach(open -> open.timer.cancel());
        looks.clear();
        requests.values().forEach(request -> request.timer().cancel());
        requests.clear();
    }
}
