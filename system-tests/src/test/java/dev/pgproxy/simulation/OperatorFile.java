package dev.pgproxy.simulation;

import dev.pgproxy.common.config.ConfigException;
import dev.pgproxy.common.config.ConfigLoader;
import dev.pgproxy.common.config.ProxyConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The configuration file of one run, which an operator may rewrite with other limits. */
final class OperatorFile {

    private static final List<String> ALWAYS = List.of(
            "master = one:5432",
            "promote = two:5432",
            "slaver_list =",
            "conninfo.user = postgres",
            "client_login_timeout = 10",
            "query_wait_timeout = 5",
            "server_connect_timeout = 2",
            "server_reset_timeout = 2",
            "cancel_wait_timeout = 2",
            "conninfo.query_interval = 1",
            "conninfo.conn_retry_interval = 1",
            "conninfo.conn_retry_num = 2",
            "failover.probe_timeout = 1",
            "failover.switchover_timeout = 3",
            "shutdown_timeout = 4",
            "pool_ignore_parameters = application_name",
            "pg_proxy_pw = secret",
            "log.level = error");

    private final Path path;
    private final Random random;
    private final List<String> ofThisRun;

    /**
     * Writes the file.
     *
     * @param path in a directory that the caller removes
     */
    OperatorFile(Path path, long seed) {
        this.path = path;
        this.random = new Random(seed);
        String workers = "proxy_worker_num = " + (1 + random.nextInt(4));
        String clients = "max_client_conn = " + (random.nextBoolean() ? 8 : 200);
        String connections = "max_server_conn = " + (random.nextInt(3) == 0 ? 0 : 3 + random.nextInt(4));
        this.ofThisRun = List.of(workers, clients, "auth_cache_ttl = " + (random.nextBoolean() ? 0 : 10));
        write(connections, "limit.user.open0 = 2");
    }

    private void write(String... lines) {
        List<String> all = new ArrayList<>(ALWAYS);
        all.addAll(ofThisRun);
        all.addAll(List.of(lines));
        try {
            Files.write(path, all);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes other limits, which apply from the next RELOAD or start. */
    void writeOtherLimits() {
        write(
                "max_server_conn = " + random.nextInt(6),
                "max_idle_server_conn = " + random.nextInt(3),
                "limit.user.open0 = " + (1 + random.nextInt(3)),
                "limit.database.shop = " + (random.nextInt(3) == 0 ? 1 + random.nextInt(5) : 0));
    }

    Path path() {
        return path;
    }

    /** Its contents. */
    ProxyConfig read() {
        try {
            return ConfigLoader.load(path);
        } catch (IOException | ConfigException e) {
            throw new IllegalStateException(e);
        }
    }
}
