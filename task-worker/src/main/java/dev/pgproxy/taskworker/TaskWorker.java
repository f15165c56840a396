package dev.pgproxy.taskworker;

import dev.pgproxy.common.channel.ControlChannel;
import dev.pgproxy.common.child.ChildProcess;
import dev.pgproxy.common.child.ChildRole;
import dev.pgproxy.common.child.CounterReport;
import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.AlertMessages;
import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.ipc.SettingsMessages;
import dev.pgproxy.common.ipc.TaskSettings;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import dev.pgproxy.taskworker.alert.Notifier;
import dev.pgproxy.taskworker.cancel.CancelSender;
import dev.pgproxy.taskworker.probe.Lateness;
import dev.pgproxy.taskworker.probe.Prober;
import dev.pgproxy.taskworker.promotion.ErrandLane;
import dev.pgproxy.taskworker.secret.AbandonedQuery;
import dev.pgproxy.taskworker.secret.RoleLookup;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The entry point of the task-worker: takes tasks from the master, runs each on a thread, and reports the result. */
final class TaskWorker
        implements ChildRole,
                ControlMessage.TaskWorkerDesks,
                SettingsMessages.AtTaskWorker,
                CancelMessages.AtTaskWorker,
                RoleMessages.AtTaskWorker,
                ProbeMessages.AtTaskWorker,
                AlertMessages.AtTaskWorker {

    /** Concurrent tasks; a task mostly waits for the network. */
    private static final int THREADS = 32;

    /** Tasks that wait for a thread; further ones are refused at once, which is better for their clients than a long silence. */
    private static final int WAITING_TASKS = 1024;

    private final EventLoop loop;
    private final ControlChannel channel;
    private final ThreadPoolExecutor executor;
    private final EventThrottle withheld = new EventThrottle();
    private final AtomicLong containedFaults = new AtomicLong();
    private final Map<Endpoint, Prober> probers = new HashMap<>();
    private final Lateness lateness = Lateness.start();
    private final ErrandLane errands = new ErrandLane();
    private final Counters counters = new Counters();
    private final CounterReport counterReport;
    private final Counter cancelsSent = counters.counter("cancels_sent", "cancels that a server has received");
    private final Counter cancelsFailed = counters.counter("cancels_failed", "cancels that did not reach their server");
    private final Counter cancelsWithheld = counters.counter(
            "cancels_withheld", "queries of clients that had gone, and that were left to end by themselves");
    private final Counter probes = counters.counter("probes", "probes of servers, good and bad");
    private final Counter rolesLookedUp =
            counters.counter("roles_looked_up", "questions to a server about a role, answered or not");
    private final Counter errandsRun =
            counters.counter("errands_run", "examinations, fences and promotions, done or failed");
    private final Counter alertsFinished =
            counters.counter("alerts_finished", "alerts that every channel has sent or given up");
    private @Nullable TaskSettings settings;
    private @Nullable RoleLookup roles;
    private @Nullable Notifier notifier;

    TaskWorker(ChildProcess process) {
        this.loop = process.loop();
        this.channel = process.channel();
        this.counterReport = new CounterReport(counters, channel::send);
        this.executor = new ThreadPoolExecutor(
                THREADS, THREADS, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING_TASKS), task -> {
                    Thread thread = new Thread(task, "task");
                    thread.setDaemon(true);
                    return thread;
                });
        this.executor.allowCoreThreadTimeOut(true);
    }

    @Override
    public void onMessage(ControlMessage message) {
        ((ControlMessage.ToTaskWorker) message).dispatchTo(this);
    }

    @Override
    public void shutDown(long graceMs) {
        loop.stop();
    }

    @Override
    public TaskWorker settings() {
        return this;
    }

    @Override
    public TaskWorker cancels() {
        return this;
    }

    @Override
    public TaskWorker roles() {
        return this;
    }

    @Override
    public TaskWorker probes() {
        return this;
    }

    @Override
    public TaskWorker alerts() {
        return this;
    }

    @Override
    public CounterReport snapshots() {
        return counterReport;
    }

    @Override
    public void onPerformCancel(CancelMessages.PerformCancel message) {
        // Counted from here: a cancel that waited too long for a thread must not be sent, since its backend may serve
        // another session by then.
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(message.timeoutMs());
        if (message.abandonedAt().isEmpty()) {
            perform(message, deadlineNs);
            return;
        }
        if (roles == null) {
            throw new IllegalStateException("a cancel before the settings");
        }
        boolean asked = roles.findAbandoned(
                message.abandonedAt().get(),
                message.pid(),
                message.timeoutMs() / 2,
                query -> post(() -> performIfFit(message, deadlineNs, query)));
        if (!asked) {
            leaveAlone(message, AbandonedQuery.UNKNOWN);
        }
    }

    private void performIfFit(CancelMessages.PerformCancel message, long deadlineNs, AbandonedQuery query) {
        if (query == AbandonedQuery.CANCELLABLE) {
            perform(message, deadlineNs);
        } else {
            leaveAlone(message, query);
        }
    }

    /** The backend of the query will not serve another client, and its session ends when the server has finished the query. */
    private void leaveAlone(CancelMessages.PerformCancel message, AbandonedQuery query) {
        Event.of("cancel_withheld")
                .limitedBy(withheld, System.nanoTime())
                .with("server", message.server())
                .with("pid", message.pid())
                .message("a query whose client is gone was not cancelled: " + query.reason())
                .hint("It ends as it would have without the proxy; pg_stat_activity shows it.")
                .info();
        cancelsWithheld.increment();
        channel.send(new CancelMessages.CancelDone(message.cancelId(), true));
    }

    private void perform(CancelMessages.PerformCancel message, long deadlineNs) {
        try {
            executor.execute(() -> {
                boolean delivered = cancelContained(message, deadlineNs);
                report(
                        new CancelMessages.CancelDone(message.cancelId(), delivered),
                        delivered ? cancelsSent : cancelsFailed);
            });
        } catch (RejectedExecutionException e) {
            Event.of("cancel_refused")
                    .with("server", message.server())
                    .message(WAITING_TASKS + " cancels wait already")
                    .warn();
            cancelsFailed.increment();
            channel.send(new CancelMessages.CancelDone(message.cancelId(), false));
        }
    }

    @Override
    public void onProbeServer(ProbeMessages.ProbeServer message) {
        boolean asked = probers.computeIfAbsent(message.server(), this::prober)
                .probe(message.probeId(), message.kind(), message.timeoutMs());
        if (!asked) {
            channel.send(new ProbeMessages.ServerProbed(
                    message.probeId(),
                    message.server(),
                    message.kind(),
                    false,
                    new Observation.Failed(FailureKind.LOCAL, "too many probes of this server wait already")));
        }
    }

    private Prober prober(Endpoint server) {
        return new Prober(server, inForce().adminLogin(), lateness, new Prober.Listener() {
            @Override
            public void probed(long probeId, Endpoint of, ProbeKind kind, boolean fresh, Observation observation) {
                report(new ProbeMessages.ServerProbed(probeId, of, kind, fresh, observation), probes);
            }

            @Override
            public void connectionLost(Endpoint of) {
                report(new ProbeMessages.ServerLost(of));
            }

            @Override
            public void moved(Endpoint of, List<String> addresses) {
                report(new ProbeMessages.ServerMoved(of, addresses));
            }
        });
    }

    @Override
    public void onForgetServer(ProbeMessages.ForgetServer message) {
        Prober prober = probers.remove(message.server());
        if (prober != null) {
            prober.close();
        }
    }

    @Override
    public void onRunErrand(ProbeMessages.RunErrand message) {
        errands.ask(inForce().adminLogin(), message, result -> report(result, errandsRun));
    }

    private TaskSettings inForce() {
        if (settings == null) {
            throw new IllegalStateException("a task before the settings");
        }
        return settings;
    }

    @Override
    public void onConfigureTasks(SettingsMessages.ConfigureTasks message) {
        settings = message.settings();
        if (roles != null) {
            roles.close();
        }
        roles = new RoleLookup(message.settings());
        if (notifier != null) {
            notifier.close();
        }
        notifier = new Notifier(message.settings().alerts());
    }

    @Override
    public void onSendAlert(AlertMessages.SendAlert message) {
        Notifier current = notifier;
        if (current == null) {
            throw new IllegalStateException("an alert before the settings");
        }
        current.send(message.alert(), () -> report(new AlertMessages.AlertSent(message.alertId()), alertsFinished));
    }

    @Override
    public void onLookUpRole(RoleMessages.LookUpRole message) {
        if (roles == null) {
            throw new IllegalStateException("a question about a role before the settings");
        }
        boolean asked = roles.find(
                message.server(),
                message.user(),
                message.database(),
                message.timeoutMs(),
                facts -> report(new RoleMessages.RoleLookedUp(message.lookupId(), facts), rolesLookedUp));
        if (!asked) {
            channel.send(new RoleMessages.RoleLookedUp(message.lookupId(), RoleFacts.UNAVAILABLE));
        }
    }

    /** The end of a cancel must be reported, whatever happens here. */
    private boolean cancelContained(CancelMessages.PerformCancel message, long deadlineNs) {
        try {
            return cancel(message, deadlineNs);
        } catch (RuntimeException e) {
            containedFaults.incrementAndGet();
            Event.of("cancel_broken")
                    .with("server", message.server())
                    .message("a cancel failed because of a fault in pgproxy; its backend is not reused")
                    .error(e);
            return false;
        }
    }

    @Override
    public long containedFaults() {
        return containedFaults.get();
    }

    private static boolean cancel(CancelMessages.PerformCancel message, long deadlineNs) {
        try {
            CancelSender.send(message.server(), message.pid(), message.key(), deadlineNs);
            Event.of("cancel_sent")
                    .with("server", message.server())
                    .with("pid", message.pid())
                    .debug();
            return true;
        } catch (IOException e) {
            Event.of("cancel_failed")
                    .with("server", message.server())
                    .with("pid", message.pid())
                    .message(String.valueOf(e.getMessage()))
                    .warn();
            return false;
        }
    }

    private void report(ControlMessage result) {
        post(() -> channel.send(result));
    }

    /** Reports the result of a task, and counts it. */
    private void report(ControlMessage result, Counter counted) {
        post(() -> {
            counted.increment();
            channel.send(result);
        });
    }

    private void post(Runnable task) {
        try {
            loop.post(task);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void masterLost(String reason) {
        loop.stop();
    }

    @Override
    public void terminate() {
        loop.stop();
    }
}
