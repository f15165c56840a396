package dev.pgproxy.common.files;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrustedPathTest {

    private static final int SOMEBODY = 65_533;

    @TempDir
    Path directory = Path.of("");

    private Path file = Path.of("");

    @BeforeEach
    void prepare() throws IOException {
        file = Files.createDirectory(directory.resolve("run")).resolve("pgproxy.pid");
    }

    private void assertRefused(String because) {
        IOException refused = assertThrows(UnusablePathException.class, () -> TrustedPath.check("pid_file", file));
        assertTrue(String.valueOf(refused.getMessage()).contains(because), refused::toString);
        assertTrue(String.valueOf(refused.getMessage()).startsWith("pid_file = "), refused::toString);
    }

    @Test
    void whatOnlyThisUserCanChangeIsTrusted() throws IOException {
        TrustedPath.check("pid_file", file);
        Files.createFile(file);
        TrustedPath.check("pid_file", file);
        TrustedPath.check("pid_file", directory.resolve("run/not/there/yet"));
        Files.createSymbolicLink(directory.resolve("own"), directory.resolve("run"));
        TrustedPath.check("pid_file", directory.resolve("own/pgproxy.pid"));
    }

    @Test
    void aDirectoryThatEverybodyCanWriteToIsNot() throws IOException {
        Files.setPosixFilePermissions(directory.resolve("run"), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertRefused("every user can write");
        Files.setAttribute(directory.resolve("run"), "unix:mode", 01777);
        TrustedPath.check("pid_file", file);
    }

    @Test
    void whatBelongsToSomebodyElseIsNot() throws IOException {
        try {
            Files.setAttribute(directory.resolve("run"), "unix:uid", SOMEBODY);
        } catch (IOException e) {
            System.out.println("SKIPPED: only root can make what belongs to somebody else");
            Assumptions.abort("not root");
        }
        assertRefused("belongs to the user with id " + SOMEBODY);
        Files.setAttribute(directory.resolve("run"), "unix:uid", 0);
        Files.createSymbolicLink(file, directory.resolve("elsewhere"));
        Files.setAttribute(file, "unix:uid", SOMEBODY, LinkOption.NOFOLLOW_LINKS);
        assertRefused("belongs to the user with id " + SOMEBODY);
    }

    /** Where it belongs to another user, who shares it. */
    @Test
    void aDirectoryThatIsOpenToAllIsFoundBehindALinkToo() throws IOException {
        Path open = Files.createDirectory(directory.resolve("open"));
        Path below = Files.createDirectory(open.resolve("below"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), below);
        TrustedPath.checkNotOpenToAll("listen", link.resolve("s"));
        TrustedPath.checkNotOpenToAll("listen", directory.resolve("missing/s"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        UnusablePathException refused = assertThrows(
                UnusablePathException.class, () -> TrustedPath.checkNotOpenToAll("listen", link.resolve("s")));
        assertTrue(String.valueOf(refused.getMessage()).contains("every user can write to the directory " + open));
        Files.setAttribute(open, "unix:mode", 01777);
        TrustedPath.checkNotOpenToAll("listen", link.resolve("s"));
    }

    @Test
    void linksThatGoInACircleEnd() throws IOException {
        Files.createSymbolicLink(directory.resolve("run/a"), directory.resolve("run/b"));
        Files.createSymbolicLink(directory.resolve("run/b"), directory.resolve("run/a"));
        file = directory.resolve("run/a/pgproxy.pid");
        assertRefused("too many symbolic links");
    }

    /** The parent of a link's target is not the directory that contains the link. */
    @Test
    void whatIsAboveALinksTargetIsLookedAtToo() throws IOException {
        Path open = Files.createDirectory(directory.resolve("open"));
        Files.createDirectory(open.resolve("below"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.createSymbolicLink(directory.resolve("run/link"), open.resolve("below"));
        file = directory.resolve("run/link/../pgproxy.pid");
        assertRefused("every user can write to the directory " + open);
        Files.createSymbolicLink(directory.resolve("run/relative"), Path.of("../run/./deeper"));
        Files.createDirectory(directory.resolve("run/deeper"));
        TrustedPath.check("pid_file", directory.resolve("run/relative/pgproxy.pid"));
        TrustedPath.createDirectories("state_file", directory.resolve("run/relative/a/b"));
    }

    @Test
    void aDirectoryIsNoRegularFile() {
        assertThrows(UnusablePathException.class, () -> TrustedPath.checkRegular("pid_file", directory));
    }
}
