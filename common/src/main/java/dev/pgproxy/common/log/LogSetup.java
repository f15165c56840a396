package dev.pgproxy.common.log;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.files.FileProblem;
import dev.pgproxy.common.files.TrustedPath;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.tinylog.Level;
import org.tinylog.configuration.Configuration;
import org.tinylog.provider.ProviderRegistry;

/** Points tinylog at the file or at standard error. Must be called before the first event is logged. */
public final class LogSetup {

    private LogSetup() {}

    /**
     * @param file the configured name; {@code suffix} is appended to it, so that each process has a file of its own. Empty
     *     for standard error
     * @param suffix {@code main}, {@code proxyN}, {@code work} or {@code admin}
     */
    public static void start(Optional<Path> file, String suffix, ProxyConfig.LogLevel level) {
        Configuration.set("autoshutdown", "false");
        Configuration.set("writer", "reopenable");
        Configuration.set("writer.level", "debug"); // The writer drops what is below the level in force.
        level(level);
        Configuration.set("writer.format", "{date:yyyy-MM-dd HH:mm:ss.SSSXXX} {level} " + suffix + " {message}");
        file.ifPresent(path -> Configuration.set("writer.file", path + "." + suffix));
    }

    /**
     * Opens and closes the file that {@link #start} would write to.
     *
     * @throws IOException when it cannot be written
     */
    public static void check(Optional<Path> file, String suffix) throws IOException {
        if (file.isPresent()) {
            Path path = Path.of(file.get() + "." + suffix);
            try {
                TrustedPath.check("log.filename", path);
                TrustedPath.checkRegular("log.filename", path);
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
                        .close();
            } catch (IOException e) {
                throw FileProblem.during("could not open the log file", e);
            }
        }
    }

    /** Sets the least severity that is logged. */
    public static void level(ProxyConfig.LogLevel level) {
        ReopenableWriter.leastLevel(
                switch (level) {
                    case DEBUG -> Level.DEBUG;
                    case INFO -> Level.INFO;
                    case WARNING -> Level.WARN;
                    case ERROR -> Level.ERROR;
                });
    }

    /** What this process has logged. */
    public static LogJournal journal() {
        return ReopenableWriter.JOURNAL;
    }

    /** Waits until everything is written, for a second at most; for callers that end the process at once. */
    public static void flush() {
        try {
            ProviderRegistry.getLoggingProvider().shutdown();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reopens the log file at the next event, after it was moved away. */
    public static void reopen() {
        ReopenableWriter.reopenAll();
    }
}
