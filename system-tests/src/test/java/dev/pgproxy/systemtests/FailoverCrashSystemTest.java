package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.postgres.PostgresServer;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A process of pgproxy dies in the middle of a failover, at each of its steps: there is one promotion, and no way back.
 *
 * <p>A seed decides which processes die at which steps: {@code -Dfailover.seed=N} replays one, {@code -Dfailover.runs=N} runs more.
 */
@Tag(Fixture.LONG)
class FailoverCrashSystemTest {

    private static final int RUNS = Integer.getInteger("failover.runs", 4);
    private static final long SEED = Long.getLong("failover.seed", System.nanoTime());

    /** How far a failover has come, as can be seen from outside. */
    enum Step {
        FIRST_FAILURE("event=primary_failing"),
        DOWN("event=primary_down"),
        DECIDED("event=promoting"),
        INTENT_SAVED("phase=intent"),
        SERVER_LEFT("event=server_left"),
        DONE_SAVED("phase=done"),
        PROMOTED("event=promoted");

        private final String sign;

        Step(String sign) {
            this.sign = sign;
        }

        /** Whether this step or a later one was seen: some do not last. */
        boolean isReached(ProxyProcess proxy) {
            String seen = proxy.log() + state(proxy);
            return EnumSet.range(this, PROMOTED).stream().anyMatch(step -> seen.contains(step.sign));
        }
    }

    /** The process that dies. */
    enum Victim {
        MASTER,
        POOL_WORKER,
        TASK_WORKER;

        void kill(ProxyProcess proxy) {
            switch (this) {
                case MASTER -> proxy.master().destroyForcibly().onExit().join();
                case POOL_WORKER -> proxy.children("pgproxy-pool").get(0).destroyForcibly();
                case TASK_WORKER -> proxy.children("pgproxy-task").get(0).destroyForcibly();
            }
        }
    }

    private static String state(ProxyProcess proxy) {
        Path file = proxy.directory().resolve("state");
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            return ""; // It was replaced just now.
        }
    }

    @Test
    void oneServerIsPromotedWhoeverDiesWhen() throws Exception {
        // The master dies at each step, in a random order that decides which steps a short run leaves out; the others
        // die now and then.
        Random random = new Random(SEED);
        List<Step> steps = new ArrayList<>(EnumSet.allOf(Step.class));
        java.util.Collections.shuffle(steps, random);
        for (int run = 0; run < RUNS; run++) {
            Step step = steps.get(run % steps.size());
            Victim victim = run % 2 == 0 ? Victim.MASTER : Victim.values()[random.nextInt(Victim.values().length)];
            String what = victim + " dies at " + step + "; replay with -Dfailover.seed=" + SEED + "L run " + run;
            System.out.println("failover: " + what);
            try {
                dies(victim, step);
            } catch (AssertionError e) {
                throw new AssertionError(what, e);
            }
        }
    }

    private static void dies(Victim victim, Step step) throws Exception {
        try (PostgresCluster cluster = FailoverSystemTest.synchronous(FailoverSystemTest.options(18));
                ProxyProcess proxy = FailoverSystemTest.proxy(cluster)) {
            PostgresServer promoted = cluster.standbys().get(0);
            try (Writers writers = Writers.start(cluster.primary(), proxy.port(), 4, 5)) {
                writers.awaitCommit();
                Await.until("the state file", Fixture.SOON, () -> !state(proxy).isEmpty());
                cluster.primary().kill();
                Await.until(step.toString(), Fixture.SOON, () -> step.isReached(proxy));
                victim.kill(proxy);
                if (victim == Victim.MASTER) {
                    proxy.startAgain();
                }
                Await.until(
                        "the failover to end", Fixture.SOON, () -> state(proxy).contains("phase=done"));
                writers.awaitCommit();
                writers.stop();
                assertEquals(Set.of(), writers.lost(promoted));
            }
            assertEquals("f", promoted.sql("select pg_is_in_recovery()"));
            assertEquals(
                    "00000002",
                    promoted.sql("select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"),
                    "one promotion, one new timeline");
            assertTrue(state(proxy).contains("new_primary=" + promoted.address()), state(proxy));
            assertEquals("t", cluster.standbys().get(1).sql("select pg_is_in_recovery()"));
        }
    }
}
