package dev.pgproxy.common.auth;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.StringPreparation;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a server stores of a password for SCRAM-SHA-256. It can check a client, but cannot be used to log in. RFC 5802, section 3.
 *
 * @param salt as in the stored text, in base64
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; copying keys would only leave more of them in the heap.
public record ScramVerifier(int iterations, String salt, byte[] storedKey, byte[] serverKey) {

    /** The mechanism, as a server offers it. */
    public static final String NAME = "SCRAM-SHA-256";

    /** Prefix of a stored verifier. */
    public static final String PREFIX = NAME + "$";

    public static final int SALT_BYTES = 16;
    static final ScramMechanism MECHANISM = ScramMechanism.SCRAM_SHA_256;
    private static final int DEFAULT_ITERATIONS = 4096;

    /** A role may choose any number for its verifier; above this one, the server has to check a password. */
    private static final int MAX_COMPUTED_ITERATIONS = 100_000;

    private static final int KEY_BYTES = 32;
    private static final Pattern STORED =
            Pattern.compile("SCRAM-SHA-256\\$(\\d{1,9}):([A-Za-z0-9+/=]+)\\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)");

    /** Reads {@code SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey}; null when the text is something else. */
    public static @Nullable ScramVerifier parse(String stored) {
        Matcher matcher = STORED.matcher(stored);
        if (!matcher.matches()) {
            return null;
        }
        try {
            byte[] storedKey = Base64.getDecoder().decode(matcher.group(3));
            byte[] serverKey = Base64.getDecoder().decode(matcher.group(4));
            boolean sound = Base64.getDecoder().decode(matcher.group(2)).length > 0
                    && storedKey.length == KEY_BYTES
                    && serverKey.length == KEY_BYTES
                    && Integer.parseInt(matcher.group(1)) > 0;
            return sound
                    ? new ScramVerifier(Integer.parseInt(matcher.group(1)), matcher.group(2), storedKey, serverKey)
                    : null;
        } catch (IllegalArgumentException e) {
            return null; // Not base64.
        }
    }

    /**
     * Computes the verifier of a password. Takes milliseconds: not for an event loop.
     *
     * @throws CharacterCodingException when these bytes cannot be a password
     */
    public static ScramVerifier of(byte[] password, byte[] salt) throws CharacterCodingException {
        byte[] salted;
        try {
            salted = salted(password, salt, DEFAULT_ITERATIONS);
        } catch (IllegalArgumentException e) {
            CharacterCodingException unusable = new CharacterCodingException();
            unusable.initCause(e);
            throw unusable;
        }
        return new ScramVerifier(
                DEFAULT_ITERATIONS,
                Base64.getEncoder().encodeToString(salt),
                ScramFunctions.storedKey(MECHANISM, ScramFunctions.clientKey(MECHANISM, salted)),
                ScramFunctions.serverKey(MECHANISM, salted));
    }

    /** The text that {@link #parse} reads. */
    public String stored() {
        Base64.Encoder encoder = Base64.getEncoder();
        return PREFIX + iterations + ":" + salt + "$" + encoder.encodeToString(storedKey) + ":"
                + encoder.encodeToString(serverKey);
    }

    /** Whether {@link #matches} takes at most some tens of milliseconds. */
    public boolean isComputable() {
        return iterations <= MAX_COMPUTED_ITERATIONS;
    }

    /** Whether this is the password's verifier. Takes milliseconds: not for an event loop. */
    public boolean matches(byte[] password) {
        try {
            byte[] salted = salted(password, Base64.getDecoder().decode(salt), iterations);
            return MessageDigest.isEqual(serverKey, ScramFunctions.serverKey(MECHANISM, salted));
        } catch (CharacterCodingException | IllegalArgumentException e) {
            return false; // The server itself may know what these bytes mean; the library cannot prepare them.
        }
    }

    private static byte[] salted(byte[] password, byte[] salt, int iterations) throws CharacterCodingException {
        CharBuffer decoded = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(password));
        char[] characters = new char[decoded.remaining()];
        decoded.get(characters);
        try {
            if (characters.length == 0) {
                throw new CharacterCodingException();
            }
            return ScramFunctions.saltedPassword(
                    MECHANISM, StringPreparation.POSTGRESQL_PREPARATION, characters, salt, iterations);
        } finally {
            Arrays.fill(characters, '\0');
            Arrays.fill(decoded.array(), '\0');
        }
    }

    /** Without the keys. */
    @Override
    public String toString() {
        return "ScramVerifier[iterations=" + iterations + "]";
    }
}
