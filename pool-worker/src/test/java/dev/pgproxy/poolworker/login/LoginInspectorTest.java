package dev.pgproxy.poolworker.login;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.MessageFramer;
import dev.pgproxy.common.protocol.Negotiation;
import dev.pgproxy.common.protocol.ProtocolVersion;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.MessageInspector.Verdict;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LoginInspectorTest {

    private static final byte[] OWN_SECRET = {9, 9, 9, 9};
    private static final byte[] SERVER_KEY = {1, 2, 3, 4};

    private final ServerIdentity identity = new ServerIdentity();
    private final List<byte[]> toServer = new ArrayList<>();
    private boolean complete;

    private LoginInspector inspector(int version, @Nullable LoginAnswers answers) {
        StartupPacket.Startup startup = new StartupPacket.Startup(
                version, new StartupParameters(List.of(new StartupParameters.Parameter("user", "app"))));
        return new LoginInspector(
                identity,
                Negotiation.of(startup),
                key -> OWN_SECRET,
                answers,
                null,
                message -> toServer.add(message.clone()),
                () -> complete = true);
    }

    private LoginInspector inspector() {
        return inspector(3 << 16, null);
    }

    private static Verdict hear(LoginInspector inspector, byte[] message) throws ProtocolViolation {
        return inspector.inspect(
                message[0],
                ByteBuffer.wrap(message),
                MessageFramer.HEADER_BYTES,
                message.length - MessageFramer.HEADER_BYTES);
    }

    private static byte[] body(byte type, int bytes) {
        return BackendMessage.wrap(type, new byte[bytes]);
    }

    @Test
    void theClientGetsItsOwnSecretAndTheServersIsKept() throws Exception {
        LoginInspector inspector = inspector();
        assertEquals(Verdict.FORWARD, hear(inspector, BackendMessage.authenticationOk()));
        assertEquals(Verdict.FORWARD, hear(inspector, BackendMessage.parameterStatus("TimeZone", "UTC")));
        assertEquals(Verdict.REPLACE, hear(inspector, BackendMessage.backendKeyData(4_711, SERVER_KEY)));
        assertArrayEquals(BackendMessage.backendKeyData(4_711, OWN_SECRET), inspector.replacement());
        assertFalse(complete);
        assertEquals(Verdict.FORWARD, hear(inspector, BackendMessage.readyForQueryIdle()));
        assertTrue(complete);
        assertTrue(inspector.isComplete());
        assertEquals(4_711, identity.pid());
        assertArrayEquals(SERVER_KEY, identity.cancelKey());
        assertEquals(Map.of("TimeZone", "UTC"), identity.statuses());
        assertEquals(AuthenticationMethod.TRUST, identity.method());
    }

    @Test
    void aRefusalIsTheLastWordOnlyWhileNothingFollowsIt() throws Exception {
        LoginInspector inspector = inspector();
        byte[] refusal = BackendMessage.fatal("28P01", "password authentication failed", "");
        hear(inspector, refusal);
        assertTrue(inspector.isRefused());
        assertArrayEquals(refusal, inspector.refusal());
        hear(inspector, BackendMessage.notice("WARNING", "01000", "more"));
        assertFalse(inspector.isRefused());
        assertEquals(0, inspector.refusal().length);
    }

    @Test
    void whatTheProxyCanAnswerTheClientIsNotAsked() throws Exception {
        byte[] answer = {'p', 0, 0, 0, 5, 0};
        LoginInspector inspector = inspector(3 << 16, (code, data) -> answer.clone());
        assertEquals(Verdict.REPLACE, hear(inspector, BackendMessage.authenticationMd5Password(SERVER_KEY)));
        assertEquals(0, inspector.replacement().length);
        assertArrayEquals(answer, toServer.get(0));
        hear(inspector, BackendMessage.authenticationOk());
        assertEquals(AuthenticationMethod.MD5, identity.method());
    }

    @Test
    void whatItCannotAnswerTheClientIsAsked() throws Exception {
        LoginInspector inspector = inspector(3 << 16, (code, data) -> null);
        assertEquals(Verdict.FORWARD, hear(inspector, BackendMessage.authenticationCleartextPassword()));
        assertEquals(List.of(), toServer);
    }

    @Test
    void halfAScramExchangeProvesNothing() throws Exception {
        LoginInspector inspector = inspector();
        hear(inspector, BackendMessage.authenticationSasl(List.of("SCRAM-SHA-256")));
        hear(inspector, BackendMessage.authenticationOk());
        assertEquals(AuthenticationMethod.OTHER, identity.method());
    }

    @Test
    void anAuthenticationThatWasTooLongToReadProvesNothing() throws Exception {
        LoginInspector inspector = inspector();
        inspector.passedUnseen(BackendMessage.AUTHENTICATION);
        hear(inspector, BackendMessage.authenticationOk());
        assertEquals(AuthenticationMethod.OTHER, identity.method());
    }

    @Test
    void aClientThatAskedForMoreIsToldBeforeTheFirstAnswer() throws Exception {
        LoginInspector inspector = inspector(ProtocolVersion.NEWEST + 1, null);
        byte[] ok = BackendMessage.authenticationOk();
        byte[] told = BackendMessage.negotiateProtocolVersion(ProtocolVersion.NEWEST, List.of());
        assertEquals(Verdict.REPLACE, hear(inspector, ok));
        byte[] both = Arrays.copyOf(told, told.length + ok.length);
        System.arraycopy(ok, 0, both, told.length, ok.length);
        assertArrayEquals(both, inspector.replacement());
        assertEquals(Verdict.FORWARD, hear(inspector, BackendMessage.parameterStatus("a", "b")), "once");
    }

    @Test
    void malformedMessagesEndTheLogin() {
        for (byte[] malformed : List.of(
                body(BackendMessage.AUTHENTICATION, 3),
                body(BackendMessage.BACKEND_KEY_DATA, 4),
                body(BackendMessage.READY_FOR_QUERY, 2),
                body(BackendMessage.PARAMETER_STATUS, 0),
                body(BackendMessage.NEGOTIATE_PROTOCOL_VERSION, 7),
                BackendMessage.authenticationMd5Password(new byte[5]))) {
            assertThrows(ProtocolViolation.class, () -> hear(inspector(), malformed), () -> "" + (char) malformed[0]);
        }
        assertFalse(complete);
    }

    /** No protocol has it, and pgproxy could not send a cancel with it: a client's own cancel then reaches nothing. */
    @Test
    void aKeyThatIsTooLongPassesAsItIs() throws Exception {
        LoginInspector inspector = inspector();
        assertEquals(Verdict.FORWARD, hear(inspector, body(BackendMessage.BACKEND_KEY_DATA, 4 + 257)));
        assertEquals(0, identity.cancelKey().length);
    }
}
