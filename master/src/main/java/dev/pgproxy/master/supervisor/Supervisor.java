package dev.pgproxy.master.supervisor;

import dev.pgproxy.common.channel.Link;
import dev.pgproxy.common.channel.PermittedMessages;
import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.UpkeepMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Keeps every slot filled with a process that answers. {@link ChildLifecycle} decides; this class acts. */
public final class Supervisor implements UpkeepMessages.AtMaster<Child> {

    /** A JVM starts in well under a second; one that takes this long hangs. */
    public static final long HELLO_TIMEOUT_MS = 30_000;

    private static final long LONGEST_PING_PERIOD_MS = 1_000;

    /** A process that dies closes its channel a moment before it exits; one that lives on without a channel is broken. */
    private static final long EXIT_AFTER_CHANNEL_MS = 1_000;

    /** Notified of what the children do not report to the rest of the master themselves. */
    public interface Listener {
        /** The child has logged something. */
        void childLogged(Child child, UpkeepMessages.EventNoted event);

        /** All children have ended, after {@link #stop}. */
        void allStopped();
    }

    private final EventLoop loop;
    private final Processes processes;
    private ProxyConfig config;
    private final WorkerRegistry workers;
    private final Listener listener;
    private final Protocol protocol;
    private final List<Child> children = new ArrayList<>();
    private final Child onDemand;
    private long lastPingNs;
    private boolean demanded;
    private boolean stopping;
    private long stopGraceMs;

    public Supervisor(
            EventLoop loop,
            Processes processes,
            Protocol protocol,
            ProxyConfig config,
            WorkerRegistry workers,
            Listener listener) {
        this.protocol = protocol;
        this.workers = workers;
        this.loop = loop;
        this.processes = processes;
        this.config = config;
        this.listener = listener;
        for (int slot = 1; slot <= config.workers(); slot++) {
            children.add(new Child(ChildKind.POOL, slot, protocol));
        }
        children.add(new Child(ChildKind.TASK, 1, protocol));
        onDemand = new Child(ChildKind.ADMIN, 1, protocol);
        children.add(onDemand);
    }

    /**
     * Opens the control socket and starts the children.
     *
     * @param desks receive the children's messages
     * @throws IOException when the configured socket cannot be opened
     */
    public void start(ControlMessage.MasterDesks<Child> desks) throws IOException {
        processes.listen(config, arrival -> accepted(arrival, desks));
        for (Child child : children) {
            if (child != onDemand) {
                handle(child, ChildLifecycle.Event.START_DUE);
            }
        }
        lastPingNs = loop.clock().nanoTime();
        planPing();
    }

    /** Starts the admin-worker, which most installations never need; once started, it is kept running like the others. */
    public void demandAdminWorker() {
        if (!demanded && !stopping) {
            demanded = true;
            handle(onDemand, ChildLifecycle.Event.START_DUE);
        }
    }

    /** A new configuration is in force, also for children that are started later. */
    public void configure(ProxyConfig newConfig) {
        config = newConfig;
    }

    private void planPing() {
        loop.scheduler().afterMs(pingPeriodMs(), () -> {
            pingAll();
            planPing();
        });
    }

    private long pingPeriodMs() {
        return Math.min(LONGEST_PING_PERIOD_MS, config.timeouts().workerHang().toMillis() / 4);
    }

    public List<Child> children() {
        return children;
    }

    /** Asks every child to end within {@code graceMs}, and kills those that are left after {@code killAfterMs}. */
    public void stop(long graceMs, long killAfterMs) {
        stopping = true;
        stopGraceMs = graceMs;
        children.forEach(child -> handle(child, ChildLifecycle.Event.STOP_ASKED));
        loop.scheduler().afterMs(killAfterMs, () -> children.forEach(this::kill));
        reportIfAllStopped();
    }

    private void askToStop(Child child) {
        child.send(new UpkeepMessages.Shutdown(stopGraceMs));
        if (child.channel == null && child.process != null) {
            child.process.terminate(); // It has not said hello, so there is no channel to it.
        }
    }

    /** Accepts no more children. */
    public void close() throws IOException {
        processes.close();
    }

    private void handle(Child child, ChildLifecycle.Event event) {
        ChildLifecycle.Step step =
                ChildLifecycle.next(child.state, event, loop.clock().nanoTime());
        child.state = step.state();
        if (step.loop()) {
            Event.of("child_exit_loop")
                    .with("kind", child.kind().label())
                    .with("slot", child.slot())
                    .with("exits", step.state().quickExits())
                    .message("this child dies soon after each start")
                    .hint("Its own log lines say why; check memory, the log's directory and the Java installation.")
                    .error();
        }
        switch (step.action()) {
            case NONE -> {}
            case ASK_TO_STOP -> askToStop(child);
            case START -> start(child);
            case KILL -> kill(child);
            case PAUSE -> loop.scheduler().afterMs(step.pauseMs(), () -> handle(child, ChildLifecycle.Event.START_DUE));
        }
    }

    private void start(Child child) {
        int number = ++child.starts;
        try {
            Processes.Running process =
                    processes.start(child.kind(), child.slot(), config, () -> exited(child, number));
            child.process = process;
            handle(child, ChildLifecycle.Event.STARTED);
            loop.scheduler().afterMs(HELLO_TIMEOUT_MS, () -> {
                if (child.process == process && child.state.phase() == ChildState.Phase.STARTING) {
                    unresponsive(child, "it did not say hello within " + HELLO_TIMEOUT_MS + " ms");
                }
            });
        } catch (IOException e) {
            child.starts--;
            Event.of("child_start_failed")
                    .with("kind", child.kind().label())
                    .with("slot", child.slot())
                    .message(String.valueOf(e.getMessage()))
                    .hint("Check the limits of processes, memory and open files.")
                    .error();
            handle(child, ChildLifecycle.Event.START_FAILED);
        }
    }

    private void accepted(Processes.Arrival arrival, ControlMessage.MasterDesks<Child> desks) {
        Greeting greeting = new Greeting(desks);
        greeting.channel = arrival.open(greeting);
    }

    /** A connection whose process has yet to identify itself. */
    private final class Greeting implements Link.Listener {
        private final ControlMessage.MasterDesks<Child> desks;
        private @Nullable Link channel;
        private @Nullable Child child;

        private Greeting(ControlMessage.MasterDesks<Child> desks) {
            this.desks = desks;
        }

        @Override
        public void onMessage(ControlMessage message) {
            if (child != null) {
                ((ControlMessage.ToMaster) message).dispatchTo(desks, child);
            } else if (channel != null) {
                greet(channel, (UpkeepMessages.Hello) message);
            }
        }

        private void greet(Link from, UpkeepMessages.Hello hello) {
            @Nullable Child claimed = find(hello);
            // The kernel knows which process connected; Hello is believed only when it agrees.
            if (claimed == null || !from.isOf(claimed.pid())) {
                Event.of("control_channel_refused")
                        .with("claimed_pid", hello.pid())
                        .message("a process that is not a child of this master said hello")
                        .warn();
                from.close();
                return;
            }
            int version = protocol.commonVersion(hello);
            if (version < 0) {
                Event.of("child_version_mismatch")
                        .with("kind", claimed.kind().label())
                        .with("pid", hello.pid())
                        .message("a child was started from other files than this master, and is ended")
                        .hint("The files of pgproxy were replaced while it runs: restart pgproxy.")
                        .error();
                from.close();
                handle(claimed, ChildLifecycle.Event.UNRESPONSIVE);
                return;
            }
            child = claimed;
            claimed.channel = from;
            claimed.heartbeat.reset();
            from.send(new UpkeepMessages.Welcome(version));
            from.agree(version, PermittedMessages.from(claimed.kind()));
            handle(claimed, ChildLifecycle.Event.HELLO);
            if (claimed.state.phase() == ChildState.Phase.READY) {
                workers.ready(claimed);
            }
        }

        private @Nullable Child find(UpkeepMessages.Hello hello) {
            return children.stream()
                    .filter(candidate -> candidate.kind() == hello.kind()
                            && candidate.slot() == hello.slot()
                            && candidate.channel == null
                            && candidate.process != null)
                    .findFirst()
                    .orElse(null);
        }

        @Override
        public void onClosed(String reason, boolean brokenHere) {
            if (child == null || child.channel != channel) {
                return;
            }
            Child lost = child;
            lost.channel = null;
            if (brokenHere) {
                kill(lost); // Its clients are routed again now, and must not be served twice.
            }
            workers.gone(lost);
            Processes.@Nullable Running process = lost.process;
            loop.scheduler().afterMs(EXIT_AFTER_CHANNEL_MS, () -> {
                if (process != null && lost.process == process && !stopping) {
                    // Without its channel it can neither be given work nor be asked to end.
                    unresponsive(lost, "its control channel ended: " + reason);
                }
            });
        }
    }

    @Override
    public void onPong(Child child, UpkeepMessages.Pong pong) {
        child.loopDelayNs = pong.loopDelayNs();
        child.containedFaults = pong.containedFaults();
        child.heartbeat.answered(pong.sequence());
    }

    @Override
    public void onEventNoted(Child child, UpkeepMessages.EventNoted message) {
        listener.childLogged(child, message);
    }

    private void pingAll() {
        long hangNs =
                TimeUnit.MILLISECONDS.toNanos(config.timeouts().workerHang().toMillis());
        long nowNs = loop.clock().nanoTime();
        long elapsedNs = nowNs - lastPingNs;
        lastPingNs = nowNs;
        for (Child child : children) {
            if (child.channel == null) {
                continue;
            }
            if (child.heartbeat.isDue()) {
                child.send(new UpkeepMessages.Ping(child.heartbeat.send()));
            } else if (child.heartbeat.passed(elapsedNs, TimeUnit.MILLISECONDS.toNanos(pingPeriodMs())) >= hangNs) {
                unresponsive(child, "it has not answered for worker_hang_timeout");
            }
        }
    }

    private void unresponsive(Child child, String why) {
        Event.of("child_unresponsive")
                .with("kind", child.kind().label())
                .with("slot", child.slot())
                .with("pid", child.process == null ? 0 : child.process.pid())
                .message(why + "; it is killed and replaced, and its clients lose their connections")
                .error();
        handle(child, ChildLifecycle.Event.UNRESPONSIVE);
    }

    private void kill(Child child) {
        if (child.process != null) {
            child.process.kill();
        }
    }

    private void exited(Child child, int number) {
        Processes.Running process = child.process;
        if (process == null || child.starts != number) {
            return;
        }
        if (child.channel != null) {
            // Its last messages are still in the socket; the channel ends by itself once they are read.
            loop.scheduler().afterMs(1, () -> exited(child, number));
            return;
        }
        child.process = null;
        handle(child, ChildLifecycle.Event.EXITED);
        Event event = Event.of("child_exit")
                .with("kind", child.kind().label())
                .with("slot", child.slot())
                .with("pid", process.pid())
                .with("status", process.exitStatus());
        if (stopping) {
            event.info();
        } else {
            event.with("restart", child.state.phase() == ChildState.Phase.WAITING)
                    .warn();
        }
        reportIfAllStopped();
    }

    private void reportIfAllStopped() {
        if (stopping && children.stream().allMatch(child -> child.process == null)) {
            listener.allStopped();
        }
    }
}
