package dev.pgproxy.common.pool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolVersion;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.common.protocol.StartupParameters;
import java.util.List;
import org.junit.jupiter.api.Test;

class KnownStartupsTest {

    private static final Endpoint DB = new Endpoint.Tcp("db", 5432);

    private final KnownStartups startups = new KnownStartups();
    private final PoolKeys keys = new PoolKeys();

    private static byte[] packet(String user, String application) {
        return FrontendMessage.startup(
                ProtocolVersion.PLAIN,
                List.of(
                        new StartupParameters.Parameter("user", user),
                        new StartupParameters.Parameter("application_name", application)));
    }

    private StartupPacket.Startup startup(byte[] packet) throws ProtocolViolation {
        return (StartupPacket.Startup) startups.decode(packet);
    }

    @Test
    void anEqualPacketIsDecodedOnceAndAsWithoutMemory() throws ProtocolViolation {
        StartupPacket.Startup first = startup(packet("ann", "shop"));
        assertEquals(StartupPacketDecoder.decode(packet("ann", "shop")), first);
        assertSame(first, startup(packet("ann", "shop")));
        assertNotEquals(first, startup(packet("bob", "shop")));
    }

    @Test
    void aPacketIsEncodedOnceAndAsWithoutMemory() throws ProtocolViolation {
        StartupPacket.Startup startup = startup(packet("ann", "shop"));
        byte[] first = startups.packet(startup);
        assertArrayEquals(startup.packet(), first);
        assertSame(first, startups.packet(startup));
        assertArrayEquals(startup.withDatabase("other").packet(), startups.packet(startup.withDatabase("other")));
    }

    /** Strangers choose their contents, and could fill the memory. */
    @Test
    void aLongPacketIsNotKept() throws ProtocolViolation {
        byte[] packet = packet("ann", "x".repeat(600));
        StartupPacket.Startup startup = startup(packet);
        assertNotSame(startup, startup(packet));
        assertNotSame(startups.packet(startup), startups.packet(startup));
        assertNotSame(keys.of(DB, startup, List.of()), keys.of(DB, startup, List.of()));
    }

    @Test
    void aRefusedPacketIsRefusedAgain() {
        for (int i = 0; i < 2; i++) {
            assertThrows(ProtocolViolation.class, () -> startups.decode(packet("", "shop")));
        }
    }

    @Test
    void otherPacketsAreTheirOwn() throws ProtocolViolation {
        byte[] cancel = FrontendMessage.cancelRequest(42, new byte[] {1, 2, 3, 4});
        assertInstanceOf(StartupPacket.CancelRequest.class, startups.decode(cancel));
        assertNotSame(startups.decode(cancel), startups.decode(cancel));
    }

    @Test
    void clientsThatDifferInAnIgnoredParameterHaveOneKey() throws ProtocolViolation {
        List<String> ignored = List.of("application_name");
        PoolKey shop = keys.of(DB, startup(packet("ann", "shop")), ignored);
        assertEquals(PoolKey.of(DB, startup(packet("ann", "shop")), ignored), shop);
        assertSame(shop, keys.of(DB, startup(packet("ann", "bar")), ignored));
        assertNotEquals(shop, keys.of(new Endpoint.Tcp("other", 5432), startup(packet("ann", "shop")), ignored));
    }

    @Test
    void otherSettingsOfThePoolGiveOtherKeys() throws ProtocolViolation {
        StartupPacket.Startup startup = startup(packet("ann", "shop"));
        PoolKey before = keys.of(DB, startup, List.of("application_name"));
        PoolKey after = keys.of(DB, startup, List.of());
        assertNotEquals(before, after);
        assertEquals(PoolKey.of(DB, startup, List.of()), after);
    }
}
