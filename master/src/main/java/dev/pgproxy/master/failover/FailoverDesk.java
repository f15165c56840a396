package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.ipc.Errand;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import dev.pgproxy.master.probe.ProbeDesk;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Carries out what {@link FailoverPolicy} decides, on the loop's thread. It has the task-worker probe and promote servers through a {@link
 * ProbeDesk}, and saves the state on another thread, since a disk can hang.
 */
public final class FailoverDesk implements AutoCloseable, ProbeDesk.Listener, SwitchoverDesk.Failover {

    /** How often a promotion checks whether the state of the other servers, which it waits for, is known. */
    private static final long PROMOTION_CHECK_MS = 50;

    /** A probe this recent is as good as a new one for showing operators the servers. */
    private static final long FRESH_NS = 2_000_000_000L;

    /** Pause between checks whether pgproxy's own sessions have left an old primary. */
    private static final long FENCE_LOOK_MS = 20;

    /** Bound on these checks; connections still open then are ended with the other sessions. */
    private static final int MAX_FENCE_LOOKS = 250;

    /** Handles what concerns clients. */
    public interface Listener {
        /** Clients of the primary have to wait from now on, or no longer. */
        void primaryHeld(boolean held);

        /** The standbys to read from have changed. */
        void readable(List<Endpoint> standbys);

        /** Brings the sessions on this server to rest, after which {@link #quiesced} must be called, or lets them continue. */
        void holdSessions(Endpoint server, boolean held);

        /** The switchover that an operator waits for has ended; it succeeded if there is no problem. */
        void switchoverEnded(@Nullable String problem);

        /** Nothing more from this server may reach a client. */
        void cutOff(Endpoint server, Endpoint successor);

        /** The number of pgproxy's connections to this server that are not closed yet. */
        int connections(Endpoint server);

        /** The servers have new roles from now on. */
        void serversChanged(ProxyConfig.Servers servers);

        /** Sends an alert. It has been logged already. */
        void tell(Alert alert);

        /** All probes that {@link #probeIfStale} asked for have ended. */
        void probedAll();
    }

    private final EventLoop loop;
    private final InstantSource wallClock;
    private final StateSaver saver;
    private final FailoverPolicy policy;
    private final Listener listener;
    private final ProbeDesk probes;
    private final Errands errands;
    private final ProbePlan plan;
    private final Set<Endpoint> examined = new HashSet<>();
    private ProxyConfig config;
    private boolean held;
    private List<Endpoint> readable;
    private boolean closed;

    /**
     * Probes nothing before {@link #start}.
     *
     * @param config with the servers as the state assigns their roles
     * @param isPaused whether an operator has paused a server
     */
    public FailoverDesk(
            EventLoop loop,
            InstantSource wallClock,
            StateStore store,
            Background background,
            ProxyConfig config,
            FailoverState state,
            Predicate<Endpoint> isPaused,
            WorkerRegistry workers,
            Listener listener) {
        this.loop = loop;
        this.wallClock = wallClock;
        this.config = config;
        this.policy = new FailoverPolicy(
                config.servers(), state, config.failover(), config.standbyLimits(), wallClock, isPaused);
        this.saver = new StateSaver(
                loop,
                store,
                background,
                save -> perform(
                        policy.saved(save.number(), save.state(), loop.clock().nanoTime())),
                (save, problem) -> perform(policy.notSaved(
                        save.number(), save.state(), problem, loop.clock().nanoTime())));
        this.listener = listener;
        this.probes = new ProbeDesk(loop, workers, this);
        this.errands = new Errands(probes, () -> this.config.failover());
        this.plan =
                new ProbePlan(loop, probes, server -> !closed && policy.all().contains(server), probeTimeoutMs());
        this.readable = config.servers().standbys();
    }

    public void start() {
        perform(policy.start());
    }

    /** Handles the task-worker's answers about servers. */
    public ProbeDesk probes() {
        return probes;
    }

    /**
     * A new configuration is in force; its primary is the current one.
     *
     * @param namesPrimary whether the file names it too, so that its {@code promote} applies
     */
    public void configure(ProxyConfig newConfig, boolean namesPrimary) {
        boolean otherLook = !newConfig.adminLogin().equals(config.adminLogin())
                || !newConfig.failover().probeTimeout().equals(config.failover().probeTimeout());
        config = newConfig;
        examined.clear();
        if (otherLook) {
            plan.restart(probeTimeoutMs());
            if (policy.awaitsFlush()) {
                plan.flush(config.servers().primary()); // The restart has dropped it with the other probes.
            }
        }
        perform(policy.configure(newConfig.servers(), namesPrimary, newConfig.failover(), newConfig.standbyLimits()));
    }

    /** A client could not use this server. */
    public void suspected(Endpoint server) {
        perform(policy.suspected(server));
    }

    @Override
    public void switchover(Endpoint target, BooleanSupplier isWanted, Consumer<String> refused) {
        errands.ask(Errand.EXAMINE, target, answer -> {
            if (!isWanted.getAsBoolean()) {
                return;
            }
            String objection =
                    answer.problem().isEmpty() ? policy.objectionToSwitchover(target) : Errands.words(answer);
            if (objection == null) {
                perform(policy.switchover(target));
            } else {
                refused.accept(objection);
            }
        });
    }

    @Override
    public void quiesced() {
        perform(policy.quiesced());
    }

    @Override
    public String callOff(String problem) {
        List<Action> actions = policy.callOff(problem);
        perform(actions);
        return actions.isEmpty() ? policy.objectionToCallingOff() : "";
    }

    /** What is known of a server. */
    public ServerView view(Endpoint server) {
        return new ClusterView(policy, config.standbyLimits()).of(server);
    }

    /** The primary, its standbys, the server to promote, and an old primary that was not seen to follow. */
    public Set<Endpoint> servers() {
        return policy.all();
    }

    /** Probes the servers whose last probe is not recent; {@link Listener#probedAll} is called when all have ended. */
    public void probeIfStale(Collection<Endpoint> servers) {
        long nowNs = loop.clock().nanoTime();
        for (Endpoint server : servers) {
            ServerHealth known = policy.of(server);
            if (known != null && (known.last == null || nowNs - known.atNs > FRESH_NS)) {
                plan.probeForSomebody(server);
            }
        }
    }

    /** Whether a call of {@link Listener#probedAll} is outstanding. */
    public boolean isProbing() {
        return plan.isAwaited();
    }

    private void perform(List<Action> actions) {
        actions.forEach(this::perform);
        plan.retainAll(policy.all());
        boolean nowHeld = policy.holdsPrimary();
        if (nowHeld != held) {
            held = nowHeld;
            listener.primaryHeld(nowHeld);
        }
        List<Endpoint> nowReadable = policy.readable();
        if (!nowReadable.equals(readable)) {
            readable = nowReadable;
            listener.readable(nowReadable);
        }
    }

    private void perform(Action action) {
        if (action instanceof Action.Probe probe) {
            plan.probe(probe.server(), probe.fresh(), probe.afterMs());
        } else if (action instanceof Action.Save save) {
            saver.save(save);
        } else if (action instanceof Action.SaveLater later) {
            loop.scheduler().afterMs(later.afterMs(), () -> perform(policy.saveAgain()));
        } else if (action instanceof Action.Promote promote) {
            loop.scheduler().afterMs(promote.afterMs(), () -> promoteIfDue(promote.server()));
        } else if (action instanceof Action.Examine examine) {
            examine(examine.server());
        } else if (action instanceof Action.Quiesce quiesce) {
            listener.holdSessions(quiesce.primary(), true);
        } else if (action instanceof Action.Resume resume) {
            listener.holdSessions(resume.primary(), false);
        } else if (action instanceof Action.Fence fence) {
            fence(fence.primary(), 0);
        } else if (action instanceof Action.LiftFence lift) {
            errands.liftFence(lift.server());
        } else if (action instanceof Action.Flush flush) {
            plan.flush(flush.primary());
        } else if (action instanceof Action.Answer answer) {
            listener.switchoverEnded(answer.problem());
        } else if (action instanceof Action.CutOff cutOff) {
            listener.cutOff(cutOff.server(), cutOff.successor());
        } else if (action instanceof Action.Change change) {
            listener.serversChanged(change.servers());
            config = config.withServers(change.servers());
        } else if (action instanceof Action.Log log) {
            Event.of(log.name())
                    .with("server", log.server())
                    .message(log.message())
                    .warn();
        } else if (action instanceof Action.Tell tell) {
            tell(tell);
        }
    }

    /** pgproxy's sessions continue elsewhere, so they must have left before the remaining sessions are ended. */
    private void fence(Endpoint primary, int looks) {
        if (looks < MAX_FENCE_LOOKS && listener.connections(primary) > 0) {
            loop.scheduler().afterMs(FENCE_LOOK_MS, () -> fence(primary, looks + 1));
            return;
        }
        errands.ask(
                Errand.FENCE,
                primary,
                answer -> perform(policy.fenced(new FenceResult(answer.count(), answer.problem(), answer.remedy()))));
    }

    private void tell(Action.Tell tell) {
        Event event =
                Event.of(tell.kind().label()).with("server", tell.server()).message(tell.message());
        if (!tell.hint().isEmpty()) {
            event.hint(tell.hint());
        }
        if (tell.kind().isAlarm()) {
            event.error();
        } else {
            event.warn();
        }
        String at = wallClock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        listener.tell(new Alert(tell.kind(), tell.server(), tell.message(), tell.hint(), at));
    }

    private long probeTimeoutMs() {
        return config.failover().probeTimeout().toMillis();
    }

    @Override
    public void probed(Endpoint server, ProbeKind kind, boolean fresh, Observation observation) {
        if (kind == ProbeKind.FLUSH) {
            perform(policy.flushed(observation));
        } else {
            probed(server, observation, fresh);
        }
    }

    @Override
    public void connectionLost(Endpoint server) {
        if (plan.isWatched(server)) {
            perform(policy.connectionLost(server));
        }
    }

    private void probed(Endpoint server, Observation observation, boolean fresh) {
        perform(policy.probed(server, observation, fresh, loop.clock().nanoTime()));
        if (plan.probed(server)) {
            listener.probedAll();
        }
        boolean isCandidate = config.servers().promote().filter(server::equals).isPresent();
        if (isCandidate && observation instanceof Observation.Answered && examined.add(server)) {
            examine(server);
        }
    }

    /** An operator should learn now, not during an outage, that a standby could not be promoted. */
    private void examine(Endpoint standby) {
        errands.ask(Errand.EXAMINE, standby, answer -> {
            if (answer.reached()) {
                examined(standby, answer);
            } else {
                examined.remove(standby); // Examine it again after its next probe.
            }
        });
    }

    private void examined(Endpoint standby, ProbeMessages.ErrandDone answer) {
        String problem = answer.problem().isEmpty() ? null : Errands.words(answer);
        ServerHealth known = policy.of(standby);
        if (problem != null && known != null && !problem.equals(known.noWay)) {
            Event.of("promotion_impossible")
                    .with("server", standby)
                    .message("this standby could not be promoted if the primary died: promote_method = "
                            + config.failover().method().name().toLowerCase(java.util.Locale.ROOT)
                            + ", but "
                            + answer.problem())
                    .hint(answer.remedy() + " RELOAD in pg_proxy checks again.")
                    .error();
        }
        perform(policy.examined(standby, problem));
    }

    private void promoteIfDue(Endpoint standby) {
        switch (policy.promotionOf(standby)) {
            case NOW -> promote(standby);
            case NOT_YET -> loop.scheduler().afterMs(PROMOTION_CHECK_MS, () -> promoteIfDue(standby));
            case DROPPED -> {}
        }
    }

    private void promote(Endpoint standby) {
        errands.ask(
                config.failover().fencesOldPrimary() ? Errand.LIFT_FENCE_AND_PROMOTE : Errand.PROMOTE,
                standby,
                answer -> perform(
                        answer.problem().isEmpty()
                                ? policy.promoteSent(standby, loop.clock().nanoTime())
                                : policy.promoteFailed(standby, Errands.words(answer))));
    }

    /** Stops all probes and decisions. */
    @Override
    public void close() {
        closed = true;
        plan.retainAll(Set.of());
        probes.close();
        saver.close();
    }
}
