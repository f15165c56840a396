package dev.pgproxy.adminworker;

import dev.pgproxy.adminworker.session.Asker;
import dev.pgproxy.adminworker.session.Commands;
import dev.pgproxy.adminworker.session.LoginGuard;
import dev.pgproxy.adminworker.session.OperatorSession;
import dev.pgproxy.adminworker.session.Passwords;
import dev.pgproxy.adminworker.session.Services;
import dev.pgproxy.adminworker.snapshot.SnapshotSource;
import dev.pgproxy.adminworker.sql.Engines;
import dev.pgproxy.adminworker.sql.Running;
import dev.pgproxy.common.channel.ControlChannel;
import dev.pgproxy.common.child.ChildProcess;
import dev.pgproxy.common.child.ChildRole;
import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.ipc.AdminSettings;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.SettingsMessages;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.peer.LocalPeer;
import dev.pgproxy.common.peer.PeerGroup;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The front door of the admin-worker: takes over operators' connections from the master, and passes their requests back to it. */
final class AdminWorker implements ChildRole, SettingsMessages.AtAdminWorker, CommandMessages.AtAdminWorker, Services {

    /** Clients that have not logged in yet; beyond this, the oldest login gives way. */
    private static final int MAX_LOGINS = 64;

    /** How many of these one address may have. */
    private static final int MAX_LOGINS_PER_ADDRESS = 16;

    /** How many of these are reserved for the proxy's own host, so that strangers cannot lock every operator out. */
    private static final int LOGINS_OF_THIS_HOST = 16;

    /** Results that clients have not taken, over all sessions. */
    private static final long MAX_HELD_BYTES = 64L * 1024 * 1024;

    /** The part of it that is reserved for sessions that may act. */
    private static final long HELD_FOR_THOSE_WHO_ACT = 16L * 1024 * 1024;

    private static final int SCRATCH_BYTES = 64 * 1024;
    private static final int SECRET_BYTES = 4;
    /** One in this many sessions is reserved for operators that may act, and as many again for such operators on this host. */
    private static final int RESERVE_DIVISOR = 5;

    /** How often to check for idle databases, which give up their rows when no statement came within this time. */
    private static final long UNLOAD_PERIOD_MS = 10_000;

    /** How often to check whether clients have read their last message; on {@link #terminate} also the time that they have. */
    private static final long EXIT_CHECK_MS = 20;

    private final EventLoop loop;
    private final ControlChannel channel;
    private final Function<Descriptor, Transport> transports;
    private final LingeringClose lingering;
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES);
    private final SecureRandom random = new SecureRandom();
    private final LoginGuard guard = new LoginGuard();
    private long containedFaults;
    private final Counters counters = new Counters();
    private final Counter operators =
            counters.counter("operators_connected", "connections to pg_proxy, logged in or not");
    private final Counter statementsRun = counters.counter("statements_run", "statements of operators that ran");
    private final Engines engines = new Engines();
    private final SnapshotSource snapshots;
    private final Commands commands;
    private final StatementWatch statements;
    /** In order of arrival. */
    private final Set<OperatorSession> sessions = new LinkedHashSet<>();

    private final ControlMessage.AdminWorkerDesks desks = new Desks();

    private @Nullable AdminSettings settings;
    private @Nullable Passwords passwords;
    private boolean usedSinceLook;
    private long readersFromNs;
    private boolean stopping;

    private final class Desks implements ControlMessage.AdminWorkerDesks {
        @Override
        public SettingsMessages.AtAdminWorker settings() {
            return AdminWorker.this;
        }

        @Override
        public SnapshotMessages.AtAdminWorker snapshots() {
            return snapshots;
        }

        @Override
        public CommandMessages.AtAdminWorker commands() {
            return AdminWorker.this;
        }
    }

    AdminWorker(ChildProcess process) {
        this.loop = process.loop();
        this.channel = process.channel();
        this.transports = descriptor -> SocketTransport.of(descriptor, process.poller());
        this.lingering = new LingeringClose(loop.scheduler());
        this.snapshots = new SnapshotSource(loop, channel::send, counters);
        this.commands = new Commands(channel::send);
        this.statements = new StatementWatch(loop, new HeapWatch()::isTight, this::ranAway);
        counters.add("operator_sessions", "connections to pg_proxy that are open now", sessions::size);
        loop.scheduler().everyMs(UNLOAD_PERIOD_MS, this::unloadIfUnused);
    }

    private void unloadIfUnused() {
        if (!usedSinceLook && statements.isIdle()) {
            engines.unload();
        }
        usedSinceLook = false;
    }

    @Override
    public void onMessage(ControlMessage message) {
        ((ControlMessage.ToAdminWorker) message).dispatchTo(desks);
    }

    @Override
    public void onConfigureAdmin(SettingsMessages.ConfigureAdmin message) {
        settings = message.settings();
        passwords = new Passwords(message.settings().database());
        readersFromNs = loop.clock().nanoTime()
                + TimeUnit.MILLISECONDS.toNanos(message.settings().readersWaitMs());
    }

    @Override
    public void onAssignOperator(CommandMessages.AssignOperator message) {
        operators.increment();
        Transport transport = transports.apply(message.client());
        StartupPacket.Startup startup;
        try {
            startup = (StartupPacket.Startup) StartupPacketDecoder.decode(message.startupPacket());
        } catch (ProtocolViolation e) {
            throw new IllegalStateException("the master passed on a startup packet that it must have refused", e);
        }
        if (stopping) {
            lingering.close(
                    transport,
                    BackendMessage.fatal(
                            SqlState.ADMIN_SHUTDOWN,
                            "terminating connection due to administrator command",
                            "The proxy is being stopped."));
            return;
        }
        String neighbour = LocalPeer.group(message.peer());
        makeRoomToLogIn(neighbour);
        byte[] secret = new byte[SECRET_BYTES];
        random.nextBytes(secret);
        OperatorSession session =
                new OperatorSession(this, startup, message.peer(), neighbour, transport, secret, sessions::remove);
        sessions.add(session);
        session.begin();
    }

    /** Every new client gets its chance: a login takes milliseconds, so the one that has taken longest gives way. */
    private void makeRoomToLogIn(String neighbour) {
        List<OperatorSession> logins =
                sessions.stream().filter(session -> !session.isLoggedIn()).toList();
        List<OperatorSession> alike = logins.stream()
                .filter(session -> session.neighbour().equals(neighbour))
                .toList();
        boolean isHere = PeerGroup.isOfThisHost(neighbour);
        if (alike.size() >= MAX_LOGINS_PER_ADDRESS) {
            alike.get(0).giveWay();
        } else if (logins.size() >= MAX_LOGINS - (isHere ? 0 : LOGINS_OF_THIS_HOST)) {
            logins.stream()
                    .filter(session -> isHere || !PeerGroup.isOfThisHost(session.neighbour()))
                    .findFirst()
                    .ifPresent(OperatorSession::giveWay);
        }
    }

    @Override
    public void onCommandNotice(CommandMessages.CommandNotice message) {
        commands.onNotice(message);
    }

    @Override
    public void onCommandDone(CommandMessages.CommandDone message) {
        commands.onDone(message);
    }

    @Override
    public void onCancelStatement(CommandMessages.CancelStatement message) {
        if (message.pid() == pid()) {
            List.copyOf(sessions).forEach(session -> session.cancel(message.secret()));
        }
    }

    @Override
    public void shutDown(long graceMs) {
        stop(graceMs);
    }

    /** Ends all sessions with a last message, and stops the loop when clients have received it or the grace is over. */
    private void stop(long graceMs) {
        if (stopping) {
            return;
        }
        stopping = true;
        byte[] why = BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection due to administrator command",
                "The proxy is being stopped.");
        for (OperatorSession session : new ArrayList<>(sessions)) {
            session.end(why);
        }
        loop.scheduler().afterMs(graceMs, loop::stop);
        stopWhenHeard();
    }

    private void stopWhenHeard() {
        if (lingering.count() == 0) {
            loop.stop();
        } else {
            loop.scheduler().afterMs(EXIT_CHECK_MS, this::stopWhenHeard);
        }
    }

    @Override
    public void masterLost(String reason) {
        loop.stop(); // Without the master there is nothing to show.
    }

    @Override
    public void terminate() {
        stop(EXIT_CHECK_MS);
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public ByteBuffer scratch() {
        return scratch;
    }

    @Override
    public LingeringClose lingering() {
        return lingering;
    }

    @Override
    public AdminSettings settings() {
        if (settings == null) {
            throw new IllegalStateException("a client came before the settings");
        }
        return settings;
    }

    @Override
    public Passwords passwords() {
        if (passwords == null) {
            throw new IllegalStateException("a client came before the settings");
        }
        return passwords;
    }

    @Override
    public Engines engines() {
        return engines;
    }

    @Override
    public SnapshotSource snapshots() {
        return snapshots;
    }

    @Override
    public Commands commands() {
        return commands;
    }

    @Override
    public void post(Runnable task) {
        try {
            loop.post(task);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void statementBegins(Running statement) {
        usedSinceLook = true;
        statementsRun.increment();
        statements.begins(statement);
    }

    @Override
    public void statementEnds(Running statement) {
        statements.ends(statement);
    }

    @Override
    public void watchStop(Running statement, Asker asker) {
        statements.stop(statement, asker);
    }

    private void ranAway(Asker asker) {
        Event.of("sql_runaway")
                .with("peer", asker.peer())
                .with("user", asker.user())
                .with("may_act", asker.mayAct())
                .message("a statement of pg_proxy cannot be stopped; this process is replaced,"
                        + " and operators lose their sessions")
                .error();
        if (!asker.mayAct()) {
            channel.sendAtOnce(new CommandMessages.ReaderRanAway());
        }
        throw new IllegalStateException("a statement still runs after it was cancelled");
    }

    @Override
    public long readersWaitMs() {
        return TimeUnit.NANOSECONDS.toMillis(readersFromNs - loop.clock().nanoTime());
    }

    @Override
    public void faulted() {
        containedFaults++;
    }

    @Override
    public long containedFaults() {
        return containedFaults;
    }

    @Override
    public LoginGuard guard() {
        return guard;
    }

    @Override
    public boolean hasRoom(boolean mayAct, String neighbour) {
        long loggedIn = sessions.stream().filter(OperatorSession::isLoggedIn).count();
        int all = settings().database().connections();
        int reserve = Math.max(1, all / RESERVE_DIVISOR);
        boolean isHere = PeerGroup.isOfThisHost(neighbour);
        int kept = !mayAct ? 2 * reserve : isHere ? 0 : reserve;
        return loggedIn < all - Math.min(kept, all - 1);
    }

    @Override
    public boolean hasRoomFor(long bytes, boolean mayAct) {
        long held = sessions.stream().mapToLong(OperatorSession::heldBytes).sum();
        return held + bytes <= (mayAct ? MAX_HELD_BYTES : MAX_HELD_BYTES - HELD_FOR_THOSE_WHO_ACT);
    }

    @Override
    public int pid() {
        return (int) ProcessHandle.current().pid();
    }
}
