package dev.pgproxy.benchmarks.load;

import dev.pgproxy.benchmarks.peer.Logins;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.testkit.process.Programs;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One run of pgbench.
 *
 * @param transactions completed
 * @param perSecond transactions per second: without the first connects, or with all connects where each transaction makes one
 */
public record Pgbench(long transactions, double perSecond) {

    static final String DATABASE = "postgres";

    private static final Pattern PROCESSED = Pattern.compile("actually processed: (\\d+)");
    private static final Pattern RATE =
            Pattern.compile("tps = ([\\d.]+) \\((?:without|including) [a-z]+ (?:connection )?times?\\)");

    /** Makes pgbench's tables, with this many times 100,000 accounts. */
    static void initialise(Endpoint server, Logins.Login login, int scale) {
        call(server, login, List.of("-i", "-q", "-s", Integer.toString(scale)));
    }

    /**
     * Runs pgbench through a proxy, or on the server itself.
     *
     * @throws IllegalStateException with its output when it fails, or a transaction does
     */
    public static Pgbench run(Endpoint server, Logins.Login login, List<String> options) {
        List<String> all = new ArrayList<>(List.of("-n"));
        all.addAll(options);
        return parse(call(server, login, all));
    }

    private static String call(Endpoint server, Logins.Login login, List<String> options) {
        List<String> command = new ArrayList<>(List.of(
                "env",
                "LC_ALL=C",
                "PGPASSWORD=" + login.password(),
                "PGSSLMODE=disable",
                "PGGSSENCMODE=disable",
                "pgbench",
                "-h",
                server instanceof Endpoint.Tcp tcp ? tcp.host() : ((Endpoint.Unix) server).place(),
                "-p",
                Integer.toString(server.port()),
                "-U",
                login.user()));
        command.addAll(options);
        command.add(DATABASE);
        Programs.Result result = Programs.run(command);
        if (result.status() != 0) {
            throw new IllegalStateException("pgbench " + String.join(" ", options) + " failed:\n" + result.output());
        }
        return result.output();
    }

    /** Reads the summary that pgbench prints, as versions 14 and later write it. */
    static Pgbench parse(String output) {
        return new Pgbench(Long.parseLong(find(PROCESSED, output)), Double.parseDouble(find(RATE, output)));
    }

    private static String find(Pattern pattern, String output) {
        Matcher matcher = pattern.matcher(output);
        if (!matcher.find()) {
            throw new IllegalStateException(
                    "the output of pgbench lacks " + pattern + "; it must be 14 or later:\n" + output);
        }
        return matcher.group(1);
    }
}
