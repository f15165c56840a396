package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.ScramExchange;
import dev.pgproxy.common.auth.ScramVerifier;
import dev.pgproxy.common.auth.Verifiers;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.MessageFramer;
import dev.pgproxy.common.protocol.Negotiation;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.fuzzing.BytesTransport;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.Pumping;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a login reads from its client and its server. */
public final class LoginTargets {

    private static final StartupPacket.Startup STARTUP = new StartupPacket.Startup(
            (3 << 16) | 2,
            new StartupParameters(List.of(
                    new StartupParameters.Parameter("_pq_.x", "1"),
                    new StartupParameters.Parameter("database", "d"),
                    new StartupParameters.Parameter("user", "u"))));
    private static final Verifiers VERIFIERS = verifiers();

    private static final RelayBuffers BUFFERS = new RelayBuffers(1024);

    private LoginTargets() {}

    /** A server that logs a client in. */
    public static void login(byte[] bytes) {
        ServerIdentity identity = new ServerIdentity();
        LoginInspector login = new LoginInspector(
                identity,
                Negotiation.of(STARTUP),
                key -> new byte[key.length],
                new KeyLogin(Optional.of("md5" + "0".repeat(32)), new byte[32], new byte[18]),
                null,
                message -> {},
                () -> {});
        Pumping.pump(bytes, new LoginGate(login));
        Greeting.full(identity, new byte[0], key -> new byte[key.length]);
        identity.statuses();
        Pumping.pump(
                bytes,
                new SilentLogin(new LoginInspector(
                        new ServerIdentity(),
                        Negotiation.of(STARTUP),
                        key -> new byte[key.length],
                        null,
                        null,
                        message -> {},
                        () -> {})));
    }

    /** A server that receives a client's settings. */
    public static void setting(byte[] bytes) {
        ServerIdentity identity = new ServerIdentity();
        Pumping.pump(
                bytes,
                new ParameterSetting(
                        Map.of("application_name", "x"), identity, new QueryProgress(), query -> {}, () -> {}));
        identity.statuses();
    }

    /** A client that is asked for its password. */
    public static void verification(byte[] bytes) {
        for (AuthenticationMethod method :
                List.of(AuthenticationMethod.PASSWORD, AuthenticationMethod.MD5, AuthenticationMethod.SCRAM_SHA_256)) {
            Verification verification = new Verification(method, new byte[0], VERIFIERS, "u", count -> new byte[count]);
            int half = bytes.length / 2;
            for (byte[] body : List.of(Arrays.copyOf(bytes, half), Arrays.copyOfRange(bytes, half, bytes.length))) {
                byte[] message = FrontendMessage.wrap(FrontendMessage.PASSWORD, body);
                if (verification.take(message) instanceof Verification.Step.Accept) {
                    throw new IllegalStateException("in without the password");
                }
            }
            verification.wipe();
        }
        if (bytes.length > MessageFramer.HEADER_BYTES) {
            read(bytes);
        }
    }

    private static void read(byte[] bytes) {
        AnswerReader reader = new AnswerReader(BUFFERS, ScramExchange.MAX_MESSAGE_BYTES);
        BytesTransport client = new BytesTransport(bytes);
        try {
            while (!client.isOver()) {
                reader.read(client);
            }
        } catch (ProtocolViolation | java.io.IOException e) {
            return; // Refused, as it should be.
        }
    }

    private static Verifiers verifiers() {
        try {
            String scram = ScramVerifier.of("secret".getBytes(StandardCharsets.US_ASCII), new byte[16])
                    .stored();
            return Verifiers.of(List.of("md5" + "0".repeat(32), scram));
        } catch (CharacterCodingException e) {
            throw new IllegalStateException(e);
        }
    }
}
