package dev.pgproxy.poolworker.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The invariants of a pool-worker under many schedules: every open connection has an owner, a backend has one client, no backend
 * is reused that is not as good as new, every client is answered or closed. {@code -Dsimulation.seed=N} replays one schedule.
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

    /** Otherwise the schedules would not test this at all. */
    @AfterAll
    static void sessionsWentOnElsewhere() {
        assertTrue(Long.getLong("simulation.seed") != null || moved.get() > SEEDS / 10, moved + " sessions moved");
    }
}
