package dev.pgproxy.master;

import com.sun.management.OperatingSystemMXBean;
import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.config.ConfigException;
import dev.pgproxy.common.config.ConfigLoader;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.files.FileProblem;
import dev.pgproxy.common.files.TrustedPath;
import dev.pgproxy.common.files.UnusablePathException;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.LibcException;
import dev.pgproxy.common.io.ProcessTuning;
import dev.pgproxy.common.io.Signals;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.LogSetup;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.master.failover.FailoverState;
import dev.pgproxy.master.failover.StartDecision;
import dev.pgproxy.master.failover.StateFile;
import dev.pgproxy.master.supervisor.ChildCommand;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code pgproxy-master conf.properties}: reads the arguments, wires the master and runs it. */
@CommandLine.Command(
        name = "pgproxy-master",
        description = "Starts pgproxy, a PostgreSQL proxy, in the foreground.",
        mixinStandardHelpOptions = true,
        versionProvider = MasterMain.Version.class,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:stopped as asked", "1:failed", "2:the configuration or the arguments are wrong"},
        footerHeading = "%nSignals:%n",
        footer = {"  TERM, INT   stop", "  HUP         reload the configuration", "  USR1        reopen the log files"})
public final class MasterMain implements Callable<Integer> {

    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final String LOG_SUFFIX = "main";

    /** Descriptors that a process needs besides those of clients and servers. */
    private static final int OWN_DESCRIPTORS = 200;

    /** One client and its server: with fewer descriptors no client could be served. */
    private static final int MIN_WORKER_LOAD = 3;

    @CommandLine.Parameters(paramLabel = "conf.properties", description = "the configuration file")
    private @Nullable Path file;

    @CommandLine.Option(names = "--check", description = "only check the configuration file")
    private boolean check;

    @CommandLine.Option(
            names = {"--test-alert", "--test-notice"},
            description = "only send an alert through every channel that notify.* configures")
    private boolean testAlert;

    private MasterMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new MasterMain()).execute(arguments));
    }

    /** Reads the version that the build wrote into the jar. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"pgproxy " + number()};
        }

        static String number() {
            String version = MasterMain.class.getPackage().getImplementationVersion();
            return version == null ? "(not packaged)" : version;
        }
    }

    @Override
    public Integer call() {
        ProxyConfig config;
        try {
            config = ConfigLoader.load(file == null ? Path.of("") : file);
        } catch (IOException e) {
            System.err.println("could not read the configuration file: " + FileProblem.words(e)
                    + "\n    HINT: conf/pgproxy.properties is an example of one.");
            return USAGE;
        } catch (ConfigException e) {
            System.err.println(e.getMessage());
            return USAGE;
        }
        if (testAlert) {
            return sendTestAlert(config, file == null ? Path.of("") : file);
        }
        if (check) {
            return check(config, file == null ? Path.of("") : file);
        }
        try {
            TrustedPath.check("state_file", config.files().stateFile());
            StateFile stateFile = new StateFile(config.files().stateFile());
            FailoverState state = StartDecision.of(config.servers(), stateFile.read());
            ProxyConfig.Servers servers = StartDecision.servers(config.servers(), state);
            return run(config.withServers(servers), state, file == null ? Path.of("") : file);
        } catch (UnusablePathException e) {
            System.err.println("could not use the state file: " + FileProblem.words(e) + "\n    HINT: " + e.remedy());
            return USAGE;
        } catch (IOException e) {
            System.err.println("could not read the state file: " + FileProblem.words(e)
                    + "\n    HINT: It says which server is the primary after a failover. Make it readable, or remove it when"
                    + " master in the configuration is certainly the primary.");
            return USAGE;
        } catch (StartDecision.ContradictionException e) {
            System.err.println(contradiction(config, e));
            return USAGE;
        }
    }

    private static int check(ProxyConfig config, Path configFile) {
        List<String> problems = new ArrayList<>(HostCheck.problems(config));
        problems.addAll(HostCheck.untrusted(config));
        problems.forEach(problem -> System.err.println("ERROR: " + problem));
        memoryProblems(config).forEach(problem -> System.out.println("WARNING: " + problem));
        if (HostCheck.isOpenToAll(config, configFile)) {
            System.out.println("WARNING: every user of this host can read the passwords in " + configFile
                    + ". Run chmod 640, and give it to the group of pgproxy's user.");
        }
        HostCheck.notes(config).forEach(note -> System.out.println("NOTE: " + note));
        if (problems.isEmpty()) {
            System.out.println("The configuration is valid.");
        }
        return problems.isEmpty() ? 0 : USAGE;
    }

    /** Runs the task-worker's code, in a separate process as always. */
    private static int sendTestAlert(ProxyConfig config, Path configFile) {
        if (config.alerts().isEmpty()) {
            System.err.println(
                    "none of notify.command, notify.webhook and notify.mail.host is set, so an alert would reach nobody"
                            + "\n    HINT: Set one of them; conf/pgproxy.properties explains them.");
            return USAGE;
        }
        try {
            return new ProcessBuilder(ChildCommand.testAlert(configFile))
                    .inheritIO()
                    .start()
                    .waitFor();
        } catch (IOException e) {
            System.err.println("could not start a process: " + e.getMessage());
            return FAILED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FAILED;
        }
    }

    private static String contradiction(ProxyConfig config, StartDecision.ContradictionException e) {
        return e.getMessage()
                + ".\nWriting to a server that is not the primary would cost data, so pgproxy does not start."
                + "\n    HINT: Find out which server takes writes: SELECT pg_is_in_recovery() is false there, and on the others it is true."
                + "\n          Name that one in the configuration: master = ADDRESS"
                + "\n          If pgproxy still does not start, the state file knows nothing of it; remove that: rm "
                + config.files().stateFile();
    }

    private static int run(ProxyConfig config, FailoverState state, Path configFile) {
        try {
            LogSetup.check(config.logging().file(), LOG_SUFFIX);
        } catch (IOException e) {
            System.err.println(FileProblem.words(e) + "\n    HINT: "
                    + FileProblem.remedy(e, "Name a file in a directory that belongs to this user, or make it one."));
            return FAILED;
        }
        List<String> untrusted = HostCheck.untrusted(config);
        if (!untrusted.isEmpty()) {
            untrusted.forEach(System.err::println);
            System.err.println("    HINT: Name a file in a directory that belongs to this user, or make it one.");
            return FAILED;
        }
        LogSetup.start(config.logging().file(), LOG_SUFFIX, config.logging().level());
        ProcessTuning.setProcessName("pgproxy-master");
        Event.of("starting").with("pid", ProcessHandle.current().pid()).info();
        warnOfOpenPasswords(config, configFile);
        HostCheck.problems(config)
                .forEach(problem -> Event.of("config_problem").message(problem).error());
        memoryProblems(config)
                .forEach(problem -> Event.of("memory_short").message(problem).warn());
        try (PidFile pidFile = PidFile.lock(config.files().pidFile());
                EpollPoller poller = new EpollPoller()) {
            long limit = raiseDescriptorLimit(config);
            EventLoop loop = new EventLoop(poller, System::nanoTime);
            Protocol protocol = new Protocol();
            Master master = new Master(
                    config,
                    state,
                    configFile,
                    Version.number(),
                    loop,
                    new LocalHost(loop, poller, pidFile, protocol, config),
                    protocol,
                    Math.max(MIN_WORKER_LOAD, limit - OWN_DESCRIPTORS),
                    MemoryPlan.clientBytes(Runtime.getRuntime().maxMemory()));
            handleSignals(loop, master);
            try {
                master.start();
                loop.run();
            } finally {
                master.cleanUp();
            }
            Event.of("stopped").info();
            return 0;
        } catch (IOException e) {
            Event.of("failed").message(FileProblem.words(e)).hint(remedy(e)).error();
            return FAILED;
        } catch (Throwable e) {
            // A broken invariant: the workers continue with the sessions that they hold, and a restart starts afresh.
            Event.of("master_broken")
                    .message("this process cannot continue and exits")
                    .error(e);
            return FAILED;
        }
    }

    private static String remedy(IOException failure) {
        boolean isForbidden = failure instanceof AccessDeniedException
                || failure.getCause() instanceof AccessDeniedException
                || (failure instanceof LibcException libc && libc.isForbidden());
        return FileProblem.remedy(
                failure,
                isForbidden
                        ? "Name a port of 1024 or above, or a file in a directory of pgproxy's user."
                        : "Stop the other process, or change the key that names the address or the file.");
    }

    private static List<String> memoryProblems(ProxyConfig config) {
        long hostBytes = ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean host
                ? host.getTotalMemorySize()
                : Long.MAX_VALUE;
        return MemoryPlan.problems(config, Runtime.getRuntime().maxMemory(), hostBytes);
    }

    private static void warnOfOpenPasswords(ProxyConfig config, Path configFile) {
        if (HostCheck.isOpenToAll(config, configFile)) {
            Event.of("config_open_to_all")
                    .with("file", configFile)
                    .message("every user of this host can read the passwords in the configuration")
                    .hint("Run chmod 640, and give it to the group of pgproxy's user.")
                    .warn();
        }
    }

    private static long raiseDescriptorLimit(ProxyConfig config) throws IOException {
        long limit = ProcessTuning.raiseDescriptorLimit();
        // A worker needs two for each client: one to it and one to the server.
        long wanted = 2L * config.limits().clientConnections() + OWN_DESCRIPTORS;
        if (limit < wanted) {
            Event.of("descriptor_limit_low")
                    .with("limit", limit)
                    .with("wanted", wanted)
                    .message(
                            "too few file descriptors for max_client_conn clients on one worker; some clients may have to wait")
                    .hint("Raise the hard limit of open files (LimitNOFILE, ulimit -Hn), or lower max_client_conn.")
                    .warn();
        }
        return limit;
    }

    private static void handleSignals(EventLoop loop, Master master) {
        Signals.handle("TERM", () -> post(loop, () -> master.stop("TERM")));
        Signals.handle("INT", () -> post(loop, () -> master.stop("INT")));
        Signals.handle("USR1", () -> post(loop, master::reopenLogs));
        Signals.handle("HUP", () -> post(loop, master::reload));
    }

    private static void post(EventLoop loop, Runnable task) {
        try {
            loop.post(task);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
