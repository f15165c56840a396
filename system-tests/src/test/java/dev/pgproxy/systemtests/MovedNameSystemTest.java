package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A host name that moves to another server takes all clients there, and leaves none at the old one. */
class MovedNameSystemTest {

    private static final String NAME = "db.example";
    private static final String SYSTEM = "select system_identifier from pg_control_system()";
    private static final String CLIENTS =
            "select count(*) from pg_stat_activity where usename = 'app' and backend_type = 'client backend'";
    private static final int TRIES = 20;

    /** Two addresses with the same port. */
    private record Addresses(Forwarder first, Forwarder second) implements AutoCloseable {

        static Addresses of(int firstTarget, int secondTarget) throws IOException {
            for (int i = 0; i < TRIES; i++) {
                Forwarder first = Forwarder.start("127.0.0.2", 0, firstTarget);
                try {
                    return new Addresses(first, Forwarder.start("127.0.0.3", first.port(), secondTarget));
                } catch (BindException e) {
                    first.close();
                }
            }
            throw new IOException("no port is free on both addresses");
        }

        @Override
        public void close() throws IOException {
            first.close();
            second.close();
        }
    }

    @Test
    void nobodyStaysWithTheServerThatTheNameHasLeft() throws Exception {
        try (TestDirectory directory = new TestDirectory();
                PostgresCluster old = PostgresCluster.start(PostgresCluster.Options.of(15));
                PostgresCluster next = PostgresCluster.start(PostgresCluster.Options.of(18));
                Addresses addresses =
                        Addresses.of(old.primary().port(), next.primary().port())) {
            for (PostgresCluster cluster : List.of(old, next)) {
                cluster.primary().sql("create role app login");
            }
            Path hosts = directory.path().resolve("hosts");
            Files.writeString(hosts, "127.0.0.2 " + NAME + "\n");
            String option = "-Djdk.net.hosts.file=" + hosts;
            try (ProxyProcess proxy = ProxyProcess.startWith(
                            List.of("PGPROXY_POOL_OPTS=" + option, "PGPROXY_TASK_OPTS=" + option),
                            Fixture.DISTRIBUTION,
                            List.of(
                                    "master = " + NAME + ":" + addresses.first().port(),
                                    "conninfo.query_interval = 1",
                                    "proxy_worker_num = 1"));
                    Operator operator = Operator.of(proxy);
                    WireClient staying = WireClient.login(proxy.port(), "app", "postgres");
                    WireClient leaving = WireClient.login(proxy.port(), "app", "postgres")) {
                String before = staying.value(SYSTEM);
                assertEquals(old.primary().sql(SYSTEM), before);
                leaving.send(FrontendMessage.terminate());
                operator.await("one to be idle", "select idle, active from pool where \"user\" = 'app'", "1|1");
                FailoverSystemTest.awaitSystemSeen(proxy);
                Files.writeString(hosts, "127.0.0.3 " + NAME + "\n");
                List<WireMessage> told = staying.readAll();
                assertEquals(
                        List.of("57P01"),
                        told.stream().map(WireMessage::sqlState).toList(),
                        proxy.log());
                Await.until(
                        "nobody to be left there",
                        Fixture.SOON,
                        () -> old.primary().sql(CLIENTS).equals("0"));
                try (WireClient client = WireClient.login(proxy.port(), "app", "postgres")) {
                    String after = client.value(SYSTEM);
                    assertEquals(next.primary().sql(SYSTEM), after);
                    assertNotEquals(before, after);
                }
            }
        }
    }
}
