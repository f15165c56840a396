package dev.pgproxy.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole proxy under many schedules. {@code -Dsimulation.seeds=FROM-TO} chooses them, {@code -Dsimulation.trace=true} shows what happens.
 */
class ClusterSimulationTest {

    private static final long SEEDS = 100;
    private static final long REPLAYED_SEEDS = 20;

    @TempDir
    private Path directory = Path.of("");

    private static LongStream seeds() {
        String chosen = System.getProperty("simulation.seeds");
        if (chosen != null) {
            int dash = chosen.indexOf('-', 1);
            return LongStream.rangeClosed(
                    Long.parseLong(chosen.substring(0, dash)), Long.parseLong(chosen.substring(dash + 1)));
        }
        long fresh = new Random().nextInt(1_000_000_000);
        System.out.println("cluster simulation: seeds 0 to " + (SEEDS - 1) + ", and " + fresh);
        return LongStream.concat(LongStream.range(0, SEEDS), LongStream.of(fresh));
    }

    private ClusterSimulation simulation(long seed) {
        return new ClusterSimulation(seed, directory.resolve("conf.properties"));
    }

    /** Otherwise a failure that a seed has found could not be reproduced. */
    @Test
    void aSeedIsReplayedStepByStep() throws Exception {
        for (long seed = 0; seed < REPLAYED_SEEDS; seed++) {
            assertEquals(fingerprint(seed), fingerprint(seed), "seed " + seed + " went two ways");
        }
    }

    private long fingerprint(long seed) throws Exception {
        ClusterSimulation simulation = simulation(seed);
        simulation.run();
        return simulation.fingerprint();
    }

    @Test
    void invariantsHoldAfterEveryStep() throws Exception {
        long promotions = 0;
        long switchovers = 0;
        List<AssertionError> failures = new ArrayList<>();
        long[] seeds = seeds().toArray();
        for (long seed : seeds) {
            ClusterSimulation simulation = simulation(seed);
            try {
                simulation.run();
            } catch (AssertionError e) {
                failures.add(e);
            }
            promotions += simulation.promotions();
            switchovers += simulation.switchovers();
        }
        System.out.println("cluster simulation: " + promotions + " promotions in " + seeds.length + " seeds, "
                + switchovers + " of them switchovers");
        if (!failures.isEmpty()) {
            throw new AssertionError(
                    failures.size() + " of " + seeds.length + " seeds: "
                            + failures.get(0).getMessage(),
                    failures.get(0));
        }
        assertTrue(
                System.getProperty("simulation.seeds") != null || (switchovers > 0 && promotions > switchovers),
                "no standby was ever promoted, or none because an operator wanted it: the schedules say nothing of that");
    }
}
