package dev.pgproxy.master;

import dev.pgproxy.common.files.FileProblem;
import dev.pgproxy.common.files.TrustedPath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Publishes the master's pid, and keeps a second master of the same configuration from starting. The lock is held from the start and ends
 * with the process, however it ends. The pid is written once clients are served, so that an init script can wait for it.
 */
final class PidFile implements AutoCloseable {

    private final Path path;
    private final FileChannel channel;

    private PidFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * Takes the lock, creating the file and its directory if needed.
     *
     * @throws IOException when another process holds it; the message contains that process's pid, if known
     */
    static PidFile lock(Path path) throws IOException {
        FileChannel channel = open(path);
        try {
            @Nullable FileLock lock = channel.tryLock();
            if (lock != null) {
                channel.truncate(0);
                return new PidFile(path, channel);
            }
        } catch (OverlappingFileLockException e) {
            // This process holds it already: the same answer.
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        String holder = Files.readString(path, StandardCharsets.US_ASCII).strip();
        channel.close();
        throw new IOException("pgproxy runs already" + (holder.isEmpty() ? "" : " with pid " + holder)
                + ": it holds the lock of " + path);
    }

    private static FileChannel open(Path path) throws IOException {
        try {
            Path directory = path.toAbsolutePath().getParent();
            if (directory != null) {
                TrustedPath.createDirectories("pid_file", directory);
            }
            TrustedPath.checkRegular("pid_file", path);
            return FileChannel.open(
                    path,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw FileProblem.during("could not open the pid file", e);
        }
    }

    /** Writes the pid, which shows that clients are served. */
    void writePid() throws IOException {
        String pid = ProcessHandle.current().pid() + "\n";
        channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)), 0);
    }

    /** Removes the file and gives up the lock. */
    @Override
    public void close() throws IOException {
        if (!channel.isOpen()) {
            return; // By now the path may belong to another master.
        }
        Files.deleteIfExists(path);
        channel.close();
    }
}
