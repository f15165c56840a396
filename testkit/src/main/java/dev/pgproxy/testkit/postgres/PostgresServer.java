package dev.pgproxy.testkit.postgres;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.testkit.process.Await;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One server of a {@link PostgresCluster}. */
public final class PostgresServer {

    private final Path home;
    private final Path data;
    private final int port;
    private final PostgresCluster.Host host;
    private @Nullable Process process;

    PostgresServer(Path home, Path data, int port, PostgresCluster.Host host) {
        this.home = home;
        this.data = data;
        this.port = port;
        this.host = host;
    }

    public int port() {
        return port;
    }

    public Endpoint.Tcp address() {
        return new Endpoint.Tcp(host.address(), port);
    }

    /** The Unix socket that it listens at, with {@link PostgresCluster.Options#withUnixSockets}. */
    public Endpoint.Unix socket() {
        return new Endpoint.Unix(data.resolveSibling(".s.PGSQL." + port).toString());
    }

    public Path data() {
        return data;
    }

    /** The process id of the postmaster. */
    public long pid() {
        if (process == null) {
            throw new IllegalStateException("the server on port " + port + " does not run");
        }
        return process.pid();
    }

    /** Starts the server and waits until it accepts connections. @throws AssertionError with its log when it does not */
    public void start() {
        File log = data.resolveSibling(data.getFileName() + ".log").toFile();
        Process started;
        try {
            Files.deleteIfExists(data.resolve("postmaster.pid"));
            List<String> command = new ArrayList<>(host.prefix());
            command.addAll(
                    PostgresUser.command(List.of(home.resolve("bin/postgres").toString(), "-D", data.toString())));
            started = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("could not start postgres", e);
        }
        process = started;
        try {
            Await.until("PostgreSQL on port " + port + " to take connections", Await.PATIENCE, () -> {
                if (!started.isAlive()) {
                    throw new IllegalStateException("postgres exited with " + started.exitValue());
                }
                return isReady();
            });
        } catch (AssertionError e) {
            throw new AssertionError("PostgreSQL did not start; its log:\n" + readLog(log), e);
        }
    }

    /** Line 8 of postmaster.pid says "ready" or "standby" once connections are accepted. */
    private boolean isReady() throws IOException {
        Path file = data.resolve("postmaster.pid");
        if (!Files.isReadable(file)) {
            return tryConnect();
        }
        List<String> lines = Files.readAllLines(file);
        return lines.size() >= 8
                && (lines.get(7).startsWith("ready") || lines.get(7).startsWith("standby"));
    }

    private boolean tryConnect() {
        try (Connection connection = connect("postgres", "postgres")) {
            return connection.isValid(1);
        } catch (SQLException e) {
            return false;
        }
    }

    private static String readLog(File log) {
        try {
            return Files.readString(log.toPath());
        } catch (IOException e) {
            return "(unreadable: " + e.getMessage() + ")";
        }
    }

    /** A direct connection. */
    public Connection connect(String user, String database) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + host.address() + ":" + port + "/" + database + "?user=" + user);
    }

    /** Runs one statement as superuser and returns the first column of the first row, or an empty string. */
    public String sql(String statement) {
        try (Connection connection = connect("postgres", "postgres");
                Statement run = connection.createStatement()) {
            if (!run.execute(statement)) {
                return "";
            }
            try (ResultSet rows = run.getResultSet()) {
                return rows.next() ? String.valueOf(rows.getString(1)) : "";
            }
        } catch (SQLException e) {
            throw new IllegalStateException("on port " + port + ": " + statement, e);
        }
    }

    /** Sends a signal to the postmaster, such as INT (fast shutdown), QUIT, STOP, CONT or KILL. */
    public void signal(String name) {
        run(List.of("kill", "-" + name, Long.toString(pid())));
    }

    private static void run(List<String> command) {
        try {
            new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD) // A process may be gone by now.
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException("could not run " + command, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Stops every process of the server, as when its host hangs: connections stay open, and nothing answers. */
    public void freeze() {
        signalAll("STOP");
    }

    /** Undoes {@link #freeze}. */
    public void thaw() {
        signalAll("CONT");
    }

    private void signalAll(String name) {
        List<String> command = new ArrayList<>(List.of("kill", "-" + name, Long.toString(pid())));
        ProcessHandle.of(pid())
                .orElseThrow()
                .children()
                .map(child -> Long.toString(child.pid()))
                .forEach(command::add);
        run(command);
    }

    /** Kills every process of the server without a chance to react, and waits until all are gone. */
    public void kill() {
        Process running = process;
        if (running == null) {
            throw new IllegalStateException("the server on port " + port + " does not run");
        }
        List<ProcessHandle> all = new ArrayList<>(running.toHandle().children().toList());
        all.add(running.toHandle());
        running.destroyForcibly();
        all.forEach(ProcessHandle::destroyForcibly);
        all.forEach(each -> each.onExit().join());
    }

    /** Stops the server at once and waits until it is gone. */
    public void stop() {
        Process running = process;
        if (running == null || !running.isAlive()) {
            return;
        }
        thaw();
        signal("QUIT");
        try {
            if (!running.waitFor(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                running.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
