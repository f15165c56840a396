package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Md5Exchange;
import dev.pgproxy.common.auth.ScramClient;
import dev.pgproxy.common.auth.ScramVerifier;
import dev.pgproxy.common.protocol.FrontendMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Logs in for a client that has proved its password to the proxy, with what is known since then: a hash or the ClientKey. */
public final class KeyLogin implements LoginAnswers {

    private final Optional<String> md5;
    private final @Nullable ScramClient scram;

    /**
     * @param md5 as in pg_authid, where it is known
     * @param clientKey empty when it is not known
     * @param nonce used for this login alone
     */
    KeyLogin(Optional<String> md5, byte[] clientKey, byte[] nonce) {
        this.md5 = md5;
        this.scram = clientKey.length == 0 ? null : new ScramClient(clientKey, nonce);
    }

    @Override
    public byte @Nullable [] answer(int code, byte[] data) {
        return switch (code) {
            case AuthenticationMethod.MD5_CODE ->
                md5.map(stored -> message(Md5Exchange.response(stored, data), new byte[1]))
                        .orElse(null);
            case AuthenticationMethod.SASL_CODE -> initialResponse(data);
            case AuthenticationMethod.SASL_CONTINUE_CODE -> response(data);
            default -> null;
        };
    }

    /** SASLInitialResponse: the mechanism's name, Int32 length, data. */
    private byte @Nullable [] initialResponse(byte[] mechanisms) {
        List<String> offered = List.of(new String(mechanisms, StandardCharsets.US_ASCII).split("\0", -1));
        if (scram == null || !offered.contains(ScramVerifier.NAME)) {
            return null;
        }
        byte[] first = scram.first();
        return message(
                (ScramVerifier.NAME + "\0").getBytes(StandardCharsets.US_ASCII),
                ByteBuffer.allocate(Integer.BYTES).putInt(first.length).array(),
                first);
    }

    /** SASLResponse. */
    private byte @Nullable [] response(byte[] serverFirst) {
        if (scram == null) {
            return null;
        }
        byte[] last = scram.last(serverFirst);
        return last == null ? null : message(last);
    }

    private static byte[] message(byte[]... parts) {
        ByteBuffer body = ByteBuffer.allocate(
                List.of(parts).stream().mapToInt(part -> part.length).sum());
        List.of(parts).forEach(body::put);
        return FrontendMessage.wrap(FrontendMessage.PASSWORD, body.array());
    }
}
