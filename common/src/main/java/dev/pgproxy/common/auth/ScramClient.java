package dev.pgproxy.common.auth;

import com.ongres.scram.common.ScramFunctions;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * The client's side of one SCRAM-SHA-256 login, without channel binding, from the ClientKey instead of the password. The server's signature
 * is not verified: without the password there is nothing to lose to a wrong server but this login. RFC 5802, section 3.
 */
public final class ScramClient {

    private static final String HEADER = "n,,";

    private final byte[] clientKey;
    private final String firstBare;
    private final String nonce;

    /** @param nonce used once; {@link ScramExchange#NONCE_BYTES} bytes are enough */
    public ScramClient(byte[] clientKey, byte[] nonce) {
        this.clientKey = clientKey;
        this.nonce = Base64.getEncoder().encodeToString(nonce);
        this.firstBare = "n=,r=" + this.nonce;
    }

    /** client-first-message; the server takes the user's name from the startup packet. */
    public byte[] first() {
        return (HEADER + firstBare).getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Takes server-first-message.
     *
     * @return client-final-message; null when the server's message does not belong to this login
     */
    public byte @Nullable [] last(byte[] serverFirst) {
        String heard = new String(serverFirst, StandardCharsets.ISO_8859_1);
        int end = heard.indexOf(',');
        if (end < 0 || !heard.startsWith("r=" + nonce)) {
            return null;
        }
        String binding = Base64.getEncoder().encodeToString(HEADER.getBytes(StandardCharsets.US_ASCII));
        String withoutProof = "c=" + binding + "," + heard.substring(0, end);
        byte[] storedKey = ScramFunctions.storedKey(ScramVerifier.MECHANISM, clientKey);
        byte[] signature = ScramFunctions.clientSignature(
                ScramVerifier.MECHANISM, storedKey, firstBare + "," + heard + "," + withoutProof);
        String proof = Base64.getEncoder().encodeToString(ScramFunctions.clientProof(clientKey, signature));
        return (withoutProof + ",p=" + proof).getBytes(StandardCharsets.ISO_8859_1);
    }
}
