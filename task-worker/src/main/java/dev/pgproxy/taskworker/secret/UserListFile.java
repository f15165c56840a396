package dev.pgproxy.taskworker.secret;

import dev.pgproxy.common.auth.Md5Exchange;
import dev.pgproxy.common.auth.ScramVerifier;
import dev.pgproxy.common.files.TrustedPath;
import dev.pgproxy.common.log.Event;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The {@code auth_file}, read again when it has changed. Used by several threads. */
final class UserListFile {

    /** Shows whether the file has changed. */
    private record Stamp(String fileKey, FileTime modified, long bytes) {}

    /** The parsed file takes about six times this, and twice that while a new one is read. */
    private static final long MAX_BYTES = 4L * 1024 * 1024;

    private final Path path;
    private final SecureRandom random = new SecureRandom();
    private UserList users = new UserList(Map.of(), List.of());
    private @Nullable Stamp stamp;
    private String lastProblem = "";

    /** Hashes of the plain passwords that were requested; computing one takes milliseconds. */
    private final Map<String, List<String>> hashed = new HashMap<>();

    UserListFile(Path path) {
        this.path = path;
    }

    /** Stored hashes for the user, {@code md5...} and {@code SCRAM-SHA-256$...}; empty when the file has nothing for this user. */
    synchronized List<String> verifiers(String user) {
        readIfChanged();
        Optional<String> secret = users.secret(user);
        if (secret.isEmpty()) {
            return List.of();
        }
        String found = secret.get();
        if (Md5Exchange.isStored(found) || found.startsWith(ScramVerifier.PREFIX)) {
            return List.of(found);
        }
        return hashed.computeIfAbsent(user, key -> hashes(key, found));
    }

    private List<String> hashes(String user, String password) {
        byte[] bytes = password.getBytes(StandardCharsets.UTF_8);
        String md5 = Md5Exchange.stored(bytes, user.getBytes(StandardCharsets.UTF_8));
        byte[] salt = new byte[ScramVerifier.SALT_BYTES];
        random.nextBytes(salt);
        try {
            return List.of(md5, ScramVerifier.of(bytes, salt).stored());
        } catch (CharacterCodingException e) {
            return List.of(md5); // It can still be used for md5.
        }
    }

    private void readIfChanged() {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            Stamp now =
                    new Stamp(String.valueOf(attributes.fileKey()), attributes.lastModifiedTime(), attributes.size());
            if (now.equals(stamp)) {
                return;
            }
            TrustedPath.checkRegular("auth_file", path);
            if (attributes.size() > MAX_BYTES) {
                throw new IOException("it has " + attributes.size() + " bytes, more than " + MAX_BYTES);
            }
            users = UserList.parse(Files.readString(path, StandardCharsets.UTF_8));
            stamp = now;
            hashed.clear();
            lastProblem = "";
            Event.of("auth_file_read")
                    .with("file", path)
                    .with("users", users.secrets().size())
                    .info();
            warnOfWhatIsWrong();
        } catch (IOException e) {
            String problem = e.getClass().getSimpleName() + ": " + e.getMessage();
            if (!problem.equals(lastProblem)) {
                lastProblem = problem;
                Event.of("auth_file_unreadable")
                        .with("file", path)
                        .message(problem + "; what was read before stays in force")
                        .hint("Make the file readable for pgproxy's user, and write it in UTF-8.")
                        .error();
            }
        }
    }

    private void warnOfWhatIsWrong() throws IOException {
        if (!users.badLines().isEmpty()) {
            Event.of("auth_file_lines_ignored")
                    .with("file", path)
                    .with("lines", users.badLines())
                    .hint("A line is: \"user\" \"password\", with a quote inside written twice.")
                    .warn();
        }
        if (TrustedPath.isOpenToAll(path)) {
            Event.of("auth_file_open_to_all")
                    .with("file", path)
                    .message("every user of this host can read these passwords")
                    .hint("Run chmod 600, and give it to pgproxy's user.")
                    .warn();
        }
    }
}
