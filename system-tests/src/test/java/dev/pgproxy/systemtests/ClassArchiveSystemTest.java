package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The archive of classes: all processes share it, and where it does not fit, nothing is different but speed and memory. */
class ClassArchiveSystemTest {

    private final TestDirectory directory = new TestDirectory();
    private boolean saidToRemake;
    private final Path tree = directory.path().resolve("a tree with spaces");

    @BeforeEach
    void copyTheTree() {
        run("cp", "-r", Fixture.DISTRIBUTION.toString(), tree.toString());
    }

    @AfterEach
    void removeIt() {
        directory.close();
    }

    private static String run(String... command) {
        Programs.Result result = Programs.run(List.of(command));
        assertEquals(0, result.status(), result.output());
        return result.output();
    }

    private void makeArchive() {
        assertEquals("", run("sh", tree.resolve("bin/pgproxy-archive").toString()));
    }

    /** Its name tells where the tree is, so that it is never taken for that of a copy. */
    private Path archive() throws IOException {
        try (Stream<Path> files = Files.list(tree.resolve("lib"))) {
            List<Path> archives =
                    files.filter(file -> file.toString().endsWith(".jsa")).toList();
            assertEquals(1, archives.size(), archives::toString);
            return archives.get(0);
        }
    }

    private static boolean isMapped(ProcessHandle process, Path directory) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + process.pid() + "/maps"))) {
            return lines.anyMatch(line -> line.contains(directory + "/pgproxy-") && line.endsWith(".jsa"));
        } catch (IOException e) {
            throw new UncheckedIOException("the memory of a process cannot be looked at", e);
        }
    }

    /** How many of master, pool-worker and task-worker have the archive in their memory, while pgproxy serves a client. */
    private long sharing(Path root) throws IOException {
        List<String> lines = List.of(
                "master = " + Fixture.cluster(18).primary().address(),
                "proxy_worker_num = 1",
                "conninfo.user = postgres");
        try (ProxyProcess proxy = ProxyProcess.start(root, lines);
                WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
            assertEquals("1", client.value("SELECT 1"));
            assertFalse(proxy.log().contains("[warning]"), proxy.log());
            Path shared = root.toRealPath().resolve("lib");
            saidToRemake = proxy.log().contains("pgproxy-archive");
            return Stream.concat(
                            Stream.of(proxy.master().toHandle()),
                            proxy.master().toHandle().children())
                    .filter(process -> isMapped(process, shared))
                    .count();
        }
    }

    @Test
    void theBuildMakesOneThatAllProcessesShare() throws IOException {
        assertEquals(3, sharing(Fixture.DISTRIBUTION));
        assertFalse(saidToRemake);
    }

    /** The one of the build does not fit a copy, whose jars are elsewhere; a new one does, until a jar changes. */
    @Test
    void itIsUsedOnlyWhereItFits() throws IOException {
        assertEquals(0, sharing(tree));
        assertFalse(saidToRemake, "it has never had one");
        makeArchive();
        assertEquals(3, sharing(tree));
        try (Stream<Path> files = Files.list(tree.resolve("lib"))) {
            Path jar = files.filter(file -> file.toString().endsWith(".jar"))
                    .findFirst()
                    .orElseThrow();
            Files.setLastModifiedTime(jar, FileTime.fromMillis(1_000));
        }
        assertEquals(0, sharing(tree));
        assertTrue(saidToRemake);
    }

    /** Java crashes in such a file. */
    @Test
    void oneThatWasCutShortIsNotUsed() throws IOException {
        makeArchive();
        assertTrue(archive().toFile().setWritable(true));
        try (FileChannel file = FileChannel.open(archive(), StandardOpenOption.WRITE)) {
            file.truncate(file.size() / 2);
        }
        assertEquals(0, sharing(tree));
    }

    @Test
    void whatItIsForIsExplained() {
        String help = run("sh", tree.resolve("bin/pgproxy-archive").toString(), "--help");
        assertTrue(help.contains("installed, upgraded or moved"), help);
        Programs.Result refused =
                Programs.run(List.of("sh", tree.resolve("bin/pgproxy-archive").toString(), "now"));
        assertEquals(2, refused.status());
    }
}
