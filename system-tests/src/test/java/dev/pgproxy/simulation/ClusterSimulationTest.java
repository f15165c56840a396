package dev.pgproxy.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ConfigLoader;
import java.nio.file.Files;
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

    private Path configFile(long seed) throws Exception {
        Random random = new Random(seed);
        Path file = directory.resolve("conf.properties");
        Files.writeString(
                file,
                String.join(
                        "\n",
                        "master = one:5432",
                        "promote = two:5432",
                        "slaver_list =",
                        "conninfo.user = postgres",
                        "proxy_worker_num = " + (1 + random.nextInt(4)),
                        "max_client_conn = " + (random.nextBoolean() ? 8 : 200),
                        "max_server_conn = " + (random.nextInt(3) == 0 ? 0 : 3 + random.nextInt(4)),
                        "limit.user.open0 = 2",
                        "auth_cache_ttl = " + (random.nextBoolean() ? 0 : 10),
                        "client_login_timeout = 10",
                        "query_wait_timeout = 5",
                        "server_connect_timeout = 2",
                        "server_reset_timeout = 2",
                        "cancel_wait_timeout = 2",
                        "conninfo.query_interval = 1",
                        "conninfo.conn_retry_interval = 1",
                        "conninfo.conn_retry_num = 2",
                        "failover.probe_timeout = 1",
                        "failover.switchover_timeout = 3",
                        "shutdown_timeout = 4",
                        "pool_ignore_parameters = application_name",
                        "pg_proxy_pw = secret",
                        "log.level = error",
                        ""));
        return file;
    }

    /** Else what a seed has found could not be found again. */
    @Test
    void aSeedIsReplayedStepByStep() throws Exception {
        for (long seed = 0; seed < REPLAYED_SEEDS; seed++) {
            assertEquals(fingerprint(seed), fingerprint(seed), "seed " + seed + " went two ways");
        }
    }

    private long fingerprint(long seed) throws Exception {
        Path file = configFile(seed);
        ClusterSimulation simulation = new ClusterSimulation(seed, ConfigLoader.load(file), file);
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
            Path file = configFile(seed);
            ClusterSimulation simulation = new ClusterSimulation(seed, ConfigLoader.load(file), file);
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
