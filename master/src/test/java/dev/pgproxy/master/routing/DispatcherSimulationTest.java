package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.testkit.config.TestConfig;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A {@link Dispatcher} among workers that answer late and die, and clients that prove who they are, or do not. */
class DispatcherSimulationTest {

    private static final int SEEDS = 20;
    private static final int SERVER_LIMIT = 10;
    private static final int NO_LIMIT = 0;

    private static ProxyConfig config(int clients, int ofServer) {
        return TestConfig.of(
                "master = db:5432",
                "slaver_list =",
                "conninfo.user = postgres",
                "max_server_conn = " + ofServer,
                "max_client_conn = " + clients,
                "limit.user.small = 2");
    }

    private interface Course {
        void run(DispatcherWorld world) throws IOException;
    }

    /** @param course of events; after it, the world runs until no client is left */
    private void forEachSeed(int clients, Course course) throws Exception {
        forEachSeed(clients, SERVER_LIMIT, course);
    }

    private void forEachSeed(int clients, int ofServer, Course course) throws Exception {
        ProxyConfig config = config(clients, ofServer);
        Integer one = Integer.getInteger("simulation.seed");
        for (int seed = one == null ? 0 : one; seed < (one == null ? SEEDS : one + 1); seed++) {
            try (DispatcherWorld world = new DispatcherWorld(seed, config)) {
                try {
                    course.run(world);
                    world.finish();
                } catch (AssertionError | RuntimeException e) {
                    throw new AssertionError(
                            "step " + world.steps()
                                    + "; replay with: mvn test -pl master -am -Dtest=DispatcherSimulationTest"
                                    + " -Dsurefire.failIfNoSpecifiedTests=false -Dsimulation.seed=" + seed,
                            e);
                }
            }
        }
    }

    /** All clients are known; at most {@code atOnce} are present at a time. */
    private static void arriveSteadily(DispatcherWorld world, List<String> users, int logins, int atOnce)
            throws IOException {
        for (int arrived = 0; arrived < logins; ) {
            if (world.present() < atOnce) {
                world.arrive(users.get(arrived % users.size()), DispatcherWorld.Nature.KNOWN);
                arrived++;
            }
            world.step();
        }
    }

    @Test
    void aSessionWithoutAServerIsKeptOnlyWhereThereIsMemoryForIt() throws Exception {
        try (DispatcherWorld world = new DispatcherWorld(1, config(10, NO_LIMIT))) {
            world.startWorkers(1);
            assertEquals("", world.park(false));
        }
        try (DispatcherWorld world = new DispatcherWorld(1, config(10, NO_LIMIT))) {
            world.startWorkers(1);
            assertTrue(world.park(true).contains("C57P01"));
        }
    }

    @Test
    void everybodyIsServedWithinTheLimits() throws Exception {
        forEachSeed(1_000, world -> {
            world.startWorkers(3);
            arriveSteadily(world, List.of("app", "web", "small"), 300, 40);
            world.finish();
            assertEquals(300, world.served());
            assertEquals(0, world.knownRefused());
        });
    }

    @Test
    void whoWasAskedInOneWorkerLeavesToOthersWhatIsIdleInAnother() throws Exception {
        int[] opened = new int[1];
        forEachSeed(1_000, world -> {
            world.startWorkers(2);
            arriveSteadily(world, List.of("app"), 200, 32);
            world.finish();
            assertEquals(200, world.served());
            opened[0] += world.backendsOpened();
        });
        assertTrue(opened[0] <= SEEDS * 200 / 10, opened[0] + " connections opened for " + SEEDS * 200 + " logins");
    }

    @Test
    void nobodyIsLostWithAWorker() throws Exception {
        forEachSeed(1_000, world -> {
            world.startWorkers(2);
            for (int i = 0; i < 20; i++) {
                arriveSteadily(world, List.of("app", "small"), 10, 20);
                world.replaceWorker();
            }
            world.finish();
            assertEquals(200, world.served() + world.lostWithWorker());
            assertEquals(0, world.knownRefused());
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {40, 100})
    void crowdsKeepOutNobodyWhoIsKnownHoweverLateTheWorkersAre(int limit) throws Exception {
        forEachSeed(limit, world -> {
            world.startWorkers(2);
            arriveSteadily(world, List.of("app", "web", "attacked"), 12, 3);
            world.finish();
            int before = world.served();
            int arrived = 0;
            for (int i = 0; i < 400; i++) {
                world.arrive("attacked", DispatcherWorld.Nature.WRONG);
                world.arrive("nobody" + i, DispatcherWorld.Nature.SILENT);
                world.arrive("attacked", DispatcherWorld.Nature.SILENT);
                if (i % 10 == 0 && world.knownPresent() < 4) {
                    world.arrive("app", DispatcherWorld.Nature.KNOWN);
                    world.arrive("web", DispatcherWorld.Nature.KNOWN);
                    arrived += 2;
                }
                if (i == 200) {
                    world.replaceWorker(); // Also loses refusals that it has not passed on yet.
                }
                boolean workersStandStill = i % 160 < 80; // Meanwhile more clients arrive than are allowed.
                for (int steps = 0; steps < 10 && !workersStandStill; steps++) {
                    world.step();
                }
            }
            world.finish();
            assertEquals(0, world.knownRefused(), "of those who know their password");
            assertEquals(before + arrived, world.served() + world.lostWithWorker());
        });
    }

    @Test
    void aCrowdOfStrangersFromOnePlaceDelaysNoStrangerFromAnother() throws Exception {
        forEachSeed(1_000, world -> {
            world.startWorkers(2);
            for (int i = 0; i < 30; i++) {
                world.arrive("nobody" + i, DispatcherWorld.Nature.SILENT, "192.0.2.1");
            }
            world.arrive("app", DispatcherWorld.Nature.KNOWN, "192.0.2.2");
            while (world.knownPresent() > 0) {
                world.step();
            }
            assertEquals(1, world.served());
            assertTrue(world.present() >= 28, world.present() + " of the crowd are still there");
        });
    }

    /** Known clients have taken the place that is kept free for strangers, and it is idle now. */
    @Test
    void aStrangerWhoIsToBeRefusedKeepsNobodyFromWarmConnections() throws Exception {
        forEachSeed(1_000, world -> {
            world.startWorkers(2);
            arriveSteadily(world, List.of("app"), 40, 20);
            world.finish();
            world.stopTime();
            for (int i = 0; i < 30; i++) {
                world.arrive("app", i % 3 == 0 ? DispatcherWorld.Nature.WRONG : DispatcherWorld.Nature.KNOWN);
            }
            while (world.knownPresent() > 0) {
                assertTrue(world.steps() < 100_000, "somebody waits for a time to be over");
                world.step();
            }
            assertEquals(60, world.served());
        });
    }

    /** A server accepts no more than its own max_connections, which the proxy does not know. */
    @Test
    void strangersHaveFewConnectionsOfAServerWithoutALimit() throws Exception {
        forEachSeed(1_000, NO_LIMIT, world -> {
            world.startWorkers(2);
            arriveSteadily(world, List.of("app"), 20, 5);
            world.finish();
            int warm = world.backends();
            for (int i = 0; i < 200; i++) {
                world.arrive("nobody" + i, DispatcherWorld.Nature.SILENT, "192.0.2." + i % 5);
                world.step();
            }
            for (int i = 0; i < 20; i++) {
                world.arrive("app", DispatcherWorld.Nature.KNOWN, "192.0.2.1");
            }
            while (world.knownPresent() > 0) {
                world.step();
                assertTrue(world.backends() <= warm + 20 + 50, world.backends() + " connections");
            }
            assertEquals(40, world.served());
            assertTrue(world.present() > 140, "the strangers wait among themselves");
        });
    }
}
