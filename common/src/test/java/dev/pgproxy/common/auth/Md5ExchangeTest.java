package dev.pgproxy.common.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class Md5ExchangeTest {

    /** From a server: CREATE ROLE app PASSWORD 'secret' with password_encryption = md5. */
    private static final String STORED = "md5" + "6a422f785c9e20873908ce25d1736ae2";

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void storesWhatAServerStores() {
        assertEquals(STORED, Md5Exchange.stored(bytes("secret"), bytes("app")));
        assertTrue(Md5Exchange.isStored(STORED));
        assertFalse(Md5Exchange.isStored("md5short"));
    }

    @Test
    void acceptsOnlyTheAnswerToItsOwnSalt() {
        byte[] salt = {1, 2, 3, 4};
        // An independent client's computation: md5 of the inner hash's hex digits and the salt.
        byte[] right = bytes(Md5Exchange.stored(bytes(STORED.substring(3)), salt));
        assertTrue(Md5Exchange.matches(STORED, salt, right));
        assertFalse(Md5Exchange.matches(STORED, new byte[] {1, 2, 3, 5}, right));
        assertFalse(Md5Exchange.matches(STORED, salt, new byte[0]));
    }
}
