package dev.pgproxy.common.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.StartupParameters.Parameter;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StartupPacketDecoderTest {

    private static final int V3 = 3 << 16;

    private static StartupParameters parameters(Parameter... pairs) throws ProtocolViolation {
        StartupPacket packet = StartupPacketDecoder.decode(FrontendMessage.startup(V3, List.of(pairs)));
        return assertInstanceOf(StartupPacket.Startup.class, packet).parameters();
    }

    @Test
    void orderOfParametersDoesNotMatterAndDatabaseDefaultsToUser() throws ProtocolViolation {
        StartupParameters one = parameters(new Parameter("user", "u"), new Parameter("search_path", "s"));
        StartupParameters other = parameters(
                new Parameter("search_path", "s"), new Parameter("database", "u"), new Parameter("user", "u"));
        assertEquals(one, other);
        assertEquals("u", one.database());
    }

    @Test
    void lastOfTwoValuesWinsAndBothAreKept() throws ProtocolViolation {
        StartupParameters twice = parameters(new Parameter("user", "a"), new Parameter("user", "b"));
        assertEquals("b", twice.user());
        assertNotEquals(twice, parameters(new Parameter("user", "b")));
    }

    @Test
    void namesThatAreNoUtf8StayDifferent() throws ProtocolViolation {
        assertNotEquals(parameters(new Parameter("user", "\u00e9")), parameters(new Parameter("user", "\u00e8")));
    }

    @Test
    void knowsReplicationByItsBooleanSpellings() throws ProtocolViolation {
        for (String off : List.of("false", "off", "0", "no", "FALSE")) {
            assertTrue(
                    !parameters(new Parameter("user", "u"), new Parameter("replication", off))
                            .isReplication(),
                    off);
        }
        for (String on : List.of("true", "database", "1", "on")) {
            assertTrue(
                    parameters(new Parameter("user", "u"), new Parameter("replication", on))
                            .isReplication(),
                    on);
        }
    }

    @Test
    void whatIsTooLargeWithItsDatabaseIsRefusedSoThatItCanBeWrittenAnew() throws ProtocolViolation {
        Parameter user = new Parameter("user", "u".repeat(9_900));
        assertEquals("u".repeat(63), parameters(user).database());
        Parameter options = new Parameter("options", "o".repeat(40));
        assertThrows(ProtocolViolation.class, () -> parameters(user, options));
        assertEquals(
                "d", parameters(user, options, new Parameter("database", "d")).database());
        Parameter[] many = new Parameter[250];
        Arrays.fill(many, new Parameter("options", "-c a=1"));
        many[0] = new Parameter("user", "u");
        assertThrows(ProtocolViolation.class, () -> parameters(many));
        many[1] = new Parameter("database", "d");
        assertEquals("d", parameters(many).database());
    }

    @Test
    void readsCancelRequestsOfEveryKeyLength() throws ProtocolViolation {
        for (int bytes : new int[] {4, 32, 256}) {
            byte[] secret = new byte[bytes];
            Arrays.fill(secret, (byte) 7);
            StartupPacket.CancelRequest cancel = assertInstanceOf(
                    StartupPacket.CancelRequest.class,
                    StartupPacketDecoder.decode(FrontendMessage.cancelRequest(42, secret)));
            assertEquals(42, cancel.pid());
            assertArrayEquals(secret, cancel.secret());
        }
        assertThrows(
                ProtocolViolation.class,
                () -> StartupPacketDecoder.decode(FrontendMessage.cancelRequest(42, new byte[257])));
    }

    @Test
    void noiseIsRefusedAndNeverBreaksTheDecoder() {
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            byte[] packet = new byte[8 + random.nextInt(60)];
            random.nextBytes(packet);
            if (random.nextBoolean()) {
                System.arraycopy(new byte[] {0, 3, 0, 0}, 0, packet, 4, 4);
            }
            try {
                StartupPacketDecoder.decode(packet);
            } catch (ProtocolViolation e) {
                assertTrue(!e.sqlState().isEmpty());
            } catch (RuntimeException e) {
                throw new AssertionError("seed=" + seed, e);
            }
        }
    }
}
