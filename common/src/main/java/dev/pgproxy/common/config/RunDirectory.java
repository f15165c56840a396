package dev.pgproxy.common.config;

import java.nio.file.Path;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Where pgproxy's files go when the configuration names no path. Never where others could create something first, as in /tmp. */
final class RunDirectory {

    private static final String NAME = "pgproxy";
    private static final Path RUN = Path.of("/run", NAME);
    private static final Path STATE = Path.of("/var/lib", NAME);

    private RunDirectory() {}

    /**
     * {@code /run/pgproxy} for root, and for the user that an init script made it for; else the user's runtime directory; else
     * {@code run} in the directory for state.
     *
     * @param runtimeDirectory the value of XDG_RUNTIME_DIR, null when there is none
     * @param isOwn whether a path is a directory that belongs to this user
     */
    static Path choose(String user, @Nullable String runtimeDirectory, Path state, Predicate<Path> isOwn) {
        if (user.equals("root") || isOwn.test(RUN)) {
            return RUN;
        }
        boolean isSet = runtimeDirectory != null && !runtimeDirectory.isEmpty();
        return isSet ? Path.of(runtimeDirectory, NAME) : state.resolve("run");
    }

    /**
     * Where files go that survive a restart of the host: {@code /var/lib/pgproxy} for root, and for the user that an init script made it
     * for; else the user's directory for state.
     *
     * @param stateDirectory the value of XDG_STATE_HOME, null when there is none
     * @param isOwn whether a path is a directory that belongs to this user
     */
    static Path chooseForState(String user, String home, @Nullable String stateDirectory, Predicate<Path> isOwn) {
        if (user.equals("root") || isOwn.test(STATE)) {
            return STATE;
        }
        boolean isSet = stateDirectory != null && !stateDirectory.isEmpty();
        return (isSet ? Path.of(stateDirectory) : Path.of(home, ".local", "state")).resolve(NAME);
    }
}
