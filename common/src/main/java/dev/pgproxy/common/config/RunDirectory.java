package dev.pgproxy.common.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where files of pgproxy go when the configuration names no place for them. */
final class RunDirectory {

    private RunDirectory() {}

    /**
     * {@code /run/pgproxy} for root, else the user's runtime directory, else one of its own in the temporary directory.
     *
     * @param userRuntimeDirectory the value of XDG_RUNTIME_DIR, null when there is none
     */
    static Path choose(String user, @Nullable String userRuntimeDirectory) {
        if (user.equals("root")) {
            return Path.of("/run/pgproxy");
        }
        if (userRuntimeDirectory != null && !userRuntimeDirectory.isEmpty()) {
            return Path.of(userRuntimeDirectory, "pgproxy");
        }
        return Path.of(System.getProperty("java.io.tmpdir"), "pgproxy-" + user);
    }

    /**
     * Where files go that outlive a restart of the host: {@code /var/lib/pgproxy} for root, else the user's directory for state.
     *
     * @param userStateDirectory the value of XDG_STATE_HOME, null when there is none
     */
    static Path chooseForState(String user, String home, @Nullable String userStateDirectory) {
        if (user.equals("root")) {
            return Path.of("/var/lib/pgproxy");
        }
        boolean isSet = userStateDirectory != null && !userStateDirectory.isEmpty();
        return (isSet ? Path.of(userStateDirectory) : Path.of(home, ".local", "state")).resolve("pgproxy");
    }
}
