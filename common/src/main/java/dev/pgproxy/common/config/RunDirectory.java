package dev.pgproxy.common.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where files of a running pgproxy go when the configuration names no place for them. */
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
}
