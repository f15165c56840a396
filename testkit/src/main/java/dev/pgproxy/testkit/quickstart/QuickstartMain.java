package dev.pgproxy.testkit.quickstart;

import dev.pgproxy.common.io.Signals;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine;

/** Shows pgproxy's main job on an embedded PostgreSQL: a write, a read from the standby, a backend that two clients use. */
@CommandLine.Command(
        name = "quickstart",
        description = "Runs pgproxy in front of an embedded PostgreSQL primary and standby, and shows what it does.",
        mixinStandardHelpOptions = true)
public final class QuickstartMain implements Callable<Integer> {

    private static final Duration REPLICATION_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration REUSE_TIMEOUT = Duration.ofSeconds(10);

    @CommandLine.Option(names = "--distribution", hidden = true, description = "the runnable tree")
    private Path distribution = Path.of("distribution/target/pgproxy");

    @CommandLine.Option(names = "--port", description = "where pgproxy listens; 0, the default, takes a free port")
    private int port;

    @CommandLine.Option(names = "--once", description = "end after the demonstration instead of waiting for Ctrl-C")
    private boolean once;

    @CommandLine.Option(names = "--postgres", description = "PostgreSQL version, 15 or 18 (default: 18)")
    private int major = 18;

    private final PrintStream out = System.out;

    private QuickstartMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new QuickstartMain()).execute(arguments));
    }

    @Override
    public Integer call() throws SQLException, InterruptedException {
        out.println("Starting PostgreSQL " + major + ": a primary and a streaming standby ...");
        try (PostgresCluster cluster =
                        PostgresCluster.start(PostgresCluster.Options.of(major).withStandbys(1));
                ProxyProcess proxy = ProxyProcess.start(
                        distribution,
                        List.of(
                                "listen = 127.0.0.1:" + port,
                                "master = " + cluster.primary().address(),
                                "slaver_list = " + cluster.standbys().get(0).address()))) {
            out.println("pgproxy listens on 127.0.0.1:" + proxy.port() + ", pid "
                    + proxy.master().pid() + ".\n");
            demonstrate(cluster, proxy.port());
            explain(proxy.port());
            if (!once) {
                waitForInterrupt();
            }
        }
        out.println("Stopped; everything that was made is removed.");
        return 0;
    }

    private void demonstrate(PostgresCluster cluster, int proxyPort) throws SQLException {
        try (Connection writer = connect(proxyPort, "postgres")) {
            value(writer, "CREATE ROLE report_r LOGIN");
            value(writer, "CREATE TABLE greeting (text text)");
            value(writer, "GRANT SELECT ON greeting TO report_r");
            value(writer, "INSERT INTO greeting VALUES ('hello from the primary')");
            out.println("1. A write through pgproxy as user postgres:     server port "
                    + value(writer, "SELECT inet_server_port()") + " (the primary), in recovery: "
                    + value(writer, "SELECT pg_is_in_recovery()"));
        }
        String position = cluster.primary().sql("SELECT pg_current_wal_lsn()");
        Await.until(
                "the standby to replay the write",
                REPLICATION_TIMEOUT,
                () -> cluster.standbys()
                        .get(0)
                        .sql("SELECT pg_last_wal_replay_lsn() >= '" + position + "'")
                        .equals("t"));
        try (Connection reader = connect(proxyPort, "report_r")) {
            out.println("2. A read by report_r, whose name ends in _r:    server port "
                    + value(reader, "SELECT inet_server_port()") + " (the standby), in recovery: "
                    + value(reader, "SELECT pg_is_in_recovery()") + ", text: "
                    + value(reader, "SELECT text FROM greeting"));
        }
        showReuse(proxyPort);
    }

    private void showReuse(int proxyPort) throws SQLException {
        // A backend is reset after its client has left; a client that connects before that is done gets another one.
        Set<String> seen = new HashSet<>();
        AtomicReference<String> last = new AtomicReference<>("");
        Await.until("a client to get the backend of one before it", REUSE_TIMEOUT, () -> {
            last.set(backendPid(proxyPort));
            return !seen.add(last.get());
        });
        out.println("3. Clients, one after the other:                 pg_backend_pid() " + last + " and " + last
                + ": a later one reused the backend of an earlier one.\n");
    }

    private static String backendPid(int proxyPort) throws SQLException {
        try (Connection client = connect(proxyPort, "postgres")) {
            return value(client, "SELECT pg_backend_pid()");
        }
    }

    private static Connection connect(int proxyPort, String user) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + proxyPort + "/postgres?user=" + user + "&sslmode=disable");
    }

    private static String value(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return "";
            }
            try (ResultSet rows = statement.getResultSet()) {
                return rows.next() ? rows.getString(1) : "";
            }
        }
    }

    private void explain(int proxyPort) {
        out.println("Connect yourself, no password needed:");
        out.println("    psql -h 127.0.0.1 -p " + proxyPort + " -U postgres postgres     (primary)");
        out.println("    psql -h 127.0.0.1 -p " + proxyPort + " -U report_r postgres     (standby)\n");
    }

    private void waitForInterrupt() throws InterruptedException {
        out.println("Ctrl-C stops it.");
        CountDownLatch interrupted = new CountDownLatch(1);
        Signals.handle("INT", interrupted::countDown);
        Signals.handle("TERM", interrupted::countDown);
        interrupted.await();
    }
}
