package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Operators are notified of a failover, whatever happens to the process that notifies them. */
class NoticeSystemTest {

    private static Path program(Path directory, String... lines) throws IOException {
        Path program = Files.write(directory.resolve("notify"), List.of(lines));
        return Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }

    private static List<String> told(Path output) throws IOException {
        return Files.exists(output) ? Files.readAllLines(output) : List.of();
    }

    @Test
    void aFailoverIsToldEvenWhenTheTaskWorkerDies() throws Exception {
        try (TestDirectory directory = new TestDirectory();
                PostgresCluster cluster = FailoverSystemTest.synchronous(FailoverSystemTest.options(18))) {
            Path output = directory.path().resolve("output");
            Path gate = directory.path().resolve("gate");
            // The first task-worker's program never completes.
            Path program = program(
                    directory.path(),
                    "#!/bin/sh",
                    "test -e " + gate + " || exec sleep 60",
                    "echo \"$PGPROXY_EVENT $PGPROXY_SERVER $PGPROXY_ALARM\" >> " + output);
            try (ProxyProcess proxy = FailoverSystemTest.proxy(cluster, "notify.command = " + program)) {
                Await.until(
                        "the state file",
                        Fixture.SOON,
                        () -> Files.exists(proxy.directory().resolve("state")));
                cluster.primary().kill();
                FailoverSystemTest.awaitLog(proxy, "event=promoted");
                ProcessHandle first = proxy.children("pgproxy-task").get(0);
                Await.until(
                        "the program to run",
                        Fixture.SOON,
                        () -> first.children().findAny().isPresent());
                assertEquals(List.of(), told(output));
                List<ProcessHandle> programs = first.descendants().toList();
                first.destroyForcibly();
                programs.forEach(ProcessHandle::destroyForcibly);
                Files.createFile(gate);
                String down = "primary_down " + cluster.primary().address() + " 1";
                String promoted = "promoted " + cluster.standbys().get(0).address() + " 1";
                Await.until("the notices", Fixture.SOON, () -> told(output).equals(List.of(down, promoted)));
            }
        }
    }

    @Test
    void aTestNoticeSaysWhetherItArrives() throws Exception {
        try (TestDirectory directory = new TestDirectory()) {
            Path output = directory.path().resolve("output");
            Path program = program(directory.path(), "#!/bin/sh", "echo \"$PGPROXY_EVENT\" >> " + output);
            Path file = Files.write(
                    directory.path().resolve("conf.properties"),
                    List.of("master = 127.0.0.1:5432", "conninfo.user = postgres", "notify.command = " + program));
            Programs.Result result = testNotice(file);
            assertEquals(0, result.status(), result.output());
            assertEquals("notify.command: sent", result.output().strip());
            assertEquals(List.of("test"), told(output));

            Files.delete(program);
            result = testNotice(file);
            assertEquals(1, result.status(), result.output());
            assertTrue(result.output().contains("notify.command: failed: it could not be started"), result.output());

            Files.write(file, List.of("master = 127.0.0.1:5432", "conninfo.user = postgres"));
            result = testNotice(file);
            assertEquals(2, result.status(), result.output());
            assertTrue(result.output().contains("an alert would reach nobody"), result.output());
        }
    }

    @Test
    void lettersOfAllLanguagesReachTheProgramUnderAnInitScriptWithoutALocale() throws Exception {
        try (TestDirectory directory = new TestDirectory()) {
            Path output = directory.path().resolve("output");
            Path program = program(directory.path(), "#!/bin/sh", "echo \"$PGPROXY_EVENT\" >> " + output);
            // The locale of this test may not have the letter, so a shell adds it to the file's name.
            Programs.run(List.of("sh", "-c", "mv \"$1\" \"$1$(printf '\\303\\274')\"", "sh", program.toString()));
            Path file = Files.write(
                    directory.path().resolve("conf.properties"),
                    List.of(
                            "master = 127.0.0.1:5432",
                            "conninfo.user = postgres",
                            "notify.command = " + program + "\u00fc"));
            Programs.Result result = Programs.run(List.of(
                    "env",
                    "-i",
                    "PATH=" + System.getenv("PATH"),
                    "JAVA_HOME=" + System.getProperty("java.home"),
                    Fixture.DISTRIBUTION.resolve("bin/pgproxy-master").toString(),
                    "--test-notice",
                    file.toString()));
            assertEquals(0, result.status(), result.output());
            assertEquals(List.of("test"), told(output));
        }
    }

    private static Programs.Result testNotice(Path file) {
        return Programs.run(List.of(
                Fixture.DISTRIBUTION.resolve("bin/pgproxy-master").toString(), "--test-notice", file.toString()));
    }
}
