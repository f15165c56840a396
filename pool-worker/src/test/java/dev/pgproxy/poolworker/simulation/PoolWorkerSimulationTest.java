package dev.pgproxy.poolworker.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The invariants of a pool-worker under many schedules: open connections are owned connections, one client to a backend, no
 * reuse of what is not as good as new, every client answered or closed. {@code -Dsimulation.seed=N} replays one schedule.
 */
class PoolWorkerSimulationTest {

    private static final int SEEDS = 1000;
    private static final AtomicLong moved = new AtomicLong();

    static LongStream seeds() {
        Long replay = Long.getLong("simulation.seed");
        return replay == null ? LongStream.range(0, SEEDS) : LongStream.of(replay);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void invariantsHoldAfterEveryStep(long seed) {
        PoolWorkerSimulation simulation = new PoolWorkerSimulation(seed);
        simulation.run();
        moved.addAndGet(simulation.moved());
    }

    /** Else the schedules would not say anything about it. */
    @AfterAll
    static void sessionsWentOnElsewhere() {
        assertTrue(Long.getLong("simulation.seed") != null || moved.get() > SEEDS / 10, moved + " sessions moved");
    }
}
