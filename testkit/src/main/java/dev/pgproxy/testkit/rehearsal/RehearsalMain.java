package dev.pgproxy.testkit.rehearsal;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;

/**
 * Runs pgproxy in front of an embedded PostgreSQL, and lists the classes that its processes load on the way: for bin/pgproxy-archive,
 * which makes an archive of them.
 */
@CommandLine.Command(name = "rehearsal", description = "Lists the classes that pgproxy's processes load.")
public final class RehearsalMain implements Callable<Integer> {

    /** Each kind of process, as its variable for options to Java has it. */
    private static final List<String> KINDS = List.of("MASTER", "POOL", "TASK", "ADMIN");

    /** How often each client logs in: once on a new backend, and then on warm ones. */
    private static final int LOGINS = 3;

    /** For a login and for each answer; a build must not hang. */
    private static final long PATIENCE_SECONDS = Await.PATIENCE.toSeconds();

    @CommandLine.Option(names = "--distribution", required = true, description = "the runnable tree")
    private Path distribution = Path.of("");

    @CommandLine.Option(names = "--list", required = true, description = "the file for the list")
    private Path list = Path.of("");

    private RehearsalMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new RehearsalMain()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, SQLException {
        try (TestDirectory lists = new TestDirectory()) {
            List<String> variables = KINDS.stream()
                    .map(kind -> "PGPROXY_" + kind + "_OPTS=-XX:DumpLoadedClassList="
                            + lists.path().resolve(kind))
                    .toList();
            rehearse(variables);
            Set<String> all = new LinkedHashSet<>();
            for (String kind : KINDS) {
                try (Stream<String> lines = Files.lines(lists.path().resolve(kind))) {
                    lines.filter(line -> !line.startsWith("#")).forEach(all::add);
                }
            }
            Files.write(list, all);
            System.out.println(all.size() + " classes and lambdas are listed in " + list);
            return 0;
        }
    }

    private void rehearse(List<String> variables) throws SQLException {
        PostgresCluster.Options options = PostgresCluster.Options.of(18)
                .withAccess("host all scram 127.0.0.1/32 scram-sha-256", "host all md5 127.0.0.1/32 md5");
        try (PostgresCluster cluster = PostgresCluster.start(options)) {
            cluster.primary().sql("CREATE ROLE scram LOGIN PASSWORD 'rehearse'");
            cluster.primary().sql("SET password_encryption = md5; CREATE ROLE md5 LOGIN PASSWORD 'rehearse'");
            try (ProxyProcess proxy = ProxyProcess.startWith(
                    variables,
                    distribution,
                    List.of("master = " + cluster.primary().address(), "proxy_worker_num = 1"))) {
                for (int i = 0; i < LOGINS; i++) {
                    for (String user : List.of("postgres", "scram", "md5")) {
                        query(proxy.port(), user);
                    }
                }
                look(proxy.port());
                proxy.stop(); // Java completes a list when it ends in good order.
            }
        }
    }

    private static void query(int port, String user) throws SQLException {
        try (Connection client = connect(port, "postgres", user, "rehearse");
                Statement statement = client.createStatement();
                PreparedStatement prepared = client.prepareStatement("SELECT ?::int")) {
            statement.execute("SELECT 1");
            prepared.setInt(1, 1);
            prepared.execute();
            client.setAutoCommit(false);
            statement.execute("SET LOCAL work_mem = '1MB'");
            client.rollback();
        }
    }

    private static void look(int port) throws SQLException {
        try (Connection operator = connect(port, "pg_proxy", "pg_proxy", ProxyProcess.OPERATOR_PASSWORD);
                Statement statement = operator.createStatement()) {
            for (String table : List.of("process", "connection", "counter")) {
                statement.execute("SELECT * FROM " + table);
            }
        }
    }

    private static Connection connect(int port, String database, String user, String password) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + port + "/" + database + "?sslmode=disable&loginTimeout="
                        + PATIENCE_SECONDS + "&socketTimeout=" + PATIENCE_SECONDS,
                user,
                password);
    }
}
