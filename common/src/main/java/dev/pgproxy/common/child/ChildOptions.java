package dev.pgproxy.common.child;

import dev.pgproxy.common.config.ProxyConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The arguments that the master starts a child with. Only the master writes them, so they are pairs of a name and a value and nothing
 * else: a parser for people takes a tenth of a second and some memory in each child.
 *
 * @param socket the master's control socket
 * @param slot this child's number among its kind, from 1
 * @param logLevel least severity that is logged
 * @param logFile log file, without its suffix; empty for standard error
 */
public record ChildOptions(Path socket, int slot, ProxyConfig.LogLevel logLevel, Optional<Path> logFile) {

    private static final String SOCKET = "--socket";
    private static final String SLOT = "--slot";
    private static final String LOG_LEVEL = "--log-level";
    private static final String LOG_FILE = "--log-file";
    private static final List<String> NAMES = List.of(SOCKET, SLOT, LOG_LEVEL, LOG_FILE);

    /**
     * Reads the arguments of a child.
     *
     * @throws IllegalArgumentException when they are not the master's
     */
    static ChildOptions parse(String... arguments) {
        if (arguments.length % 2 != 0) {
            throw new IllegalArgumentException("an argument has no value");
        }
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            if (!NAMES.contains(arguments[i]) || values.put(arguments[i], arguments[i + 1]) != null) {
                throw new IllegalArgumentException(arguments[i] + " is unknown, or given twice");
            }
        }
        return new ChildOptions(
                Path.of(required(values, SOCKET)),
                Integer.parseInt(required(values, SLOT)),
                ProxyConfig.LogLevel.valueOf(required(values, LOG_LEVEL)),
                Optional.ofNullable(values.get(LOG_FILE)).map(Path::of));
    }

    private static String required(Map<String, String> values, String name) {
        @Nullable String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("there is no " + name);
        }
        return value;
    }

    /** The same as a command line. */
    public List<String> commandLine() {
        List<String> arguments = new ArrayList<>(
                List.of(SOCKET, socket.toString(), SLOT, Integer.toString(slot), LOG_LEVEL, logLevel.name()));
        logFile.ifPresent(file -> arguments.addAll(List.of(LOG_FILE, file.toString())));
        return arguments;
    }
}
