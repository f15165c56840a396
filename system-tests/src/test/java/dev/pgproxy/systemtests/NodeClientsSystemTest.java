package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Node's drivers {@code pg} and {@code postgres}, with their pools, get from the proxy what they get from a server. */
class NodeClientsSystemTest {

    private static final List<String> FILES =
            List.of("package.json", "package-lock.json", "clients.mjs", "operator.mjs");
    private static final TestDirectory DIRECTORY = new TestDirectory();

    @BeforeAll
    static void installDrivers() throws IOException {
        Requirement.program("node");
        Requirement.program("npm");
        for (String file : FILES) {
            Files.copy(Path.of("src/test/node", file), DIRECTORY.path().resolve(file));
        }
        Programs.Result installed = Programs.run(List.of(
                "npm",
                "ci",
                "--no-fund",
                "--no-audit",
                "--prefix",
                DIRECTORY.path().toString()));
        if (installed.status() != 0) {
            System.out.println("SKIPPED: npm could not install the drivers: " + installed.output());
        }
        Assumptions.assumeTrue(installed.status() == 0, "npm could not install the drivers");
    }

    @AfterAll
    static void removeDrivers() {
        DIRECTORY.close();
    }

    private static String run(String host, int port) {
        Programs.Result result = Programs.run(List.of(
                "node",
                DIRECTORY.path().resolve("clients.mjs").toString(),
                host,
                Integer.toString(port),
                "noder",
                "secret",
                "postgres"));
        assertEquals(0, result.status(), result.output());
        return result.output();
    }

    @Test
    void driversSeeWhatOperatorsSee() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "pg_proxy_pw = secret");
                WireClient watched =
                        WireClient.login(proxy.port(), "postgres", "postgres", "application_name", "watched");
                WireClient other =
                        WireClient.login(proxy.port(), "postgres", "postgres", "application_name", "other")) {
            Programs.Result result = Programs.run(List.of(
                    "node",
                    DIRECTORY.path().resolve("operator.mjs").toString(),
                    "127.0.0.1",
                    Integer.toString(proxy.port()),
                    "secret"));
            assertEquals("""
                    pg types: ["number","string",false,null,true,1.5]
                    pg age: true
                    pg prepared: 1
                    pg prepared: 1
                    pg prepared: 1
                    pg error: ["42703","8"]
                    pg prepared error: ["42703","8"]
                    pg several: [{"a":1},{"b":2}]
                    pg empty: 0
                    pg big: true
                    pg ended: 1
                    postgres join: "pool"
                    postgres count: true
                    postgres error: ["42P01","15"]
                    wrong password: ["28P01",null]
                    """, result.output());
            assertEquals("57P01", watched.readUntil('E').get(0).sqlState());
            assertEquals("1", other.value("select 1"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void driversAndTheirPoolsSeeNoDifference(int major) {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(major)
                        .withAccess("host postgres noder 127.0.0.1/32 scram-sha-256"));
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1")) {
            cluster.primary().sql("create role noder login password 'secret'");
            String direct = run("127.0.0.1", cluster.primary().port());
            assertFalse(direct.contains("leak"), direct);
            assertEquals(direct, run("127.0.0.1", proxy.port()), "on new backends");
            assertEquals(direct, run("127.0.0.1", proxy.port()), "on warm backends");
        }
    }
}
