package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupParameters;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PlaceLimitsTest {

    private static final Endpoint SERVER = new Endpoint.Tcp("db", 5432);
    /** A name of the maximum length. */
    private static final String NAME = "n".repeat(63);

    @Test
    void aLongerSpellingOfANameCountsWithTheName() {
        PlaceLimits limits = new PlaceLimits(new ProxyConfig.Limits(100, 0, 0, 100, Map.of(NAME, 2), Map.of(NAME, 3)));
        assertEquals(limits.scopes(key(NAME)), limits.scopes(key(NAME + "anything")));
        assertEquals(3, limits.scopes(key(NAME + "else")).size());
    }

    private static PoolKey key(String name) {
        return new PoolKey(
                SERVER,
                3 << 16,
                new StartupParameters(List.of(
                        new StartupParameters.Parameter("database", name),
                        new StartupParameters.Parameter("user", name))));
    }
}
