package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.FreePort;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** scripts/init.d/pgproxy with the exit codes that the LSB requires. */
class InitScriptSystemTest {

    @Test
    void startsStopsRestartsAndTellsTheStatus() throws IOException {
        try (TestDirectory directory = new TestDirectory()) {
            int port = FreePort.choose();
            Path defaults = configure(directory.path(), port);
            assertEquals(3, script(defaults, "status").status());
            assertEquals(0, script(defaults, "stop").status());
            try {
                Programs.Result start = script(defaults, "start");
                assertEquals(0, start.status(), start.output());
                try (WireClient client = WireClient.login(port, "postgres", "postgres")) {
                    assertEquals("1", client.value("select 1"));
                }
                assertEquals(0, script(defaults, "start").status());
                Programs.Result status = script(defaults, "status");
                assertEquals(0, status.status(), status.output());
                Programs.Result restart = script(defaults, "restart");
                assertEquals(0, restart.status(), restart.output());
                try (WireClient client = WireClient.login(port, "postgres", "postgres")) {
                    Programs.Result reload = script(defaults, "reload");
                    assertEquals(0, reload.status(), reload.output());
                    Await.until(
                            "the configuration to be reloaded",
                            Fixture.SOON,
                            () -> Files.readString(directory.path().resolve("output"))
                                    .contains("event=reloaded"));
                    assertEquals("1", client.value("select 1"));
                }
                Path conf = directory.path().resolve("conf");
                String good = Files.readString(conf);
                Files.writeString(conf, good + "\nnonsense = 1\n");
                assertEquals(6, script(defaults, "restart").status());
                assertEquals(6, script(defaults, "try-restart").status());
                assertEquals(0, script(defaults, "status").status(), "it serves as before");
                Files.writeString(conf, good);
            } finally {
                Programs.Result stop = script(defaults, "stop");
                assertEquals(0, stop.status(), stop.output());
            }
            assertEquals(3, script(defaults, "status").status());
            assertEquals(7, script(defaults, "reload").status());
            Files.createFile(directory.path().resolve("pgproxy.pid"));
            assertEquals(1, script(defaults, "status").status());
            assertEquals(2, script(defaults, "nonsense").status());
        }
    }

    @Test
    void tellsWhatIsMissing() throws IOException {
        try (TestDirectory directory = new TestDirectory()) {
            Path defaults = configure(directory.path(), 1);
            Files.writeString(directory.path().resolve("conf"), "nonsense = 1\n");
            Programs.Result bad = script(defaults, "start");
            assertEquals(6, bad.status());
            assertTrue(bad.output().contains("nonsense: is not a key of pgproxy"), bad.output());
            Files.delete(directory.path().resolve("conf"));
            assertEquals(6, script(defaults, "start").status());
            Files.writeString(defaults, "PGPROXY_HOME=/does/not/exist\n");
            assertEquals(5, script(defaults, "start").status());
        }
    }

    /** A reboot empties /run, where only root can create the missing directories. */
    @Test
    void makesWhatARebootHasEmptied() throws IOException {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "only root may write in /run");
        Path run = Path.of("/run/pgproxy-test-" + ProcessHandle.current().pid());
        Path sockets = Path.of(run + "-sockets");
        try (TestDirectory directory = new TestDirectory()) {
            Path defaults = configure(directory.path(), FreePort.choose());
            Path conf = directory.path().resolve("conf");
            Files.writeString(
                    conf,
                    Files.readString(conf)
                            .replace(
                                    "pid_file = " + directory.path().resolve("pgproxy.pid"),
                                    "pid_file = " + run.resolve("pgproxy.pid"))
                            .replace("listen = ", "listen = unix:" + sockets + ":9999, "));
            try {
                Programs.Result start = script(defaults, "restart");
                assertEquals(0, start.status(), start.output());
                assertTrue(Files.exists(sockets.resolve(".s.PGSQL.9999")), start.output());
                assertEquals(0, script(defaults, "status").status());
            } finally {
                assertEquals(0, script(defaults, "stop").status());
                Files.deleteIfExists(run.resolve("pgproxy.pid"));
                Files.deleteIfExists(run);
                Files.deleteIfExists(sockets);
            }
        }
    }

    /** LSB: 4 when the status is not known. */
    @Test
    void whoMayNotReadTheConfigurationIsToldSo() throws IOException {
        try (TestDirectory directory = new TestDirectory()) {
            Path defaults = configure(directory.path(), 1);
            Files.setPosixFilePermissions(directory.path(), PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setPosixFilePermissions(directory.path().resolve("conf"), Set.of());
            List<String> somebody = "root".equals(System.getProperty("user.name"))
                    ? List.of("setpriv", "--reuid=65533", "--regid=65533", "--clear-groups")
                    : List.of();
            // Another user may not be able to read the source directory.
            Path script = Files.copy(
                    Fixture.SCRIPTS.resolve("init.d/pgproxy"), directory.path().resolve("script"));
            List<String> command = new ArrayList<>(somebody);
            command.addAll(List.of("env", "PGPROXY_DEFAULTS=" + defaults, "sh", script.toString(), "status"));
            Programs.Result status = Programs.run(command);
            assertEquals(4, status.status(), status.output());
            assertTrue(status.output().contains("cannot be read"), status.output());
        }
    }

    private static Path configure(Path directory, int port) throws IOException {
        Files.writeString(
                directory.resolve("conf"),
                String.join(
                        "\n",
                        "master = " + Fixture.cluster(18).primary().address(),
                        "listen = 127.0.0.1:" + port,
                        "conninfo.user = postgres",
                        "pid_file = " + directory.resolve("pgproxy.pid"),
                        "ipc_uds_path = " + directory.resolve("ipc/control.sock"),
                        "state_file = " + directory.resolve("state"),
                        ""));
        return Files.writeString(
                directory.resolve("defaults"),
                String.join(
                        "\n",
                        "PGPROXY_HOME=" + Fixture.DISTRIBUTION.toAbsolutePath().normalize(),
                        "PGPROXY_CONF=" + directory.resolve("conf"),
                        "PGPROXY_USER=" + System.getProperty("user.name"),
                        "PGPROXY_OUTPUT=" + directory.resolve("output"),
                        ""));
    }

    private static Programs.Result script(Path defaults, String action) {
        return Programs.run(List.of(
                "env",
                "PGPROXY_DEFAULTS=" + defaults,
                Fixture.SCRIPTS.resolve("init.d/pgproxy").toString(),
                action));
    }
}
