package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.NetworkHost;
import dev.pgproxy.testkit.process.Watchdog;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A host that vanishes silently, as when its power fails, is noticed on both sides. */
@Tag(Fixture.LONG)
class VanishedHostSystemTest {

    private static final String[] PATIENCE = {
        "slaver_list =",
        "proxy_worker_num = 1",
        "tcp_keepidle = 1",
        "tcp_keepintvl = 1",
        "tcp_keepcnt = 2",
        "tcp_user_timeout = 3",
        "server_connect_timeout = 1"
    };

    private static String[] with(String line) {
        List<String> lines = new ArrayList<>(List.of(PATIENCE));
        lines.add(line);
        return lines.toArray(new String[0]);
    }

    @Test
    void vanishedServerIsReportedToItsClients() throws IOException {
        try (NetworkHost host = Fixture.networkHost();
                PostgresCluster cluster = PostgresCluster.start(
                        PostgresCluster.Options.of(18).on(new PostgresCluster.Host(host.address(), host.prefix())));
                ProxyProcess proxy = Fixture.proxy(cluster, PATIENCE);
                WireClient waiting = WireClient.login(proxy.port(), "postgres", "postgres");
                WireClient idle = WireClient.login(proxy.port(), "postgres", "postgres");
                WireClient late = new WireClient(proxy.port())) {
            waiting.send(FrontendMessage.query("select pg_sleep(600)"));
            host.vanish();
            assertEquals("08006", last(waiting).sqlState());
            assertEquals("08006", last(idle).sqlState());
            late.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
            assertEquals("08001", last(late).sqlState());
        }
    }

    private static WireMessage last(WireClient client) throws IOException {
        List<WireMessage> rest = client.readAll();
        return rest.get(rest.size() - 1);
    }

    @Test
    void vanishedClientGivesItsBackendBack() throws IOException {
        Requirement.program("psql");
        try (NetworkHost host = Fixture.networkHost();
                PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(18));
                ProxyProcess proxy = Fixture.proxy(cluster, with("listen = " + host.nearAddress() + ":0"))) {
            List<String> command = new ArrayList<>(host.prefix());
            command.addAll(List.of(
                    "psql",
                    "-h",
                    host.nearAddress(),
                    "-p",
                    Integer.toString(proxy.port()),
                    "-U",
                    "postgres",
                    "-d",
                    "postgres",
                    "-c",
                    "select pg_sleep(600)"));
            Process psql = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            Watchdog.watch(psql);
            try {
                String running =
                        "select pid from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'";
                Await.until(
                        "the query to run",
                        Fixture.SOON,
                        () -> !cluster.primary().sql(running).isEmpty());
                String pid = cluster.primary().sql(running);
                host.vanish();
                Fixture.awaitIdle(cluster, pid);
            } finally {
                psql.destroyForcibly();
            }
        }
    }
}
