package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Start and stop as an operator sees them: arguments, exit codes, files, signals, log. */
class LifecycleSystemTest {

    private static final String MASTER =
            Fixture.DISTRIBUTION.resolve("bin/pgproxy-master").toString();

    /** A service manager that hangs, or a pipe to a program that no longer reads it. */
    @Test
    void aLogThatNobodyReadsStopsNobody() throws Exception {
        try (ProxyProcess proxy = ProxyProcess.startWithPipedLog(
                Fixture.DISTRIBUTION,
                List.of("master = " + Fixture.cluster(15).primary().address()))) {
            ProcessHandle reader = proxy.children("cat").get(0);
            Programs.run(List.of("kill", "-STOP", Long.toString(reader.pid())));
            try (Operator operator = Operator.of(proxy)) {
                String[] unknown = IntStream.range(0, 200)
                        .mapToObj(i -> "no_such_key_" + i + " = 1")
                        .toArray(String[]::new);
                Operator.configure(proxy, unknown);
                // Each is logged with all of its problems, and a pipe takes 64 KiB.
                for (int i = 0; i < 20; i++) {
                    assertThrows(SQLException.class, () -> operator.execute("reload"));
                }
                try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                    assertEquals("1", client.value("select 1"));
                }
                assertEquals("0", operator.value("select sum(contained_faults) from process"));
            } finally {
                Programs.run(List.of("kill", "-CONT", Long.toString(reader.pid())));
            }
            Await.until(
                    "the rest of the log",
                    Fixture.SOON,
                    () -> proxy.log().split("event=reload_refused", -1).length == 21);
        }
    }

    /** Some messages of the system tell a server that is down from a fault of this host. */
    @Test
    void theSystemSpeaksEnglishWhateverTheLocale() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(List.of("LC_ALL=de_DE.UTF-8", "LANGUAGE=de"), Fixture.cluster(15))) {
            for (ProcessHandle child : proxy.children("pgproxy-")) {
                List<String> variables = List.of(Files.readString(Path.of("/proc/" + child.pid() + "/environ"))
                        .split("\0", -1));
                assertTrue(
                        variables.containsAll(List.of("LC_MESSAGES=C", "LC_CTYPE=de_DE.UTF-8")), variables.toString());
                assertFalse(variables.stream().anyMatch(each -> each.startsWith("LC_ALL=")), variables.toString());
            }
        }
    }

    @Test
    void tellsVersionAndHelp() {
        Programs.Result version = Programs.run(List.of(MASTER, "--version"));
        assertEquals(0, version.status());
        assertTrue(version.output().matches("pgproxy \\d+\\.\\d+\\.\\d+.*\\s*"), version.output());
        Programs.Result help = Programs.run(List.of(MASTER, "--help"));
        assertEquals(0, help.status());
        assertTrue(help.output().contains("--check"), help.output());
    }

    /** What would only be found missing hours later is reported now. */
    @Test
    void checksWhatTheConfigurationNamesOnThisHost() throws Exception {
        try (TestDirectory directory = new TestDirectory()) {
            Path file = directory.path().resolve("conf.properties");
            Path missing = directory.path().resolve("missing");
            Path open = Files.createDirectory(directory.path().resolve("open"));
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
            Files.write(
                    file,
                    List.of(
                            "master = 127.0.0.1:5432",
                            "listen = 127.0.0.1:5432, 192.0.2.1:9999, unix:" + file + ", unix:" + open + ":9999, unix:"
                                    + missing + ":1",
                            "unix_socket_group = nosuchgroup",
                            "slaver_list = 127.0.0.1:5432, unix:/run/postgresql:5433",
                            "promote = 127.0.0.1:5433",
                            "conninfo.user = postgres",
                            "conninfo.pw = secret",
                            "auth_file = " + missing,
                            "notify.command = " + missing,
                            "state_file = /dev/null/state",
                            "pid_file = " + open.resolve("pid"),
                            "log.filename = /dev/null/log"));
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            Programs.Result result = Programs.run(
                    List.of(Fixture.DISTRIBUTION.resolve("bin/pgproxy-master").toString(), "--check", file.toString()));
            assertEquals(2, result.status(), result.output());
            for (String expected : List.of(
                    "auth_file = " + missing,
                    "notify.command = " + missing,
                    "state_file = /dev/null/state",
                    "so no standby would be promoted",
                    "every user can write to the directory " + open,
                    "log.filename = /dev/null/log",
                    "listen = 127.0.0.1:5432: that is master too",
                    "listen = 192.0.2.1:9999: this host has no such address",
                    file + " exists and is not a socket. Remove it",
                    "listen = unix:" + missing + ":1: this user may not write in " + missing,
                    "unix_socket_group = nosuchgroup: this host has no such group",
                    "listen = " + open.resolve(".s.PGSQL.9999") + ": every user can write to the directory " + open,
                    "NOTE: unix:/run/postgresql:5433: where its pg_hba.conf says peer",
                    "WARNING: every user of this host can read the passwords",
                    "NOTE: slaver_list names the master too",
                    "NOTE: active_cnn_timeout is not set")) {
                assertTrue(result.output().contains(expected), expected + " is not in " + result.output());
            }
            Programs.Result nothing = Programs.run(List.of(
                    Fixture.DISTRIBUTION.resolve("bin/pgproxy-master").toString(), "--check", missing.toString()));
            assertEquals(2, nothing.status());
            assertTrue(nothing.output().contains(missing + ": no such file"), nothing.output());
            assertFalse(nothing.output().contains("java"), nothing.output());
        }
    }

    @Test
    void checksTheShippedConfiguration() {
        Programs.Result result = Programs.run(List.of(
                MASTER,
                "--check",
                Fixture.DISTRIBUTION.resolve("conf/pgproxy.properties").toString()));
        assertEquals(0, result.status(), result.output());
        assertTrue(result.output().contains("The configuration is valid."), result.output());
    }

    @Test
    void reportsEveryProblemAtOnceAndExitsWithTwo() throws IOException {
        try (TestDirectory directory = new TestDirectory()) {
            Path file = directory.path().resolve("conf.properties");
            Files.writeString(file, "mastre = 1.2.3.4:5\nlisten = here\n\nrecv_sz_per_poll = many\n");
            Programs.Result result = Programs.run(List.of(MASTER, file.toString()));
            assertEquals(2, result.status());
            for (String expected : List.of(
                    ":1: mastre: is not a key of pgproxy",
                    "Did you mean master?",
                    ":2: listen: \"here\" is not an address",
                    ":4: recv_sz_per_poll: \"many\" is not a whole number",
                    "conninfo.user: is required")) {
                assertTrue(result.output().contains(expected), expected + " is not in:\n" + result.output());
            }
            assertEquals(2, Programs.run(List.of(MASTER)).status());
            assertEquals(2, Programs.run(List.of(MASTER, "--nonsense")).status());
            assertEquals(2, Programs.run(List.of(MASTER, "/does/not/exist")).status());
        }
    }

    @Test
    void addressInUseIsExplainedAndExitsWithOne() throws Exception {
        try (ProxyProcess first = Fixture.proxy(Fixture.cluster(18));
                ProxyProcess second = ProxyProcess.launch(
                        Fixture.DISTRIBUTION, List.of("master = 127.0.0.1:1", "listen = 127.0.0.1:" + first.port()))) {
            assertTrue(second.master().waitFor(Fixture.SOON.toSeconds(), TimeUnit.SECONDS));
            assertEquals(1, second.master().exitValue());
            assertTrue(
                    second.log().contains("could not bind 127.0.0.1:" + first.port() + ": Address already in use"),
                    second.log());
        }
    }

    @Test
    void secondMasterOfOnePidFileRefusesToStart() throws Exception {
        try (ProxyProcess first = Fixture.proxy(Fixture.cluster(18));
                ProxyProcess second = ProxyProcess.launch(
                        Fixture.DISTRIBUTION,
                        List.of(
                                "master = 127.0.0.1:1",
                                "pid_file = " + first.directory().resolve("pgproxy.pid")))) {
            assertTrue(second.master().waitFor(Fixture.SOON.toSeconds(), TimeUnit.SECONDS));
            assertEquals(1, second.master().exitValue());
            assertTrue(
                    second.log()
                            .contains("runs already with pid " + first.master().pid()),
                    second.log());
            assertTrue(Files.exists(first.directory().resolve("pgproxy.pid")));
        }
    }

    /** A user that can rename the directory could have the wrong process killed, or take descriptors of clients. */
    @ParameterizedTest
    @ValueSource(strings = {"pid_file", "ipc_uds_path", "state_file", "log.filename"})
    void nothingIsWrittenWhereEverybodyCanPutAnotherFile(String key) throws Exception {
        try (TestDirectory directory = new TestDirectory()) {
            Path open = Files.createDirectory(directory.path().resolve("open"));
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
            Path file = open.resolve("own/file");
            try (ProxyProcess proxy =
                    ProxyProcess.launch(Fixture.DISTRIBUTION, List.of("master = 127.0.0.1:1", key + " = " + file))) {
                assertTrue(proxy.master().waitFor(Fixture.SOON.toSeconds(), TimeUnit.SECONDS));
                assertTrue(proxy.master().exitValue() > 0);
                assertTrue(
                        proxy.log().contains(key + " = " + file) && proxy.log().contains("every user can write"),
                        proxy.log());
                assertFalse(Files.exists(file));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pid_file", "state_file"})
    void aPipeInThePlaceOfAFileIsExplainedAndNotWaitedFor(String key) throws Exception {
        try (TestDirectory directory = new TestDirectory()) {
            Path pipe = directory.path().resolve("pipe");
            assertEquals(0, Programs.run(List.of("mkfifo", pipe.toString())).status());
            try (ProxyProcess proxy =
                    ProxyProcess.launch(Fixture.DISTRIBUTION, List.of("master = 127.0.0.1:1", key + " = " + pipe))) {
                assertTrue(proxy.master().waitFor(Fixture.SOON.toSeconds(), TimeUnit.SECONDS));
                assertTrue(proxy.log().contains("is not a regular file"), proxy.log());
                assertTrue(proxy.log().contains("name another path"), proxy.log());
            }
        }
    }

    @Test
    void passwordsThatEverybodyCanReadAreNoticed() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "pg_proxy_pw = secret")) {
            assertTrue(proxy.log().contains("event=config_open_to_all"), proxy.log());
            assertFalse(proxy.log().contains("secret"), proxy.log());
        }
    }

    @Test
    void writesLogFilesAndReopensThemOnUsr1() throws Exception {
        try (TestDirectory logs = new TestDirectory();
                ProxyProcess proxy = ProxyProcess.launch(
                        Fixture.DISTRIBUTION,
                        List.of(
                                "master = " + Fixture.cluster(18).primary().address(),
                                "proxy_worker_num = 1",
                                "log.filename = " + logs.path().resolve("pgproxy.log")))) {
            Path main = logs.path().resolve("pgproxy.log.main");
            Path worker = logs.path().resolve("pgproxy.log.proxy1");
            Await.until(
                    "log files of all processes",
                    Fixture.SOON,
                    () -> Files.exists(main)
                            && Files.readString(main).contains("event=serving")
                            && Files.exists(worker)
                            && Files.exists(logs.path().resolve("pgproxy.log.work")));
            Files.move(main, logs.path().resolve("old.main"));
            Files.move(worker, logs.path().resolve("old.proxy1"));
            assertEquals(
                    0,
                    Programs.run(List.of(
                                    "kill",
                                    "-USR1",
                                    Long.toString(proxy.master().pid())))
                            .status());
            Await.until(
                    "the new log file",
                    Fixture.SOON,
                    () -> Files.exists(main) && Files.readString(main).contains("event=logs_reopened"));
            assertEquals(0, proxy.stop());
            assertTrue(Files.readString(worker).contains("event=child_stopped"));
            assertFalse(Files.readString(logs.path().resolve("old.proxy1")).contains("event=child_stopped"));
        }
    }

    @Test
    void sigintStopsLikeSigterm() throws Exception {
        try (ProxyProcess proxy = ProxyProcess.startInForeground(
                Fixture.DISTRIBUTION,
                List.of("master = " + Fixture.cluster(18).primary().address()))) {
            Programs.run(List.of("kill", "-INT", Long.toString(proxy.master().pid())));
            assertTrue(proxy.master().waitFor(Fixture.SOON.toSeconds(), TimeUnit.SECONDS));
            assertEquals(0, proxy.master().exitValue(), proxy.log());
        }
    }

    @Test
    void processesAreNamedForPs() {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "proxy_worker_num = 2")) {
            Await.until(
                    "all processes to have their names",
                    Fixture.SOON,
                    () -> proxy.children("pgproxy-pool-1").size() == 1
                            && proxy.children("pgproxy-pool-2").size() == 1
                            && proxy.children("pgproxy-task").size() == 1);
            assertEquals(
                    "pgproxy-master",
                    Programs.run(List.of("cat", "/proc/" + proxy.master().pid() + "/comm"))
                            .output()
                            .strip());
        }
    }
}
