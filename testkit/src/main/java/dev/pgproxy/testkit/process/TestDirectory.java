package dev.pgproxy.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;

/** A directory for one test or one cluster, removed on close, or by the {@link Watchdog} at the latest. */
public final class TestDirectory implements AutoCloseable {

    private final Path path;

    /** Creates a directory that every user may enter, since PostgreSQL runs as another user when the tests run as root. */
    public TestDirectory() {
        try {
            path = Files.createTempDirectory("pgproxy-test-");
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new UncheckedIOException("could not make a directory for a test", e);
        }
        Watchdog.watch(path);
    }

    public Path path() {
        return path;
    }

    @Override
    public void close() {
        try (Stream<Path> all = Files.walk(path)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("could not remove " + path, e);
        }
    }
}
