package dev.pgproxy.common.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.StartupParameters.Parameter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class NegotiationTest {

    private static final int V3_0 = 3 << 16;
    private static final Parameter USER = new Parameter("user", "app");
    private static final Parameter OPTION = new Parameter("_pq_.report", "on");

    private static StartupPacket.Startup startup(int version, Parameter... parameters) {
        return new StartupPacket.Startup(version, new StartupParameters(List.of(parameters)));
    }

    private static byte[] body(byte[] message) {
        return Arrays.copyOfRange(message, MessageFramer.HEADER_BYTES, message.length);
    }

    @Test
    void aKnownVersionGoesToTheServerAsItCame() {
        for (int version : List.of(V3_0, ProtocolVersion.NEWEST)) {
            StartupPacket.Startup asked = startup(version, USER);
            Negotiation negotiation = Negotiation.of(asked);
            assertFalse(negotiation.isNeeded());
            assertArrayEquals(asked.packet(), negotiation.serverPacket());
        }
    }

    @Test
    void aLaterVersionIsBroughtDownAndTheClientIsTold() {
        Negotiation negotiation = Negotiation.of(startup(ProtocolVersion.NEWEST + 1, USER));
        assertTrue(negotiation.isNeeded());
        assertArrayEquals(FrontendMessage.startup(ProtocolVersion.NEWEST, List.of(USER)), negotiation.serverPacket());
        assertArrayEquals(
                BackendMessage.negotiateProtocolVersion(ProtocolVersion.NEWEST, List.of()), negotiation.message());
    }

    @Test
    void anOptionIsKeptFromTheServerAndNamedToTheClient() {
        Negotiation negotiation = Negotiation.of(startup(V3_0, OPTION, USER));
        assertTrue(negotiation.isNeeded());
        assertArrayEquals(FrontendMessage.startup(V3_0, List.of(USER)), negotiation.serverPacket());
        assertArrayEquals(BackendMessage.negotiateProtocolVersion(V3_0, List.of(OPTION.name())), negotiation.message());
    }

    @Test
    void whatTheServerOffersLessIsAddedToWhatTheProxyRefuses() {
        Negotiation negotiation = Negotiation.of(startup(ProtocolVersion.NEWEST + 1, OPTION, USER));
        byte[] server = BackendMessage.negotiateProtocolVersion(V3_0, List.of("_pq_.other"));
        assertArrayEquals(
                BackendMessage.negotiateProtocolVersion(V3_0, List.of(OPTION.name(), "_pq_.other")),
                negotiation.message(body(server)));
    }

    @Test
    void anAnswerToAClientThatNeedsNothingPassesAsItIs() {
        byte[] server = BackendMessage.negotiateProtocolVersion(V3_0, new ArrayList<>());
        assertArrayEquals(
                server, Negotiation.of(startup(ProtocolVersion.NEWEST, USER)).message(body(server)));
        byte[] odd = "odd".getBytes(StandardCharsets.US_ASCII);
        assertArrayEquals(
                BackendMessage.wrap(BackendMessage.NEGOTIATE_PROTOCOL_VERSION, odd),
                Negotiation.of(startup(ProtocolVersion.NEWEST + 1, USER)).message(odd));
    }
}
