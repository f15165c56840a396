package dev.pgproxy.master;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.testkit.config.TestConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {

    private static final long MIB = 1024 * 1024;

    private static List<String> problems(int clients, int workers, long hostMib) {
        ProxyConfig config = TestConfig.of(
                "master = db:5432",
                "conninfo.user = postgres",
                "max_client_conn = " + clients,
                "proxy_worker_num = " + workers);
        return MemoryPlan.problems(config, 256 * MIB, hostMib * MIB);
    }

    @Test
    void theDefaultsGoTogetherOnASmallHost() {
        assertEquals(List.of(), problems(10_000, 2, 2_048));
    }

    @Test
    void moreClientsThanThereIsMemoryForAreSaid() {
        List<String> problems = problems(200_000, 2, 65_536);
        assertEquals(1, problems.size(), problems::toString);
        assertTrue(problems.get(0).contains("PGPROXY_MASTER_OPTS=-Xmx"), problems::toString);
    }

    @Test
    void moreProcessesThanTheHostCanHoldAreSaid() {
        List<String> problems = problems(1_000, 16, 2_048);
        assertEquals(1, problems.size(), problems::toString);
        assertTrue(problems.get(0).contains("proxy_worker_num"), problems::toString);
    }
}
