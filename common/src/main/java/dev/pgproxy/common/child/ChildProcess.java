package dev.pgproxy.common.child;

import dev.pgproxy.common.channel.ControlChannel;
import dev.pgproxy.common.channel.PermittedMessages;
import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.io.ControlSockets;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.ProcessTuning;
import dev.pgproxy.common.io.Signals;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.LogSetup;
import dev.pgproxy.common.loop.EventLoop;
import java.io.IOException;
import java.security.Security;

/** A child of the master: its loop, its channel, its log, its signals. */
public final class ChildProcess {

    /** The exit status for arguments that are not the master's. */
    private static final int USAGE = 2;

    private static final String NAME_CACHE_SECONDS = "0";

    private final EventLoop loop;
    private final EpollPoller poller;
    private final ControlChannel channel;
    private final ChildConversation conversation;

    private ChildProcess(ChildKind kind, ChildOptions options) throws IOException {
        poller = new EpollPoller();
        loop = new EventLoop(poller, System::nanoTime);
        conversation = new ChildConversation(kind, loop);
        Protocol protocol = new Protocol();
        channel = new ControlChannel(
                ControlSockets.connect(options.socket(), poller),
                loop,
                protocol,
                PermittedMessages.EXPECTING_WELCOME,
                conversation);
        conversation.begin(
                channel, protocol, options.slot(), ProcessHandle.current().pid());
    }

    /**
     * Starts the child and runs it until its loop is stopped.
     *
     * @param arguments that the master gave it, see {@link ChildOptions}
     * @param wiring builds the role; may use the process's loop, poller and channel
     * @return the exit status: 0 when asked to stop, 1 when something broke, 2 when the arguments are not the master's
     */
    public static int run(ChildKind kind, String[] arguments, Wiring wiring) {
        ChildOptions options;
        try {
            options = ChildOptions.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println("this is the " + kind.label() + "-worker of pgproxy, which only pgproxy-master starts: "
                    + e.getMessage() + "\n    HINT: Run pgproxy-master conf.properties.");
            return USAGE;
        }
        return run(kind, options, wiring);
    }

    private static int run(ChildKind kind, ChildOptions options, Wiring wiring) {
        // A changed name takes effect at once: by default the JVM keeps the old addresses for 30 s, and two
        // processes would disagree meanwhile.
        Security.setProperty("networkaddress.cache.ttl", NAME_CACHE_SECONDS);
        Security.setProperty("networkaddress.cache.negative.ttl", NAME_CACHE_SECONDS);
        LogSetup.start(options.logFile(), logSuffix(kind, options.slot()), options.logLevel());
        ProcessTuning.setProcessName("pgproxy-" + kind.label() + (kind == ChildKind.POOL ? "-" + options.slot() : ""));
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> {
            // Otherwise its work would silently stop.
            Event.of("thread_broken")
                    .with("thread", thread.getName())
                    .message("a thread failed; this process exits and is replaced")
                    .error(e);
            LogSetup.flush();
            Runtime.getRuntime().halt(1);
        });
        try {
            ChildProcess process = new ChildProcess(kind, options);
            ChildRole role = wiring.role(process);
            process.conversation.role(role);
            process.handleSignals(role);
            Event.of("child_started")
                    .with("kind", kind.label())
                    .with("slot", options.slot())
                    .info();
            process.loop.run();
            Event.of("child_stopped")
                    .with("kind", kind.label())
                    .with("slot", options.slot())
                    .info();
            return 0;
        } catch (Throwable e) {
            // An invariant is broken: to continue could serve a client the wrong thing. The master starts a new
            // process.
            Event.of("child_broken")
                    .message("this process cannot continue and exits")
                    .error(e);
            return 1;
        }
    }

    private static String logSuffix(ChildKind kind, int slot) {
        return switch (kind) {
            case POOL -> "proxy" + slot;
            case TASK -> "work";
            case ADMIN -> "admin";
        };
    }

    /** Builds a child's role around its process. */
    @FunctionalInterface
    public interface Wiring {
        ChildRole role(ChildProcess process) throws IOException;
    }

    private void handleSignals(ChildRole role) {
        // A terminal sends SIGINT and SIGHUP to the whole group; the master decides when to stop.
        Signals.ignore("INT");
        Signals.ignore("HUP");
        Signals.handle("USR1", LogSetup::reopen);
        Signals.handle("TERM", () -> {
            try {
                loop.post(role::terminate);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    public EventLoop loop() {
        return loop;
    }

    public EpollPoller poller() {
        return poller;
    }

    public ControlChannel channel() {
        return channel;
    }
}
