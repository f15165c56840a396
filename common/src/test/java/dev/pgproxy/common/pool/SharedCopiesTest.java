package dev.pgproxy.common.pool;

import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.StartupParameters;
import java.util.List;
import org.junit.jupiter.api.Test;

class SharedCopiesTest {

    private final SharedCopies<PoolKey> keys = SharedCopies.ofKeys();

    private static PoolKey key(String user) {
        return new PoolKey(
                new Endpoint.Tcp("server", 5432),
                3 << 16,
                new StartupParameters(List.of(new StartupParameters.Parameter("user", user))));
    }

    @Test
    void thoseWhoHaveTheSameShareOne() {
        PoolKey first = keys.of(key("ann"));
        assertSame(first, keys.of(key("ann")));
        assertNotSame(first, keys.of(key("bob")));
    }

    @Test
    void whoeverIsForgottenGetsANewOne() {
        PoolKey first = keys.of(key("ann"));
        for (int i = 0; i < 10_000; i++) {
            keys.of(key("user" + i));
        }
        assertNotSame(first, keys.of(key("ann")));
    }

    /** Strangers choose what is in a key, and could fill the memory with keys that no session has any more. */
    @Test
    void aLongOneIsNotKept() {
        PoolKey first = keys.of(key("x".repeat(1_000)));
        assertNotSame(first, keys.of(key("x".repeat(1_000))));
    }
}
