package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.hostile.HostileCrowd;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireLogin;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * As many hostile clients as the proxy takes clients at all, and users that keep logging in. Prints how long their logins take. With
 * -Dhostile.clients=10000 -Dhostile.rounds=100 it is an experiment.
 */
@Tag(Fixture.LONG)
class HostileCrowdSystemTest {

    private static final int CLIENTS = Integer.getInteger("hostile.clients", 300);
    private static final int ROUNDS = Integer.getInteger("hostile.rounds", 5);
    private static final int USERS = 20;
    private static final Duration ARRIVAL = Duration.ofMinutes(2);

    static Stream<List<HostileCrowd.Kind>> crowds() {
        return Stream.concat(
                Stream.of(HostileCrowd.Kind.values()).map(List::of), Stream.of(List.of(HostileCrowd.Kind.values())));
    }

    @ParameterizedTest
    @MethodSource("crowds")
    void usersGoOnLoggingIn(List<HostileCrowd.Kind> kinds) throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(15)
                        .withAccess(
                                "host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"));
                ProxyProcess proxy = Fixture.proxy(
                        cluster, "slaver_list =", "max_client_conn = " + CLIENTS, "max_server_conn = 40");
                Operator operator = Operator.of(proxy)) {
            IntStream.range(0, USERS)
                    .forEach(i -> cluster.primary().sql("create role known" + i + " login password 'secret'"));
            cluster.primary().sql("create role attacked login password 'secret'");
            once(proxy, "attacked");
            logIn(proxy, 1);
            List<Long> before = logIn(proxy, ROUNDS);
            String processes = "select pid, kind from process order by pid";
            List<String> started = operator.rows(processes);
            String memory = "select kind, memory_bytes / 1048576 from process order by pid";
            print(kinds, "memory in MiB before", operator.rows(memory));
            try (HostileCrowd crowd = new HostileCrowd(proxy.port(), CLIENTS, kinds, "attacked")) {
                Await.until("the crowd to be there", ARRIVAL, () -> crowd.inside() + crowd.turnedOut() >= CLIENTS);
                List<Long> during = logIn(proxy, ROUNDS);
                print(kinds, "memory in MiB during", operator.rows(memory));
                print(
                        kinds,
                        "login, query, logout",
                        "alone: " + times(before) + "; with " + crowd.inside() + " hostile clients there, "
                                + crowd.turnedOut() + " turned out: " + times(during));
            }
            logIn(proxy, 1);
            print(kinds, "memory in MiB after", operator.rows(memory));
            assertEquals(started, operator.rows(processes), "no process was replaced");
            assertEquals("0", operator.value("select sum(contained_faults) from process"));
        }
    }

    private static void print(List<HostileCrowd.Kind> kinds, String what, Object value) {
        System.out.println("crowd " + kinds + " " + what + ": " + value);
    }

    private static String times(List<Long> nanos) {
        List<Long> sorted = new ArrayList<>(nanos);
        Collections.sort(sorted);
        return "median " + sorted.get(sorted.size() / 2) / 1_000_000 + " ms, p99 "
                + sorted.get(sorted.size() * 99 / 100) / 1_000_000 + " ms, most "
                + sorted.get(sorted.size() - 1) / 1_000_000
                + " ms";
    }

    /** How long each login with a query took. */
    private static List<Long> logIn(ProxyProcess proxy, int rounds) throws Exception {
        List<Long> nanos = Collections.synchronizedList(new ArrayList<>());
        Parallel.run(IntStream.range(0, USERS).boxed().toList(), user -> {
            for (int i = 0; i < rounds; i++) {
                nanos.add(once(proxy, "known" + user));
            }
        });
        return nanos;
    }

    private static long once(ProxyProcess proxy, String user) throws IOException {
        long sinceNs = System.nanoTime();
        try (WireClient client = new WireClient(proxy.port())) {
            WireLogin login = WireLogin.attempt(client, user, "postgres", "secret");
            assertTrue(login.isIn(), user + ": " + login.received());
            assertEquals("1", client.value("select 1"));
            client.send(FrontendMessage.terminate());
            client.readAll();
        }
        return System.nanoTime() - sinceNs;
    }
}
