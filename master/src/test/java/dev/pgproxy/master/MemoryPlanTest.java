package dev.pgproxy.master;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ConfigException;
import dev.pgproxy.common.config.ConfigLoader;
import dev.pgproxy.common.config.ProxyConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryPlanTest {

    private static final long MIB = 1024 * 1024;

    @TempDir
    Path directory = Path.of("");

    private List<String> problems(int clients, int workers, long hostMib) throws IOException, ConfigException {
        Path file = Files.writeString(
                directory.resolve("conf"),
                "master = db:5432\nconninfo.user = postgres\nmax_client_conn = " + clients + "\nproxy_worker_num = "
                        + workers + "\n");
        ProxyConfig config = ConfigLoader.load(file);
        return MemoryPlan.problems(config, 256 * MIB, hostMib * MIB);
    }

    @Test
    void theDefaultsGoTogetherOnASmallHost() throws Exception {
        assertEquals(List.of(), problems(10_000, 2, 2_048));
    }

    @Test
    void moreClientsThanThereIsMemoryForAreSaid() throws Exception {
        List<String> problems = problems(200_000, 2, 65_536);
        assertEquals(1, problems.size(), problems::toString);
        assertTrue(problems.get(0).contains("PGPROXY_MASTER_OPTS=-Xmx"), problems::toString);
    }

    @Test
    void moreProcessesThanTheHostCanHoldAreSaid() throws Exception {
        List<String> problems = problems(1_000, 16, 2_048);
        assertEquals(1, problems.size(), problems::toString);
        assertTrue(problems.get(0).contains("proxy_worker_num"), problems::toString);
    }
}
