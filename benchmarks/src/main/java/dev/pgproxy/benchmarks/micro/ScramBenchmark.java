package dev.pgproxy.benchmarks.micro;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.exception.ScramException;
import dev.pgproxy.common.auth.ScramExchange;
import dev.pgproxy.common.auth.ScramVerifier;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;

/** The proxy's part of a SCRAM-SHA-256 login: both of the client's messages, of which the second one proves the password. */
public class ScramBenchmark extends StepBenchmark {

    private static final String PASSWORD = "pencil";
    private static final byte[] NONCE = "0123456789abcdefghijklmn".getBytes(StandardCharsets.US_ASCII);

    private final ScramVerifier verifier = verifier();
    private final ScramClient client = ScramClient.builder()
            .advertisedMechanisms(List.of(ScramVerifier.NAME))
            .username("*")
            .password(PASSWORD.toCharArray())
            .build();
    private final byte[] clientFirst = bytes(client.clientFirstMessage());
    private final byte[] clientFinal = clientFinal();

    private static ScramVerifier verifier() {
        try {
            return ScramVerifier.of(bytes(PASSWORD), new byte[ScramVerifier.SALT_BYTES]);
        } catch (CharacterCodingException e) {
            throw new IllegalStateException("the password is not ASCII", e);
        }
    }

    private byte[] clientFinal() {
        byte[] serverFirst = Objects.requireNonNull(new ScramExchange(verifier, NONCE).first(clientFirst));
        try {
            client.serverFirstMessage(new String(serverFirst, StandardCharsets.US_ASCII));
        } catch (ScramException e) {
            throw new IllegalStateException("the proxy's message is not understood", e);
        }
        return bytes(client.clientFinalMessage());
    }

    private static byte[] bytes(Object message) {
        return message.toString().getBytes(StandardCharsets.US_ASCII);
    }

    @Benchmark
    public byte @Nullable [] verification() {
        ScramExchange exchange = new ScramExchange(verifier, NONCE);
        exchange.first(clientFirst);
        return exchange.last(clientFinal);
    }
}
