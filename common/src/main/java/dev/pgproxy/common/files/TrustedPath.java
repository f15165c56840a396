package dev.pgproxy.common.files;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Map;

/**
 * Checks every step of the path to a file. A user who can rename a directory on the path, or made one of its links, decides which file it
 * leads to: the pid that is killed, the socket that descriptors go to, the state that says which server is the primary.
 */
public final class TrustedPath {

    private static final int ROOT = 0;
    private static final int OTHERS_WRITE = 0002;
    private static final int OTHERS_READ = 0004;
    private static final int STICKY = 01000;
    /** The kernel's own limit. */
    private static final int MAX_LINKS = 40;

    private static final Path SELF = Path.of("/proc/self");
    private static final String CORRECT_RIGHTS = "Correct its owner or mode with chown or chmod, or name another path.";

    private TrustedPath() {}

    /**
     * Checks all directories and links on the path to the file, and the file itself, as far as they exist.
     *
     * @param what the key that names the file in the configuration
     * @throws IOException when another user could replace the file, or has done so; the message says what to do
     */
    public static void check(String what, Path file) throws IOException {
        ArrayDeque<Path> left = new ArrayDeque<>();
        file.toAbsolutePath().forEach(left::add); // Not normalized: what .. means depends on the link before it.
        Path at = Path.of("/");
        int links = 0;
        checkStep(what, file, at, attributes(at));
        while (!left.isEmpty()) {
            Path next = at.resolve(left.remove());
            if (next.endsWith(".") || next.endsWith("..")) {
                at = next.normalize();
                continue;
            }
            Attributes attributes;
            try {
                attributes = attributes(next, LinkOption.NOFOLLOW_LINKS);
            } catch (NoSuchFileException e) {
                return; // This process creates the rest itself.
            }
            checkStep(what, file, next, attributes);
            if (!Files.isSymbolicLink(next)) {
                at = next;
                continue;
            }
            if (++links > MAX_LINKS) {
                throw new UnusablePathException(
                        what + " = " + file + ": too many symbolic links on the way",
                        "Correct the links, or name another path.");
            }
            Path target = Files.readSymbolicLink(next);
            ArrayDeque<Path> onTheWay = new ArrayDeque<>();
            target.forEach(onTheWay::add);
            onTheWay.addAll(left);
            left = onTheWay;
            at = target.isAbsolute() ? Path.of("/") : at;
        }
    }

    /**
     * Creates a directory and its parents. Where others can write, they may have been faster, so it is checked afterwards.
     *
     * @throws IOException as for {@link #check}, and when it cannot be created
     */
    public static void createDirectories(String what, Path directory) throws IOException {
        Files.createDirectories(directory);
        check(what, directory);
    }

    private record Attributes(int owner, int mode) {}

    private static Attributes attributes(Path path, LinkOption... options) throws IOException {
        Map<String, Object> all = Files.readAttributes(path, "unix:uid,mode", options);
        return new Attributes((Integer) requireNonNull(all.get("uid")), (Integer) requireNonNull(all.get("mode")));
    }

    private static void checkStep(String what, Path file, Path step, Attributes attributes) throws IOException {
        int owner = attributes.owner();
        if (owner != ROOT && owner != userId()) {
            throw new UnusablePathException(
                    what + " = " + file + ": " + step + " belongs to the user with id " + owner
                            + ", who could put anything there; it must belong to root or to the user that runs pgproxy",
                    CORRECT_RIGHTS);
        }
        checkWriters(what, file, step, attributes);
    }

    /**
     * Checks only that not every user can put something else at this path, for a file that other users may share with pgproxy.
     *
     * @param what the key that names the file in the configuration
     * @throws IOException when every user could replace the file; the message says what to do
     */
    public static void checkNotOpenToAll(String what, Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            return;
        }
        for (Path directory = parent.toRealPath(); directory != null; directory = directory.getParent()) {
            checkWriters(what, file, directory, attributes(directory));
        }
    }

    private static void checkWriters(String what, Path file, Path step, Attributes attributes) throws IOException {
        int mode = attributes.mode();
        boolean isDirectory = Files.isDirectory(step, LinkOption.NOFOLLOW_LINKS);
        if (isDirectory && (mode & OTHERS_WRITE) != 0 && (mode & STICKY) == 0) {
            throw new UnusablePathException(
                    what + " = " + file + ": every user can write to the directory " + step
                            + ", and so put anything there; run chmod o-w on it",
                    CORRECT_RIGHTS);
        }
    }

    private static int userId() throws IOException {
        return attributes(SELF).owner();
    }

    /**
     * Makes sure that reading the file comes to an end: a pipe has none.
     *
     * @param what the key that names the file in the configuration
     * @throws IOException when something other than a regular file has this name
     */
    public static void checkRegular(String what, Path file) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new UnusablePathException(
                    what + " = " + file + ": it is not a regular file", "Remove what is there, or name another path.");
        }
    }

    /** Whether this is a directory that belongs to the user that this process runs as. */
    public static boolean isOwnDirectory(Path path) {
        try {
            return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
                    && attributes(path).owner() == userId();
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether every user of this host can read the file. */
    public static boolean isOpenToAll(Path file) throws IOException {
        return (attributes(file).mode() & OTHERS_READ) != 0;
    }
}
