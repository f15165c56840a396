package dev.pgproxy.testkit.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** PostgreSQL refuses to run as root, so root's tests run it as nobody. */
final class PostgresUser {

    private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

    private PostgresUser() {}

    /** The command as it has to be started by the current user. */
    static List<String> command(List<String> command) {
        List<String> full = new ArrayList<>();
        if (ROOT) {
            full.addAll(List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"));
        }
        full.addAll(command);
        return full;
    }

    /** Gives a tree to the user that PostgreSQL runs as. */
    static void own(Path tree) throws IOException {
        if (ROOT) {
            var nobody = tree.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
            try (Stream<Path> all = Files.walk(tree)) {
                for (Path each : all.toList()) {
                    Files.setOwner(each, nobody);
                }
            }
        }
    }
}
