package dev.pgproxy.common.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.common.protocol.StartupParameters;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PoolKeyTest {

    private static final Endpoint SERVER = new Endpoint.Tcp("server", 5432);
    private static final List<String> IGNORED = List.of("application_name", "extra_float_digits");

    private static PoolKey key(String... pairs) throws Exception {
        List<StartupParameters.Parameter> parameters = new ArrayList<>();
        for (int i = 0; i < pairs.length; i += 2) {
            parameters.add(new StartupParameters.Parameter(pairs[i], pairs[i + 1]));
        }
        byte[] packet = FrontendMessage.startup(3 << 16, parameters);
        return PoolKey.of(SERVER, (StartupPacket.Startup) StartupPacketDecoder.decode(packet), IGNORED);
    }

    @Test
    void theOrderOfParametersDoesNotCount() throws Exception {
        assertEquals(
                key("user", "a", "database", "b", "options", "c"), key("options", "c", "database", "b", "user", "a"));
    }

    @Test
    void everyOtherDifferenceCounts() throws Exception {
        assertNotEquals(key("user", "a", "search_path", "x"), key("user", "a", "search_path", "y"));
        assertNotEquals(key("user", "a"), key("user", "a", "TimeZone", "UTC"));
        assertNotEquals(key("user", "a"), key("user", "b"));
    }

    @Test
    void ignoredParametersDoNotSplitPools() throws Exception {
        assertEquals(key("user", "a", "application_name", "psql"), key("user", "a", "application_name", "app"));
        assertEquals(key("user", "a", "application_name", "psql"), key("user", "a"));
        assertEquals(key("user", "a", "extra_float_digits", "2"), key("user", "a", "extra_float_digits", "3"));
    }

    @Test
    void whoSetsAnIgnoredParameterAndWhoDoesNotAreApart() throws Exception {
        assertNotEquals(key("user", "a", "extra_float_digits", "2"), key("user", "a"));
    }

    @Test
    void valuesThatAServerMayChangeSplitPools() throws Exception {
        assertNotEquals(key("user", "a", "application_name", "\u00e9"), key("user", "a", "application_name", "x"));
        assertNotEquals(key("user", "a", "application_name", "x".repeat(64)), key("user", "a"));
    }
}
