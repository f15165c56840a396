package dev.pgproxy.poolworker.simulation;

import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The invariants of a pool-worker under many schedules: open connections are owned connections, one client to a backend, no
 * reuse of what is not as good as new, every client answered or closed. {@code -Dsimulation.seed=N} replays one schedule.
 */
class PoolWorkerSimulationTest {

    private static final int SEEDS = 1000;

    static LongStream seeds() {
        Long replay = Long.getLong("simulation.seed");
        return replay == null ? LongStream.range(0, SEEDS) : LongStream.of(replay);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void invariantsHoldAfterEveryStep(long seed) {
        new PoolWorkerSimulation(seed).run();
    }
}
