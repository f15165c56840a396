package dev.pgproxy.common.auth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The example of RFC 7677, section 3: user "user", password "pencil". */
class ScramExchangeTest {

    private static final String CLIENT_NONCE = "rOprNGfwEbeRWgbNEkqO";
    private static final String SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    private static final String SALT = "W22ZaJ0SNY7soEsUEjb6gQ==";

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    private static ScramVerifier verifier() throws Exception {
        return ScramVerifier.of(bytes("pencil"), Base64.getDecoder().decode(SALT));
    }

    /** An independent client, computed from the standard's formulas with the JDK alone. */
    private static String clientFinal(String clientNonce, String serverFirst, String password) throws Exception {
        return clientFinal(clientNonce, serverFirst, password, "");
    }

    /** @param extension in both of the client's messages, with the comma before it */
    private static String clientFinal(String clientNonce, String serverFirst, String password, String extension)
            throws Exception {
        String[] parts = serverFirst.split(",", -1);
        byte[] salt = Base64.getDecoder().decode(parts[1].substring(2));
        int iterations = Integer.parseInt(parts[2].substring(2));
        byte[] salted = javax.crypto.SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                .generateSecret(new javax.crypto.spec.PBEKeySpec(password.toCharArray(), salt, iterations, 256))
                .getEncoded();
        byte[] clientKey = hmac(salted, bytes("Client Key"));
        byte[] storedKey = java.security.MessageDigest.getInstance("SHA-256").digest(clientKey);
        String withoutProof = "c=biws," + parts[0] + extension;
        byte[] signature =
                hmac(storedKey, bytes("n=user,r=" + clientNonce + extension + "," + serverFirst + "," + withoutProof));
        byte[] proof = new byte[clientKey.length];
        for (int i = 0; i < proof.length; i++) {
            proof[i] = (byte) (clientKey[i] ^ signature[i]);
        }
        return withoutProof + ",p=" + Base64.getEncoder().encodeToString(proof);
    }

    private static byte[] hmac(byte[] key, byte[] message) throws Exception {
        javax.crypto.Mac mac = javax.crypto.Mac.getInstance("HmacSHA256");
        mac.init(new javax.crypto.spec.SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(message);
    }

    private static ScramExchange exchange() throws Exception {
        return new ScramExchange(verifier(), bytes(SERVER_NONCE));
    }

    @Test
    void verifierComesBackAsItWasStored() throws Exception {
        ScramVerifier verifier = verifier();
        ScramVerifier again = ScramVerifier.parse(verifier.stored());
        assertNotNull(again);
        assertEquals(verifier.stored(), again.stored());
        assertEquals("WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=", stored(verifier.storedKey()));
        assertEquals("wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=", stored(verifier.serverKey()));
        assertTrue(again.matches(bytes("pencil")));
        assertFalse(again.matches(bytes("crayon")));
        assertFalse(again.matches(new byte[0]));
    }

    private static String stored(byte[] key) {
        return Base64.getEncoder().encodeToString(key);
    }

    @Test
    void refusesToReadWhatIsNoVerifier() {
        for (String bad : new String[] {
            "", "md5eb72eb7be37e40dac50b26bb28cb4f9b", "SCRAM-SHA-256$0:AAAA$AAAA:AAAA", "SCRAM-SHA-256$4096:!$x:y"
        }) {
            assertNull(ScramVerifier.parse(bad), bad);
        }
    }

    @Test
    void acceptsAClientThatKnowsThePassword() throws Exception {
        ScramExchange exchange = exchange();
        byte[] first = exchange.first(bytes("n,,n=user,r=" + CLIENT_NONCE));
        assertNotNull(first);
        String nonce = CLIENT_NONCE + Base64.getEncoder().encodeToString(bytes(SERVER_NONCE));
        assertEquals("r=" + nonce + ",s=" + SALT + ",i=4096", text(first));
        byte[] last = exchange.last(bytes(clientFinal(CLIENT_NONCE, text(first), "pencil")));
        assertNotNull(last);
        assertTrue(text(last).startsWith("v="));
    }

    @Test
    void passesOverExtensionsThatNobodyKnows() throws Exception {
        ScramExchange exchange = exchange();
        byte[] first = exchange.first(bytes("n,,n=user,r=" + CLIENT_NONCE + ",x=y,z="));
        assertNotNull(first);
        assertNotNull(exchange.last(bytes(clientFinal(CLIENT_NONCE, text(first), "pencil", ",x=y,z="))));
        assertNull(exchange.last(bytes(clientFinal(CLIENT_NONCE, text(first), "crayon", ",x=y,z="))));
    }

    /** Matching must not use the stack: the longest message that is read has a third as many extensions as bytes. */
    @Test
    void leavesMessagesToTheServerThatItWouldNotRead() throws Exception {
        String start = "n,,n=user,r=" + CLIENT_NONCE;
        String longest = start + ",a=".repeat((ScramExchange.MAX_MESSAGE_BYTES - start.length()) / 3);
        assertNotNull(exchange().first(bytes(longest)));
        assertNull(exchange().first(bytes(longest + ",a=")));
        assertNull(exchange().first(bytes(start + ",a=".repeat(1_000_000))));
    }

    @Test
    void refusesAWrongPasswordAReplayAndAnotherBinding() throws Exception {
        ScramExchange recorded = exchange();
        byte[] first = recorded.first(bytes("n,,n=user,r=" + CLIENT_NONCE));
        assertNotNull(first);
        String right = clientFinal(CLIENT_NONCE, text(first), "pencil");
        assertNull(recorded.last(bytes(clientFinal(CLIENT_NONCE, text(first), "crayon"))));
        assertNull(recorded.last(bytes(right.replace("c=biws", "c=eSws"))));
        assertNull(recorded.last(bytes("garbage")));

        ScramExchange later = new ScramExchange(verifier(), bytes("another nonce"));
        later.first(bytes("n,,n=user,r=" + CLIENT_NONCE));
        assertNull(later.last(bytes(right)));
    }

    @Test
    void leavesUnusualFirstMessagesToTheServer() throws Exception {
        for (String unusual : new String[] {
            "", "p=tls-server-end-point,,n=,r=abc", "n,a=admin,n=,r=abc", "n,,m=x,n=,r=abc", "n,,n=,r=", "n,,n=,r=a,xy"
        }) {
            assertNull(exchange().first(bytes(unusual)), unusual);
        }
        assertEquals(
                Optional.empty(), Verifiers.of(java.util.List.of("plain text")).scram());
    }

    @Test
    void aTransplantedProofKeepsItsBytesUnderAnotherNonce() throws Exception {
        ScramExchange exchange = exchange();
        byte[] first = exchange.first(bytes("n,,n=user,r=" + CLIENT_NONCE));
        assertNotNull(first);
        String clientFinal = clientFinal(CLIENT_NONCE, text(first), "crayon");
        String proof = clientFinal.substring(clientFinal.indexOf(",p="));
        assertEquals(
                "c=biws,r=other" + proof, text(exchange.transplant(bytes(clientFinal), bytes("r=other,s=AA==,i=1"))));
        assertArrayEquals(bytes("junk"), exchange.transplant(bytes("junk"), bytes("r=other,s=AA==,i=1")));
    }

    @Test
    void whoChecksALoginCanLogInHimself() throws Exception {
        ScramExchange checked = exchange();
        byte[] serverFirst = checked.first(bytes("n,,n=user,r=" + CLIENT_NONCE));
        assertNotNull(serverFirst);
        assertEquals(0, checked.clientKey().length);
        assertNotNull(checked.last(bytes(clientFinal(CLIENT_NONCE, text(serverFirst), "pencil"))));
        assertLogsIn(checked.clientKey());
    }

    @Test
    void whoOverhearsALoginCanLogInHimself() throws Exception {
        String serverFirst = "r=" + CLIENT_NONCE + SERVER_NONCE + ",s=" + SALT + ",i=4096";
        ScramExchange overheard = new ScramExchange(verifier(), new byte[0]);
        assertTrue(overheard.overheard(bytes("n,,n=user,r=" + CLIENT_NONCE), bytes(serverFirst)));
        assertNotNull(overheard.last(bytes(clientFinal(CLIENT_NONCE, serverFirst, "pencil"))));
        assertLogsIn(overheard.clientKey());
    }

    @Test
    void aWrongPasswordRevealsNothing() throws Exception {
        String serverFirst = "r=" + CLIENT_NONCE + SERVER_NONCE + ",s=" + SALT + ",i=4096";
        ScramExchange overheard = new ScramExchange(verifier(), new byte[0]);
        assertTrue(overheard.overheard(bytes("n,,n=user,r=" + CLIENT_NONCE), bytes(serverFirst)));
        assertNull(overheard.last(bytes(clientFinal(CLIENT_NONCE, serverFirst, "crayon"))));
        assertEquals(0, overheard.clientKey().length);
        assertFalse(overheard.overheard(bytes("n,,n=user,r=" + CLIENT_NONCE), bytes("r=another,s=,i=1")));
    }

    /** With fresh nonces on both sides, against the verifier alone. */
    private static void assertLogsIn(byte[] clientKey) throws Exception {
        ScramClient client = new ScramClient(clientKey, bytes("another nonce here"));
        ScramExchange server = new ScramExchange(verifier(), bytes("and another of hers"));
        byte[] serverFirst = server.first(client.first());
        assertNotNull(serverFirst);
        byte[] last = client.last(serverFirst);
        assertNotNull(last);
        assertNotNull(server.last(last));
        assertNull(client.last(bytes("r=somebody else,s=" + SALT + ",i=4096")));
    }
}
