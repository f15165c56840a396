package dev.pgproxy.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A file that does too much is long, and a long file is not read to the end. */
class FileSizeTest {

    private static final int MAX_LINES = 400;

    /** Half of all files have fewer lines. */
    private static final int MAX_MEDIAN = 90;

    private static final Path ROOT = Path.of("..");

    private static List<Path> mainCode() throws IOException {
        try (Stream<Path> modules = Files.list(ROOT)) {
            return modules.map(module -> module.resolve("src/main/java"))
                    .filter(Files::isDirectory)
                    .flatMap(FileSizeTest::javaFiles)
                    .toList();
        }
    }

    private static Stream<Path> javaFiles(Path directory) {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(file -> file.toString().endsWith(".java")).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long lines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void noFileOfMainCodeIsLong() throws IOException {
        assertEquals(
                List.of(),
                mainCode().stream().filter(file -> lines(file) > MAX_LINES).toList());
    }

    @Test
    void mostAreShort() throws IOException {
        List<Long> sizes = mainCode().stream().map(FileSizeTest::lines).sorted().toList();
        long median = sizes.get(sizes.size() / 2);
        assertTrue(median < MAX_MEDIAN, () -> "half of the files have " + median + " lines or more");
    }
}
