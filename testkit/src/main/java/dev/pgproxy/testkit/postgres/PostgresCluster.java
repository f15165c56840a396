package dev.pgproxy.testkit.postgres;

import dev.pgproxy.testkit.process.FreePort;
import dev.pgproxy.testkit.process.TestDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A primary with any number of streaming standbys, from embedded binaries, in a temporary directory, on free ports. Every user
 * may log in without a password unless {@link Options} says otherwise. Removed on close, and when the JVM ends in any way.
 */
public final class PostgresCluster implements AutoCloseable {

    private static final List<String> SETTINGS = List.of(
            "max_connections = 200",
            "shared_buffers = 32MB",
            "fsync = off",
            "max_wal_senders = 10",
            "hot_standby = on",
            "wal_retrieve_retry_interval = 100ms",
            "logging_collector = off");

    private static final String STANDBY_LOGIN = "host replication postgres 127.0.0.1/32 trust";

    private final TestDirectory directory;
    private final List<PostgresServer> servers;

    /**
     * How a cluster differs from the simplest one.
     *
     * @param major PostgreSQL 15 or 18
     * @param standbys number of standbys
     * @param settings further lines of postgresql.conf
     * @param access lines of pg_hba.conf before those that let every user in
     * @param host where the servers run, and listen
     * @param cascade whether all standbys but the first follow the first one instead of the primary
     * @param standbysHere whether the standbys run on this host, wherever the primary does
     * @param unixSockets whether the servers listen at Unix sockets, too, and the standbys use them
     */
    public record Options(
            int major,
            int standbys,
            List<String> settings,
            List<String> access,
            Host host,
            boolean cascade,
            boolean standbysHere,
            boolean unixSockets) {

        private static final Host HERE = new Host("127.0.0.1", List.of());

        public static Options of(int major) {
            return new Options(major, 0, List.of(), List.of(), HERE, false, false, false);
        }

        public Options withStandbys(int count) {
            return new Options(major, count, settings, access, host, cascade, standbysHere, unixSockets);
        }

        public Options withSettings(String... lines) {
            return new Options(major, standbys, List.of(lines), access, host, cascade, standbysHere, unixSockets);
        }

        public Options withAccess(String... lines) {
            return new Options(major, standbys, settings, List.of(lines), host, cascade, standbysHere, unixSockets);
        }

        public Options on(Host other) {
            return new Options(major, standbys, settings, access, other, cascade, standbysHere, unixSockets);
        }

        /** A host for the primary alone. */
        public Options withPrimaryOn(Host other) {
            return new Options(major, standbys, settings, access, other, cascade, true, unixSockets);
        }

        public Options inCascade() {
            return new Options(major, standbys, settings, access, host, true, standbysHere, unixSockets);
        }

        public Options withUnixSockets() {
            return new Options(major, standbys, settings, access, host, cascade, standbysHere, true);
        }

        private Host standbyHost() {
            return standbysHere ? HERE : host;
        }
    }

    /**
     * Where servers run.
     *
     * @param address that they listen on
     * @param prefix of a command that runs it there
     */
    public record Host(String address, List<String> prefix) {}

    private PostgresCluster(TestDirectory directory, List<PostgresServer> servers) {
        this.directory = directory;
        this.servers = servers;
    }

    /** Creates the cluster and waits until every server accepts connections. */
    public static PostgresCluster start(Options options) {
        Path home = PostgresBinaries.of(options.major());
        TestDirectory directory = new TestDirectory();
        List<PostgresServer> servers = new ArrayList<>();
        try {
            PostgresUser.own(directory.path());
            Path data = directory.path().resolve("primary");
            initialise(home, data);
            int primaryPort = FreePort.choose();
            String sockets = options.unixSockets() ? directory.path().toString() : "";
            write(data, options, primaryPort, sockets);
            servers.add(new PostgresServer(home, data, primaryPort, options.host()));
            for (int i = 1; i <= options.standbys(); i++) {
                int port = FreePort.choose();
                Path copy = directory.path().resolve("standby" + i);
                PostgresServer followed = servers.get(options.cascade() && i > 1 ? 1 : 0);
                Host host = options.standbyHost();
                makeStandby(data, copy, port, host, followed, sockets);
                servers.add(new PostgresServer(home, copy, port, host));
            }
            servers.forEach(PostgresServer::start);
            return new PostgresCluster(directory, servers);
        } catch (IOException e) {
            throw new UncheckedIOException("could not make a cluster", e);
        }
    }

    private static void initialise(Path home, Path data) throws IOException {
        run(PostgresUser.command(List.of(
                home.resolve("bin/initdb").toString(),
                "--pgdata=" + data,
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync")));
    }

    private static void write(Path data, Options options, int port, String sockets) throws IOException {
        List<String> lines = new ArrayList<>(SETTINGS);
        lines.add("port = " + port);
        lines.add("listen_addresses = '" + options.host().address() + "'");
        lines.add("unix_socket_directories = '" + sockets + "'");
        lines.addAll(options.settings());
        append(data.resolve("postgresql.conf"), lines);
        List<String> access = new ArrayList<>(options.access());
        access.add(STANDBY_LOGIN);
        access.add("local all all trust");
        access.add("local replication all trust");
        access.add("host all all 127.0.0.1/32 trust");
        access.add("host all all 10.199.0.0/16 trust");
        access.add("host replication all 127.0.0.1/32 trust");
        access.add("host replication all 10.199.0.0/16 trust");
        Files.write(data.resolve("pg_hba.conf"), access, StandardCharsets.UTF_8);
    }

    /** A copy of a server that has never run is as good as a base backup, and takes no time. */
    private static void makeStandby(
            Path primary, Path copy, int port, Host host, PostgresServer followed, String sockets) throws IOException {
        try (Stream<Path> all = Files.walk(primary)) {
            for (Path each : all.toList()) {
                Path target = copy.resolve(primary.relativize(each).toString());
                Files.copy(each, target, java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
        append(
                copy.resolve("postgresql.conf"),
                List.of(
                        "port = " + port,
                        "listen_addresses = '" + host.address() + "'",
                        "primary_conninfo = 'host="
                                + (sockets.isEmpty() ? followed.address().host() : sockets) + " port=" + followed.port()
                                + " user=postgres application_name=standby'"));
        Files.createFile(copy.resolve("standby.signal"));
        PostgresUser.own(copy);
    }

    private static void append(Path file, List<String> lines) throws IOException {
        Files.write(file, lines, StandardCharsets.UTF_8, StandardOpenOption.APPEND);
    }

    private static void run(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException(command + " failed:\n" + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in " + command, e);
        }
    }

    public PostgresServer primary() {
        return servers.get(0);
    }

    public List<PostgresServer> standbys() {
        return servers.subList(1, servers.size());
    }

    @Override
    public void close() {
        servers.forEach(PostgresServer::stop);
        directory.close();
    }
}
