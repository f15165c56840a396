package dev.pgproxy.benchmarks.peer;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.testkit.postgres.PostgresUser;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.process.Watchdog;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A pooler or proxy other than pgproxy, configured as its own documentation recommends. */
final class OtherProgram implements Peer {

    private final TestDirectory directory;
    private final Endpoint address;
    private final Process process;

    private OtherProgram(TestDirectory directory, Site site, Endpoint address, List<String> command) {
        this.directory = directory;
        this.address = address;
        List<String> limited =
                new ArrayList<>(List.of("sh", "-c", "ulimit -n " + site.openFiles() + " && exec \"$@\"", "sh"));
        limited.addAll(command);
        try {
            process = new ProcessBuilder(limited)
                    .redirectErrorStream(true)
                    .redirectOutput(directory.path().resolve("log").toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("could not start " + command, e);
        }
        Watchdog.watch(process);
        try {
            Await.until(command.get(0) + " to listen at " + address, Await.PATIENCE, this::isListening);
        } catch (AssertionError e) {
            String said = log();
            close();
            throw new AssertionError(command.get(0) + " did not start; its log:\n" + said, e);
        }
    }

    private boolean isListening() {
        try (WireClient client = new WireClient(address)) {
            return client.socket().isConnected();
        } catch (IOException e) {
            if (!process.isAlive()) {
                throw new AssertionError("it ended with " + process.exitValue());
            }
            return false;
        }
    }

    private String log() {
        try {
            return Files.readString(directory.path().resolve("log"));
        } catch (IOException e) {
            return "(unreadable: " + e.getMessage() + ")";
        }
    }

    /** pgbouncer with one pool per user and database, in session mode, with pgproxy's reset; servers are reached the same way as it is. */
    static OtherProgram pgbouncer(Site site, Endpoint address) {
        TestDirectory directory = new TestDirectory();
        Path home = directory.path();
        write(
                home.resolve("users"),
                Logins.all().stream().map(OtherProgram::userLine).toList());
        write(
                home.resolve("access"),
                Logins.all().stream().flatMap(login -> login.access().stream()).toList());
        boolean overUnix = address instanceof Endpoint.Unix;
        String serversHost = overUnix ? site.sockets().toString() : "127.0.0.1";
        write(
                home.resolve("conf"),
                List.of(
                        "[databases]",
                        "* = host=" + serversHost + " port=" + site.serverPort(),
                        "[pgbouncer]",
                        "listen_addr =" + (overUnix ? "" : " 127.0.0.1"),
                        "listen_port = " + site.port(),
                        "listen_backlog = " + Site.BACKLOG,
                        "unix_socket_dir =" + (overUnix ? " " + site.sockets() : ""),
                        "auth_type = hba",
                        "auth_hba_file = " + home.resolve("access"),
                        "auth_file = " + home.resolve("users"),
                        "pool_mode = session",
                        "server_reset_query = DISCARD ALL",
                        "max_client_conn = " + site.clients(),
                        "default_pool_size = " + site.clients(),
                        "log_connections = 0",
                        "log_disconnections = 0",
                        "ignore_startup_parameters = extra_float_digits"));
        own(home);
        return new OtherProgram(
                directory,
                site,
                address,
                PostgresUser.command(
                        List.of("pgbouncer", "--quiet", home.resolve("conf").toString())));
    }

    private static String userLine(Logins.Login login) {
        return "\"" + login.user() + "\" \"" + login.password() + "\"";
    }

    /** haproxy in TCP mode, which pools nothing. */
    static OtherProgram haproxy(Site site) {
        TestDirectory directory = new TestDirectory();
        Path file = directory.path().resolve("conf");
        write(
                file,
                List.of(
                        "global",
                        "  nbthread 2",
                        "  maxconn " + site.clients(),
                        "defaults",
                        "  mode tcp",
                        "  timeout connect 10s",
                        "  timeout client 1h",
                        "  timeout server 1h",
                        "listen postgres",
                        "  bind 127.0.0.1:" + site.port() + " backlog " + Site.BACKLOG,
                        "  maxconn " + site.clients(),
                        "  server primary 127.0.0.1:" + site.serverPort()));
        return new OtherProgram(
                directory, site, site.address(), List.of("haproxy", "-db", "-q", "-f", file.toString()));
    }

    /** pgpool-II as a pooler alone: one server, no watchdog, no check of passwords. */
    static OtherProgram pgpool(Site site) {
        TestDirectory directory = new TestDirectory();
        Path home = directory.path();
        write(
                home.resolve("conf"),
                List.of(
                        "backend_clustering_mode = 'raw'",
                        "backend_hostname0 = '127.0.0.1'",
                        "backend_port0 = " + site.serverPort(),
                        "listen_addresses = '127.0.0.1'",
                        "port = " + site.port(),
                        "socket_dir = '" + home + "'",
                        "pcp_listen_addresses = ''",
                        "pcp_socket_dir = '" + home + "'",
                        "pid_file_name = '" + home.resolve("pid") + "'",
                        "logdir = '" + home + "'",
                        "enable_pool_hba = off",
                        "allow_clear_text_frontend_auth = on",
                        "num_init_children = " + site.clients(),
                        "max_pool = 1",
                        "listen_backlog_multiplier = 2",
                        "sr_check_period = 0",
                        "health_check_period = 0"));
        write(home.resolve("pcp"), List.of());
        own(home);
        return new OtherProgram(
                directory,
                site,
                site.address(),
                PostgresUser.command(List.of(
                        "pgpool",
                        "-n",
                        "-f",
                        home.resolve("conf").toString(),
                        "-F",
                        home.resolve("pcp").toString())));
    }

    private static void write(Path file, List<String> lines) {
        try {
            Files.write(file, lines, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("could not write " + file, e);
        }
    }

    private static void own(Path home) {
        try {
            PostgresUser.own(home);
        } catch (IOException e) {
            throw new UncheckedIOException("could not give " + home + " away", e);
        }
    }

    @Override
    public Endpoint address() {
        return address;
    }

    @Override
    public List<ProcessHandle> processes() {
        return Peer.family(process.toHandle());
    }

    @Override
    public void close() {
        List<ProcessHandle> family = processes();
        process.destroy();
        try {
            if (!process.waitFor(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        family.forEach(ProcessHandle::destroyForcibly);
        family.forEach(each -> each.onExit().join());
        directory.close();
    }
}
