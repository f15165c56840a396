package dev.pgproxy.testkit.postgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** PostgreSQL and pgbouncer refuse to run as root, so tests that run as root start them as nobody. */
public final class PostgresUser {

    private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

    private PostgresUser() {}

    /** The command as the current user must start it. */
    public static List<String> command(List<String> command) {
        List<String> full = new ArrayList<>();
        if (ROOT) {
            full.addAll(List.of("setpriv", "--reuid=nobody", "--regid=" + groupId(), "--clear-groups", "--"));
        }
        full.addAll(command);
        return full;
    }

    /** The group of user nobody, whose name differs between distributions. */
    private static String groupId() {
        try {
            Process id = new ProcessBuilder("id", "-g", "nobody").start();
            return new String(id.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("could not ask for the group of nobody", e);
        }
    }

    /** Gives a tree to the user that they run as. */
    public static void own(Path tree) throws IOException {
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
