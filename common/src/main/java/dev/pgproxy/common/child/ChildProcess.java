package dev.pgproxy.common.child;

import dev.pgproxy.common.channel.ControlChannel;
import dev.pgproxy.common.channel.Link;
import dev.pgproxy.common.channel.PermittedMessages;
import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.io.ControlSockets;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.ProcessTuning;
import dev.pgproxy.common.io.Signals;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.UpkeepMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.LogLine;
import dev.pgproxy.common.log.LogSetup;
import dev.pgproxy.common.loop.EventLoop;
import java.io.IOException;
import java.security.Security;
import org.jspecify.annotations.Nullable;

/** A child of the master: its loop, its channel, its signals, and what every child answers in the same way. */
public final class ChildProcess implements UpkeepMessages.AtChild {

    private static final String NAME_CACHE_SECONDS = "0";

    /** How often the loop's delay is measured. */
    private static final long DELAY_PERIOD_MS = 100;

    /** Lines of the log that go to the master with each answer to a ping; the rest waits for the next. */
    private static final int EVENTS_PER_PING = 50;

    /** A longer line is cut for the table of events; the log has it all. */
    private static final int MAX_EVENT_CHARS = 2_000;

    /** What a child gets to do. All methods are called on the loop's thread. */
    public interface Role {
        /** The master says something that only children of this kind hear. */
        void onMessage(ControlMessage message);

        /** The master wants everything to end within this time, and this process after it. */
        void shutDown(long graceMs);

        /**
         * The master is gone.
         *
         * @param reason for the log
         */
        void masterLost(String reason);

        /** SIGTERM came. */
        void terminate();

        /** Faults of the proxy's own that cost one session or one task each, since the start. */
        default long containedFaults() {
            return 0;
        }
    }

    private final EventLoop loop;
    private final EpollPoller poller;
    private final ControlChannel channel;
    private @Nullable Role role;

    private ChildProcess(ChildKind kind, ChildOptions options) throws IOException {
        poller = new EpollPoller();
        loop = new EventLoop(poller, System::nanoTime);
        Protocol protocol = new Protocol();
        channel = new ControlChannel(
                ControlSockets.connect(options.socket, poller),
                loop,
                protocol,
                PermittedMessages.EXPECTING_WELCOME,
                new FromMaster(kind));
        channel.send(protocol.hello(kind, options.slot, ProcessHandle.current().pid()));
    }

    /** What the master says, and what becomes of the channel to it. */
    private final class FromMaster implements Link.Listener {
        private final ChildKind kind;
        private boolean isWelcome;

        private FromMaster(ChildKind kind) {
            this.kind = kind;
        }

        @Override
        public void onMessage(ControlMessage message) {
            if (message instanceof UpkeepMessages.Welcome welcome) {
                isWelcome = true;
                channel.agree(welcome.version(), PermittedMessages.to(kind));
            } else if (message instanceof ControlMessage.ToEveryChild common) {
                common.dispatchTo(ChildProcess.this);
            } else {
                role().onMessage(message);
            }
        }

        @Override
        public void onClosed(String reason, boolean brokenHere) {
            if (brokenHere) {
                // The master lives and will serve our clients elsewhere: continuing would serve them twice.
                throw new IllegalStateException("the control channel broke: " + reason);
            }
            if (!isWelcome) {
                Event.of("child_refused")
                        .message("the master ended the connection without a welcome; its log says why")
                        .error();
            }
            role().masterLost(reason);
        }
    }

    /**
     * Starts the child and runs it until its loop is stopped.
     *
     * @param wiring builds the role; may use the process's loop, poller and channel
     * @return the exit status: 0 as asked, 1 when something broke
     */
    public static int run(ChildKind kind, ChildOptions options, Wiring wiring) {
        // A name that leads elsewhere is believed at once: by default the JVM keeps the old addresses for 30 s, and two
        // processes would not agree meanwhile.
        Security.setProperty("networkaddress.cache.ttl", NAME_CACHE_SECONDS);
        Security.setProperty("networkaddress.cache.negative.ttl", NAME_CACHE_SECONDS);
        LogSetup.start(options.logFile(), logSuffix(kind, options.slot), options.logLevel);
        ProcessTuning.setProcessName("pgproxy-" + kind.label() + (kind == ChildKind.POOL ? "-" + options.slot : ""));
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> {
            // Nobody would notice that its work is not done any more.
            Event.of("thread_broken")
                    .with("thread", thread.getName())
                    .message("a thread has ended by a fault; this process exits and is replaced")
                    .error(e);
            LogSetup.flush();
            Runtime.getRuntime().halt(1);
        });
        try {
            ChildProcess process = new ChildProcess(kind, options);
            process.role = wiring.role(process);
            process.handleSignals();
            Event.of("child_started")
                    .with("kind", kind.label())
                    .with("slot", options.slot)
                    .info();
            process.loop.scheduler().everyMs(DELAY_PERIOD_MS, () -> {}); // Its own delay is what the loop reports.
            process.loop.run();
            Event.of("child_stopped")
                    .with("kind", kind.label())
                    .with("slot", options.slot)
                    .info();
            return 0;
        } catch (Throwable e) {
            // A broken invariant: whoever continues serves somebody the wrong thing. The master starts a new one.
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

    @Override
    public void onPing(UpkeepMessages.Ping message) {
        channel.send(new UpkeepMessages.Pong(message.sequence(), loop.takeLongestDelayNs(), role().containedFaults()));
        for (LogLine line : LogSetup.journal().take(EVENTS_PER_PING)) {
            String text = line.text();
            channel.send(new UpkeepMessages.EventNoted(
                    line.atMicros(), line.level(), text.substring(0, Math.min(text.length(), MAX_EVENT_CHARS))));
        }
    }

    @Override
    public void onShutdown(UpkeepMessages.Shutdown message) {
        role().shutDown(message.graceMs());
    }

    @Override
    public void onReopenLogs(UpkeepMessages.ReopenLogs message) {
        LogSetup.reopen();
    }

    @Override
    public void onSetLogLevel(UpkeepMessages.SetLogLevel message) {
        LogSetup.level(message.level());
    }

    /** Builds a child's role around its process. */
    @FunctionalInterface
    public interface Wiring {
        Role role(ChildProcess process) throws IOException;
    }

    private Role role() {
        if (role == null) {
            throw new IllegalStateException("a message before the child was wired");
        }
        return role;
    }

    private void handleSignals() {
        // A terminal sends SIGINT and SIGHUP to the whole group; when to stop is the master's to say.
        Signals.ignore("INT");
        Signals.ignore("HUP");
        Signals.handle("USR1", LogSetup::reopen);
        Signals.handle("TERM", () -> {
            try {
                loop.post(() -> role().terminate());
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
