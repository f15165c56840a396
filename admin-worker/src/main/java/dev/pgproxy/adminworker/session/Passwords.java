package dev.pgproxy.adminworker.session;

import dev.pgproxy.common.auth.ScramExchange;
import dev.pgproxy.common.auth.ScramVerifier;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.log.Event;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The passwords of pg_proxy. Only the client's proof shows which one it has, so all share one salt: the challenge is the same for each.
 */
public final class Passwords {

    /** What a password lets its owner do. */
    public enum Right {
        READ,
        READ_AND_ACT
    }

    private record Known(ScramVerifier verifier, Right right) {}

    private final SecureRandom random = new SecureRandom();
    private final List<Known> known = new ArrayList<>();

    /** Takes milliseconds for each password. */
    public Passwords(ProxyConfig.AdminDatabase settings) {
        byte[] salt = random(ScramVerifier.SALT_BYTES);
        // Every account on this host knows the default, so it may only read.
        Right right = settings.hasDefaultPassword() ? Right.READ : Right.READ_AND_ACT;
        add(settings.password(), "pg_proxy_pw", right, salt);
        settings.readerPassword().ifPresent(password -> add(password, "pg_proxy_stats_pw", Right.READ, salt));
    }

    private void add(String password, String key, Right right, byte[] salt) {
        try {
            known.add(new Known(ScramVerifier.of(password.getBytes(StandardCharsets.UTF_8), salt), right));
        } catch (CharacterCodingException e) {
            Event.of("password_unusable")
                    .with("key", key)
                    .message(
                            "it has characters that a password cannot have, so it cannot be used to log in to pg_proxy")
                    .hint("Choose another one.")
                    .error();
        }
    }

    private byte[] random(int bytes) {
        byte[] value = new byte[bytes];
        random.nextBytes(value);
        return value;
    }

    /** One login. */
    Login login() {
        return new Login(random(ScramExchange.NONCE_BYTES));
    }

    /** The exchange with one client, carried out for all passwords at once. */
    final class Login {
        private final List<ScramExchange> exchanges;

        private Login(byte[] nonce) {
            exchanges = known.stream()
                    .map(each -> new ScramExchange(each.verifier(), nonce))
                    .toList();
        }

        /** As {@link ScramExchange#first}. */
        byte @Nullable [] first(byte[] clientFirst) {
            byte[] answer = null;
            for (ScramExchange exchange : exchanges) {
                answer = exchange.first(clientFirst);
            }
            return answer;
        }

        /** What the right password grants. */
        @SuppressWarnings("ArrayRecordComponent") // Sent, and never compared.
        record Granted(byte[] serverFinal, Right right) {

            /** Whether it may do more than read. */
            boolean mayAct() {
                return right == Right.READ_AND_ACT;
            }
        }

        /** As {@link ScramExchange#last}; null when the client has none of the passwords. */
        @Nullable
        Granted last(byte[] clientFinal) {
            Granted granted = null;
            for (int i = 0; i < exchanges.size(); i++) {
                byte[] answer = exchanges.get(i).last(clientFinal);
                if (answer != null) {
                    granted = new Granted(answer, known.get(i).right());
                }
            }
            return granted;
        }
    }
}
