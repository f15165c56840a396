package dev.pgproxy.testkit.proxy;

import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.TestDirectory;
import dev.pgproxy.testkit.process.Watchdog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A pgproxy started with {@code bin/pgproxy-master}, in a directory of its own, on ports that the system chose. */
public final class ProxyProcess implements AutoCloseable {

    /** The password of pg_proxy, unless the configuration says otherwise. */
    public static final String OPERATOR_PASSWORD = "operate";

    private static final Pattern LISTENING = Pattern.compile("event=listening address=(\\S+):(\\d+)");

    private final TestDirectory directory;
    private final List<String> command;
    private Process process;

    private ProxyProcess(TestDirectory directory, List<String> command) throws IOException {
        this.directory = directory;
        this.command = command;
        this.process = launch();
    }

    private Process launch() throws IOException {
        Process started = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.path().resolve("log").toFile()))
                .start();
        Watchdog.watch(started);
        return started;
    }

    /** Starts it again after its end, with the same configuration and on the same port. Does not wait. */
    public void startAgain() {
        Path file = directory.path().resolve("conf.properties");
        try {
            List<String> lines = new ArrayList<>(Files.readAllLines(file));
            lines.replaceAll(line -> line.startsWith("listen ") ? line.replace(":0", ":" + port()) : line);
            Files.write(file, lines);
            process = launch();
        } catch (IOException e) {
            throw new UncheckedIOException("could not start pgproxy-master again", e);
        }
    }

    /**
     * Starts it and waits until it serves.
     *
     * @param distribution the runnable tree
     * @param configuration lines of the configuration file; {@code listen}, pid file and socket are added when missing
     */
    public static ProxyProcess start(Path distribution, List<String> configuration) {
        return awaitServing(launch(distribution, configuration));
    }

    /** As {@link #start}, in processes that may have only this many open files each. */
    public static ProxyProcess startWithFiles(int openFiles, Path distribution, List<String> configuration) {
        List<String> limited = List.of("sh", "-c", "ulimit -n " + openFiles + "; exec \"$@\"", "sh");
        return awaitServing(launch(limited, distribution, configuration));
    }

    /** As {@link #start}, in the foreground: a process that a script starts in the background ignores SIGINT, as do its children. */
    public static ProxyProcess startInForeground(Path distribution, List<String> configuration) {
        return awaitServing(launch(List.of("env", "--default-signal=INT"), distribution, configuration));
    }

    /** As {@link #start}, with a process that passes on the log, as service supervisors do: a child called {@code cat}. */
    public static ProxyProcess startWithPipedLog(Path distribution, List<String> configuration) {
        List<String> piped = List.of("bash", "-c", "exec \"$@\" > >(exec cat) 2>&1", "bash");
        return awaitServing(launch(piped, distribution, configuration));
    }

    /**
     * As {@link #start}, with environment variables.
     *
     * @param variables such as {@code PGPROXY_MASTER_OPTS=-Xmx32m}
     */
    public static ProxyProcess startWith(List<String> variables, Path distribution, List<String> configuration) {
        List<String> prefix = new ArrayList<>(List.of("env"));
        prefix.addAll(variables);
        return awaitServing(launch(prefix, distribution, configuration));
    }

    private static ProxyProcess awaitServing(ProxyProcess proxy) {
        try {
            Await.until("pgproxy to serve", Await.PATIENCE, () -> {
                if (!proxy.process.isAlive()) {
                    throw new IllegalStateException("pgproxy-master exited with " + proxy.process.exitValue());
                }
                return proxy.log().contains("event=serving");
            });
        } catch (AssertionError e) {
            String log = proxy.log();
            proxy.close();
            throw new AssertionError("pgproxy did not start; its log:\n" + log, e);
        }
        return proxy;
    }

    /** As {@link #start}, without waiting. */
    public static ProxyProcess launch(Path distribution, List<String> configuration) {
        return launch(List.of(), distribution, configuration);
    }

    private static ProxyProcess launch(List<String> prefix, Path distribution, List<String> configuration) {
        TestDirectory directory = new TestDirectory();
        List<String> lines = new ArrayList<>(configuration);
        addUnlessSet(lines, "listen", "127.0.0.1:0");
        addUnlessSet(lines, "conninfo.user", "postgres");
        addUnlessSet(lines, "pg_proxy_pw", OPERATOR_PASSWORD);
        addUnlessSet(lines, "pid_file", directory.path().resolve("pgproxy.pid").toString());
        addUnlessSet(
                lines,
                "ipc_uds_path",
                directory.path().resolve("ipc/control.sock").toString());
        addUnlessSet(lines, "state_file", directory.path().resolve("state").toString());
        Path file = directory.path().resolve("conf.properties");
        try {
            Files.write(file, lines, StandardCharsets.UTF_8);
            List<String> command = new ArrayList<>(prefix);
            command.addAll(List.of(distribution.resolve("bin/pgproxy-master").toString(), file.toString()));
            return new ProxyProcess(directory, command);
        } catch (IOException e) {
            throw new UncheckedIOException("could not start pgproxy-master", e);
        }
    }

    private static void addUnlessSet(List<String> lines, String key, String value) {
        if (lines.stream().noneMatch(line -> line.matches(Pattern.quote(key) + "\\s*=.*"))) {
            lines.add(key + " = " + value);
        }
    }

    /** The port of the first address that it listens on. */
    public int port() {
        return ports().get(0);
    }

    /** The ports, in the order of {@code listen}. */
    public List<Integer> ports() {
        List<Integer> ports = new ArrayList<>();
        Matcher matcher = LISTENING.matcher(log());
        while (matcher.find()) {
            ports.add(Integer.parseInt(matcher.group(2)));
        }
        return ports;
    }

    /** Everything that the master and the workers have logged to standard error. */
    public String log() {
        try {
            return Files.readString(directory.path().resolve("log"));
        } catch (IOException e) {
            throw new UncheckedIOException("the log cannot be read", e);
        }
    }

    public Path directory() {
        return directory.path();
    }

    public Process master() {
        return process;
    }

    /** The children whose name in {@code ps} begins with this, in the order of their start. */
    public List<ProcessHandle> children(String name) {
        return process.toHandle()
                .children()
                .filter(child -> name(child.pid()).startsWith(name))
                .toList();
    }

    private static String name(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
        } catch (IOException e) {
            return "";
        }
    }

    /** Open descriptors of a process. */
    public static int openFds(long pid) {
        String[] fds = Path.of("/proc/" + pid + "/fd").toFile().list();
        return fds == null ? -1 : fds.length;
    }

    /**
     * Sends SIGTERM and waits for the end.
     *
     * @return the exit status
     */
    public int stop() {
        process.destroy();
        try {
            if (!process.waitFor(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("pgproxy did not stop; its log:\n" + log());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        List<ProcessHandle> children = process.toHandle().children().toList();
        if (process.isAlive()) {
            process.destroy();
            try {
                if (!process.waitFor(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        children.forEach(ProcessHandle::destroyForcibly);
        directory.close();
    }
}
