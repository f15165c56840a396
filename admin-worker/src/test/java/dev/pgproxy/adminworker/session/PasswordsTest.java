package dev.pgproxy.adminworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.ongres.scram.client.ScramClient;
import dev.pgproxy.common.config.ProxyConfig;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PasswordsTest {

    private static Passwords passwords(String acting, @Nullable String reading) {
        return new Passwords(new ProxyConfig.AdminDatabase(
                acting, Optional.ofNullable(reading), 20, Duration.ofSeconds(10), Duration.ZERO));
    }

    /** A whole login by SCRAM-SHA-256. */
    private static Passwords.Login.@Nullable Granted logIn(Passwords passwords, String password) throws Exception {
        ScramClient client = ScramClient.builder()
                .advertisedMechanisms(List.of("SCRAM-SHA-256"))
                .username("*")
                .password(password.toCharArray())
                .build();
        Passwords.Login login = passwords.login();
        byte[] first = login.first(ascii(client.clientFirstMessage().toString()));
        assertNotNull(first);
        client.serverFirstMessage(new String(first, StandardCharsets.US_ASCII));
        return login.last(ascii(client.clientFinalMessage().toString()));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void eachPasswordGrantsItsOwnRight() throws Exception {
        Passwords passwords = passwords("act", "read");
        Passwords.Login.Granted acting = logIn(passwords, "act");
        assertNotNull(acting);
        assertTrue(acting.mayAct());
        Passwords.Login.Granted reading = logIn(passwords, "read");
        assertNotNull(reading);
        assertFalse(reading.mayAct());
        assertNull(logIn(passwords, "guess"));
    }

    @Test
    void theDefaultThatEverybodyKnowsOnlyReads() throws Exception {
        Passwords.Login.Granted granted = logIn(passwords(ProxyConfig.AdminDatabase.DEFAULT_PASSWORD, null), "pg2pg");
        assertNotNull(granted);
        assertEquals(Passwords.Right.READ, granted.right());
    }

    @Test
    void thereIsNoPasswordForReadersUnlessOneIsSet() throws Exception {
        assertNull(logIn(passwords("act", null), "read"));
    }

    @Test
    void aMessageThatIsNoneGetsNoChallenge() {
        assertNull(passwords("act", "read").login().first(ascii("nonsense")));
    }
}
