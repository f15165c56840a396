package dev.pgproxy.common.auth;

import com.ongres.scram.common.ScramFunctions;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of one SCRAM-SHA-256 login, without channel binding:
 *
 * <pre>
 *   client: n,,n=,r=CN      server: r=CN+SN,s=SALT,i=N      client: c=biws,r=CN+SN,p=PROOF      server: v=SIGNATURE
 * </pre>
 *
 * Unknown extensions are skipped, as a server does. Anything else that a client may send is left to the server to judge. RFC 5802, section
 * 5.
 */
public final class ScramExchange {

    /** As in the server: 18 random bytes, in base64. */
    public static final int NONCE_BYTES = 18;

    /** The server's own limit, PG_MAX_SASL_MESSAGE_LENGTH, which includes the message's length word. */
    public static final int MAX_MESSAGE_BYTES = 1_024;

    // Possessive: backtracking would take one level of the stack for each extension.
    private static final Pattern CLIENT_FIRST =
            Pattern.compile("([ny]),,(n=[^,]*,r=([!-+\\--~]+)(?:,[A-Za-z]=[^,]*+)*+)");
    private static final Pattern CLIENT_FINAL =
            Pattern.compile("(c=([^,]*),r=([^,]*)(?:,[A-Za-oq-z]=[^,]*+)*+),p=([A-Za-z0-9+/=]+)");

    private final ScramVerifier verifier;
    private final String serverNonce;
    private String nonce = "";
    private String header = "";
    private String saidSoFar = "";
    private byte[] clientKey = {};

    /** @param nonce unpredictable, and used once */
    public ScramExchange(ScramVerifier verifier, byte[] nonce) {
        this.verifier = verifier;
        this.serverNonce = Base64.getEncoder().encodeToString(nonce);
    }

    /** A message that is too long matches nothing. */
    private static Matcher matcher(Pattern pattern, byte[] message) {
        boolean isTooLong = message.length > MAX_MESSAGE_BYTES;
        return pattern.matcher(isTooLong ? "" : new String(message, StandardCharsets.ISO_8859_1));
    }

    /**
     * Takes client-first-message.
     *
     * @return server-first-message; null when the client's message is not understood
     */
    public byte @Nullable [] first(byte[] clientFirst) {
        Matcher matcher = matcher(CLIENT_FIRST, clientFirst);
        if (!matcher.matches()) {
            return null;
        }
        nonce = matcher.group(3) + serverNonce;
        header = matcher.group(1) + ",,";
        String answer = "r=" + nonce + ",s=" + verifier.salt() + ",i=" + verifier.iterations();
        saidSoFar = matcher.group(2) + "," + answer;
        return answer.getBytes(StandardCharsets.ISO_8859_1);
    }

    /**
     * Takes the messages that a client exchanged with another server, in place of {@link #first}: the login is overheard.
     *
     * @return false when they are not understood
     */
    public boolean overheard(byte[] clientFirst, byte[] serverFirst) {
        Matcher matcher = matcher(CLIENT_FIRST, clientFirst);
        String answer = new String(serverFirst, StandardCharsets.ISO_8859_1);
        int end = answer.indexOf(',');
        if (!matcher.matches() || end < 0 || !answer.startsWith("r=" + matcher.group(3))) {
            return false;
        }
        nonce = answer.substring(2, end);
        header = matcher.group(1) + ",,";
        saidSoFar = matcher.group(2) + "," + answer;
        return true;
    }

    /**
     * The ClientKey, which a valid proof reveals to the holder of the verifier; {@link ScramClient} logs in with it. Empty until
     * {@link #last} has accepted a proof. For this verifier, it is a secret as good as the password.
     */
    public byte[] clientKey() {
        return clientKey;
    }

    /**
     * Takes client-final-message.
     *
     * @return server-final-message; null when it does not prove that the client knows the password
     */
    public byte @Nullable [] last(byte[] clientFinal) {
        Matcher matcher = matcher(CLIENT_FINAL, clientFinal);
        if (!matcher.matches() || nonce.isEmpty()) {
            return null;
        }
        String binding = Base64.getEncoder().encodeToString(header.getBytes(StandardCharsets.US_ASCII));
        if (!matcher.group(2).equals(binding) || !matcher.group(3).equals(nonce)) {
            return null;
        }
        String all = saidSoFar + "," + matcher.group(1);
        byte[] proof;
        try {
            proof = Base64.getDecoder().decode(matcher.group(4));
        } catch (IllegalArgumentException e) {
            return null;
        }
        if (proof.length != verifier.storedKey().length
                || !ScramFunctions.verifyClientProof(ScramVerifier.MECHANISM, proof, verifier.storedKey(), all)) {
            return null;
        }
        clientKey = ScramFunctions.clientProof(
                proof, ScramFunctions.clientSignature(ScramVerifier.MECHANISM, verifier.storedKey(), all));
        byte[] signature = ScramFunctions.serverSignature(ScramVerifier.MECHANISM, verifier.serverKey(), all);
        return ("v=" + Base64.getEncoder().encodeToString(signature)).getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Moves a client's proof from this exchange into another one, where it proves nothing. This makes the server itself
     * report that the password is wrong.
     *
     * @param serverFirst the other exchange's server-first-message
     * @return the moved message; the client's message, unchanged, when it does not belong to this exchange
     */
    public byte[] transplant(byte[] clientFinal, byte[] serverFirst) {
        Matcher matcher = matcher(CLIENT_FINAL, clientFinal);
        String other = new String(serverFirst, StandardCharsets.ISO_8859_1);
        int end = other.indexOf(',');
        if (!matcher.matches() || !matcher.group(3).equals(nonce) || !other.startsWith("r=") || end < 0) {
            return clientFinal;
        }
        String moved = "c=" + matcher.group(2) + "," + other.substring(0, end) + ",p=" + matcher.group(4);
        return moved.getBytes(StandardCharsets.ISO_8859_1);
    }

    /**
     * The data of a SASLInitialResponse: the mechanism's name, Int32 length, data. Null when it is for another mechanism, or malformed.
     *
     * @param body of the message
     */
    public static byte @Nullable [] initialResponse(byte[] body) {
        byte[] mechanism = (ScramVerifier.NAME + "\0").getBytes(StandardCharsets.US_ASCII);
        ByteBuffer in = ByteBuffer.wrap(body);
        try {
            byte[] named = new byte[mechanism.length];
            in.get(named);
            if (!Arrays.equals(named, mechanism) || in.getInt() != in.remaining()) {
                return null;
            }
        } catch (BufferUnderflowException e) {
            return null;
        }
        return Arrays.copyOfRange(body, in.position(), body.length);
    }
}
