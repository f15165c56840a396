package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** pgbench through pgproxy does what it does directly: in every protocol it completes every transaction, and none fails. */
@Tag(Fixture.LONG)
class PgbenchSystemTest {

    private static final Pattern PROCESSED = Pattern.compile("actually processed: (\\d+)/(\\d+)");

    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void loadsAndRunsEveryWorkload(int major) {
        Requirement.program("pgbench");
        PostgresCluster cluster = Fixture.cluster(major);
        try (ProxyProcess proxy = Fixture.proxy(cluster)) {
            assertEquals(0, pgbench(proxy.port(), "-i", "-s", "5").status());
            for (String protocol : List.of("simple", "extended", "prepared")) {
                for (List<String> workload : List.of(List.of("-S"), List.<String>of(), List.of("-N"))) {
                    run(proxy.port(), workload, "-M", protocol, "-c", "50", "-j", "2", "-t", "20");
                }
            }
            run(proxy.port(), List.of("-S"), "-C", "-c", "50", "-j", "2", "-t", "10");
            run(proxy.port(), List.of(), "-C", "-c", "50", "-j", "2", "-t", "5");
            assertEquals("t", consistency(cluster));
        }
    }

    /** Every transaction that pgbench counted is in both accounts and history, or in neither. */
    private static String consistency(PostgresCluster cluster) {
        return cluster.primary()
                .sql("select (select sum(abalance) from pgbench_accounts)"
                        + " = (select sum(delta) from pgbench_history)");
    }

    private static void run(int port, List<String> workload, String... options) {
        List<String> arguments = new ArrayList<>(workload);
        arguments.addAll(List.of(options));
        Programs.Result result = pgbench(port, arguments.toArray(String[]::new));
        String what = arguments + " said:\n" + result.output();
        assertEquals(0, result.status(), what);
        Matcher processed = PROCESSED.matcher(result.output());
        assertTrue(processed.find(), what);
        assertEquals(processed.group(2), processed.group(1), what);
        assertTrue(result.output().contains("number of failed transactions: 0 "), what);
    }

    private static Programs.Result pgbench(int port, String... arguments) {
        List<String> command =
                new ArrayList<>(List.of("pgbench", "-h", "127.0.0.1", "-p", Integer.toString(port), "-U", "postgres"));
        command.add("-n");
        command.addAll(List.of(arguments));
        command.add("postgres");
        return Programs.run(command);
    }
}
