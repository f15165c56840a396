package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs the policy against servers that die, come back and are slow, a disk that fails, results that arrive late and in any order, and a
 * master that dies between any two steps. {@code -Dsimulation.seed=N} replays one run.
 */
class FailoverSimulationTest {

    private static final Endpoint X = new Endpoint.Tcp("x", 1);
    private static final Endpoint Y = new Endpoint.Tcp("y", 1);
    private static final Endpoint Z = new Endpoint.Tcp("z", 1);
    private static final long ID = 4711;
    private static final Topology NOWHERE = new Topology(List.of(), "", List.of(), List.of(), true, true, List.of());
    private static final int STEPS = 600;
    private static final ProxyConfig.Servers SERVERS = new ProxyConfig.Servers(X, Optional.of(Y), List.of(Z));
    private static final ProxyConfig.Failover RULES = new ProxyConfig.Failover(
            ProxyConfig.PromoteMethod.AUTO,
            Duration.ofMillis(20),
            3,
            Duration.ofMillis(2),
            Duration.ofMillis(20),
            Duration.ofMillis(5),
            9999,
            Duration.ofMillis(40),
            true,
            0,
            true,
            false);
    private static final ProxyConfig.StandbyLimits LIMITS = new ProxyConfig.StandbyLimits(2, 0, Duration.ZERO);

    static LongStream seeds() {
        Long one = Long.getLong("simulation.seed");
        return one == null ? LongStream.range(0, 1_000) : LongStream.of(one);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void thereIsOnePromotionAndNoWayBack(long seed) throws StartDecision.ContradictionException {
        new World(seed).run();
    }

    /** An operation under way. */
    private record Task(long dueStep, Runnable work) {}

    private static final class World {
        private final long seed;
        private final Random random;
        private final List<Task> tasks = new ArrayList<>();
        private final ArrayDeque<Action.Save> saves = new ArrayDeque<>();
        private long step;
        private boolean calm;

        private boolean primaryAlive = true;
        private int standbyHearsForSteps;
        private boolean standbyAlive = true;
        private boolean promoted;
        private long promotedAtStep = -1;
        private boolean promotedByOthers;
        private Optional<FailoverState> disk = Optional.empty();
        private FailoverPolicy policy;

        private World(long seed) throws StartDecision.ContradictionException {
            this.seed = seed;
            this.random = new Random(seed);
            this.policy = restart();
        }

        private FailoverPolicy restart() throws StartDecision.ContradictionException {
            tasks.clear();
            saves.clear();
            FailoverState state = StartDecision.of(SERVERS, disk);
            policy = new FailoverPolicy(
                    StartDecision.servers(SERVERS, state), state, RULES, LIMITS, () -> Instant.EPOCH, server -> false);
            perform(policy.start());
            return policy;
        }

        private long nowNs() {
            return Duration.ofMillis(step).toNanos();
        }

        private void run() throws StartDecision.ContradictionException {
            long deathStep = random.nextInt(200);
            boolean comesBack = random.nextInt(3) == 0;
            long backStep = deathStep + random.nextInt(120);
            boolean switchesOver = random.nextInt(4) == 0;
            long switchStep = random.nextInt(200);
            for (step = 0; step < STEPS; step++) {
                calm = step > STEPS / 2;
                if (step == deathStep) {
                    primaryAlive = false;
                    standbyHearsForSteps = random.nextInt(60);
                }
                if (comesBack && step == backStep) {
                    primaryAlive = true;
                }
                if (standbyHearsForSteps > 0) {
                    standbyHearsForSteps--;
                }
                if (calm) {
                    standbyAlive = true;
                } else {
                    disturb(switchesOver && step == switchStep);
                }
                if (!tasks.isEmpty()) {
                    runSomething();
                }
                check();
            }
            boolean isDeadForGood = deathStep < STEPS && !primaryAlive;
            boolean wasSeen = disk.isPresent() && disk.get().systemId() == ID;
            if (isDeadForGood && wasSeen) {
                require(policy.servers().primary().equals(Y), "clients were left without a primary");
                require(!policy.holdsPrimary(), "clients wait although there is a primary");
            }
        }

        private void disturb(boolean switchOver) throws StartDecision.ContradictionException {
            switch (random.nextInt(100)) {
                case 0, 1 -> restart();
                case 2 -> standbyAlive = !standbyAlive;
                case 3 -> perform(policy.connectionLost(random.nextBoolean() ? X : Y));
                case 4 -> perform(policy.suspected(random.nextBoolean() ? X : Y));
                case 5 -> perform(policy.callOff("too late"));
                case 6 -> {
                    if (!primaryAlive && random.nextInt(10) == 0) {
                        promotedByOthers |= !promoted;
                        promote();
                    }
                }
                default -> {}
            }
            if (switchOver && policy.objectionToSwitchover(Y) == null) {
                perform(policy.switchover(Y));
            }
        }

        private void promote() {
            if (!promoted) {
                promoted = true;
                promotedAtStep = step;
            }
        }

        private void runSomething() {
            for (int i = random.nextInt(3); i >= 0 && !tasks.isEmpty(); i--) {
                Task task = tasks.get(random.nextInt(tasks.size()));
                if (task.dueStep() <= step) {
                    tasks.remove(task);
                    task.work().run();
                }
            }
        }

        private void later(long afterMs, Runnable work) {
            tasks.add(new Task(step + afterMs + random.nextInt(3), work));
        }

        private void perform(List<Action> actions) {
            for (Action action : actions) {
                if (action instanceof Action.Probe look) {
                    later(look.afterMs(), () -> look(look.server(), look.fresh()));
                } else if (action instanceof Action.Save save) {
                    saves.add(save); // By one thread, in order.
                    later(0, () -> save(saves.remove()));
                } else if (action instanceof Action.SaveLater again) {
                    later(again.afterMs(), () -> perform(policy.saveAgain()));
                } else if (action instanceof Action.Promote promote) {
                    later(promote.afterMs(), () -> tellIfDue(promote.server()));
                } else if (action instanceof Action.Quiesce) {
                    later(random.nextInt(10), () -> perform(policy.quiesced()));
                } else if (action instanceof Action.Flush) {
                    Observation found = observe(X);
                    later(0, () -> perform(policy.flushed(found)));
                }
            }
        }

        private void look(Endpoint server, boolean fresh) {
            Observation found = observe(server);
            FailoverPolicy asked = policy;
            later(0, () -> {
                if (policy == asked) {
                    perform(policy.probed(server, found, fresh, nowNs()));
                }
            });
        }

        private Observation observe(Endpoint server) {
            boolean alive = server.equals(X) ? primaryAlive : server.equals(Z) || standbyAlive;
            if (!alive) {
                return new Observation.Failed(FailureKind.REFUSED, "refused");
            }
            if (server.equals(X)) {
                return new Observation.Answered(
                        new ServerFacts(false, ID, 1, 500, 500, 0, ServerFacts.WalReceiver.DOWN, NOWHERE));
            }
            boolean inRecovery = !server.equals(Y) || !promoted;
            boolean hears = server.equals(Y) && !promoted && (primaryAlive || standbyHearsForSteps > 0);
            return new Observation.Answered(new ServerFacts(
                    inRecovery,
                    ID,
                    promoted ? 2 : 1,
                    500,
                    500,
                    0,
                    new ServerFacts.WalReceiver(hears || server.equals(Z), 0, 0),
                    NOWHERE));
        }

        private void save(Action.Save save) {
            FailoverState state = save.state();
            int fate = calm ? 9 : random.nextInt(10);
            if (fate > 0) {
                disk = Optional.of(state); // In one case of ten it is written but reported as failed.
            }
            if (fate > 1) {
                later(0, () -> perform(policy.saved(save.number(), state, nowNs())));
            } else {
                later(0, () -> perform(policy.notSaved(save.number(), state, "disk", nowNs())));
            }
        }

        private void tellIfDue(Endpoint server) {
            switch (policy.promotionOf(server)) {
                case NOW -> tell(server);
                case NOT_YET -> later(1, () -> tellIfDue(server));
                case DROPPED -> {}
            }
        }

        private void tell(Endpoint server) {
            require(server.equals(Y), "somebody else is promoted");
            boolean intended = disk.flatMap(FailoverState::decision)
                    .filter(decision -> decision.newPrimary().equals(Y))
                    .isPresent();
            require(intended, "the standby is told and the disk does not know");
            if (!standbyAlive) {
                later(0, () -> perform(policy.promoteFailed(server, "refused")));
                return;
            }
            if (calm || random.nextInt(5) > 0) {
                later(random.nextInt(10), this::promote);
            }
            later(0, () -> perform(policy.promoteSent(server, nowNs())));
        }

        private void check() {
            boolean serves = !policy.holdsPrimary();
            boolean onOld = policy.servers().primary().equals(X);
            require(
                    !(promoted && !promotedByOthers && serves && onOld),
                    "clients are sent to the old primary although the standby was promoted at step " + promotedAtStep);
            require(onOld || promoted, "clients are sent to a standby that was never promoted");
        }

        private void require(boolean holds, String violation) {
            if (!holds) {
                throw new AssertionError("seed=" + seed + " step=" + step + ": " + violation
                        + "; replay: mvn -pl master -am test -Dtest=FailoverSimulationTest"
                        + " -Dsurefire.failIfNoSpecifiedTests=false -Dsimulation.seed=" + seed);
            }
        }
    }
}
