package dev.pgproxy.taskworker.secret;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.ScramVerifier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UserListTest {

    @Test
    void readsUsersQuotesAndComments() {
        UserList users = UserList.parse("""
                "app" "secret"
                ; "old" "gone"

                  "we""ird" "pa""ss" further words
                "empty" ""
                app secret
                "half" "
                """);
        assertEquals(Optional.of("secret"), users.secret("app"));
        assertEquals(Optional.of("pa\"ss"), users.secret("we\"ird"));
        assertEquals(Optional.empty(), users.secret("empty"));
        assertEquals(Optional.empty(), users.secret("old"));
        assertEquals(List.of(6, 7), users.badLines());
        assertFalse(users.toString().contains("secret"));
    }

    @Test
    void readsALineOfAnyLength() {
        String long100k = "x\"\"".repeat(50_000);
        UserList users = UserList.parse("\"app\" \"" + long100k + "\"\n\"next\" \"secret\"\n");
        assertEquals(100_000, users.secret("app").orElse("").length());
        assertEquals(Optional.of("secret"), users.secret("next"));
    }

    @Test
    void makesBothHashesOfAPlainPassword(@TempDir Path directory) throws IOException {
        Path path = Files.writeString(directory.resolve("users"), "\"app\" \"secret\"\n");
        UserListFile file = new UserListFile(path);
        List<String> verifiers = file.verifiers("app");
        assertEquals("md56a422f785c9e20873908ce25d1736ae2", verifiers.get(0));
        ScramVerifier scram = ScramVerifier.parse(verifiers.get(1));
        assertNotNull(scram);
        assertTrue(scram.matches("secret".getBytes(StandardCharsets.UTF_8)));
        assertEquals(verifiers, file.verifiers("app"), "the same salt while the file is the same");
    }

    @Test
    void readsTheFileAnewWhenItChanged(@TempDir Path directory) throws IOException {
        Path path = directory.resolve("users");
        UserListFile file = new UserListFile(path);
        assertEquals(List.of(), file.verifiers("app"));
        Files.writeString(path, "\"app\" \"md5" + "0".repeat(32) + "\"\n");
        assertEquals(List.of("md5" + "0".repeat(32)), file.verifiers("app"));
        Files.writeString(path, "\"app\" \"md5" + "1".repeat(32) + "\"\n\n");
        assertEquals(List.of("md5" + "1".repeat(32)), file.verifiers("app"));
        Files.delete(path);
        assertEquals(List.of("md5" + "1".repeat(32)), file.verifiers("app"), "a lost file changes nothing");
    }
}
