package dev.pgproxy.common.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The md5 method: {@code "md5" + hex(md5(hex(md5(password + user)) + salt))}. Protocol: "Start-up" in "Message Flow".
 */
public final class Md5Exchange {

    /** Prefix of a stored hash. */
    public static final String PREFIX = "md5";

    public static final int SALT_BYTES = 4;
    private static final int STORED_LENGTH = PREFIX.length() + 32;

    private Md5Exchange() {}

    /** The stored form of a password, as in pg_authid. */
    public static String stored(byte[] password, byte[] user) {
        return PREFIX + hex(digest(password, user));
    }

    /** Whether a stored password has this form. */
    public static boolean isStored(String stored) {
        return stored.length() == STORED_LENGTH && stored.matches(PREFIX + "[0-9a-f]{32}");
    }

    /**
     * Whether the client knows the password of the stored hash. Compares in constant time.
     *
     * @param response the body of PasswordMessage without its terminator
     */
    public static boolean matches(String stored, byte[] salt, byte[] response) {
        return MessageDigest.isEqual(response(stored, salt), response);
    }

    /**
     * The response computed from the stored hash, which is as good as the password.
     *
     * @return the body of PasswordMessage without its terminator
     */
    public static byte[] response(String stored, byte[] salt) {
        byte[] inner = stored.substring(PREFIX.length()).getBytes(StandardCharsets.US_ASCII);
        return (PREFIX + hex(digest(inner, salt))).getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] digest(byte[] first, byte[] second) {
        try {
            MessageDigest md5 = MessageDigest.getInstance("MD5");
            md5.update(first);
            md5.update(second);
            return md5.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has MD5", e);
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
