package dev.pgproxy.common.child;

import dev.pgproxy.common.config.ProxyConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The arguments that the master starts a child with; picocli fills them in. */
public final class ChildOptions {

    @Option(names = "--socket", required = true, description = "the master's control socket")
    Path socket = Path.of("");

    @Option(names = "--slot", required = true, description = "this child's number among its kind, from 1")
    int slot;

    @Option(names = "--log-level", required = true, description = "least severity that is logged")
    ProxyConfig.LogLevel logLevel = ProxyConfig.LogLevel.INFO;

    @Option(names = "--log-file", description = "log file, without its suffix; standard error if not given")
    @Nullable
    Path logFile;

    /** The same as a command line, for the master. */
    public static List<String> commandLine(Path socket, int slot, ProxyConfig.Logging logging) {
        List<String> arguments = new java.util.ArrayList<>(List.of(
                "--socket",
                socket.toString(),
                "--slot",
                Integer.toString(slot),
                "--log-level",
                logging.level().name()));
        logging.file().ifPresent(file -> arguments.addAll(List.of("--log-file", file.toString())));
        return arguments;
    }

    Optional<Path> logFile() {
        return Optional.ofNullable(logFile);
    }
}
