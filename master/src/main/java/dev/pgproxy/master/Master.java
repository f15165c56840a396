package dev.pgproxy.master;

import dev.pgproxy.common.config.ConfigException;
import dev.pgproxy.common.config.ConfigLoader;
import dev.pgproxy.common.config.ConfigReload;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.files.FileProblem;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.io.TcpSockets;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.Notice;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.TaskSettings;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.log.LogSetup;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.master.accept.Arrivals;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.Listeners;
import dev.pgproxy.master.accept.Logins;
import dev.pgproxy.master.admin.AdminDesk;
import dev.pgproxy.master.cancel.CancelDesk;
import dev.pgproxy.master.failover.FailoverDesk;
import dev.pgproxy.master.failover.FailoverState;
import dev.pgproxy.master.failover.StateFile;
import dev.pgproxy.master.failover.SwitchoverDesk;
import dev.pgproxy.master.notice.NoticeDesk;
import dev.pgproxy.master.role.RoleDesk;
import dev.pgproxy.master.routing.Dispatcher;
import dev.pgproxy.master.supervisor.Child;
import dev.pgproxy.master.supervisor.Supervisor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The front door of the master: joins its parts, and says in which order they start and stop.
 *
 * <pre>
 *   Listeners -> Logins -> Dispatcher -> (descriptor) -> pool-worker
 *                      \-> CancelDesk -> (task) -> task-worker
 *                      \-> AdminDesk -> (descriptor) -> admin-worker
 *   pool-worker -> RoleDesk -> (task) -> task-worker
 *   FailoverDesk -> Dispatcher, pool-workers; -> NoticeDesk -> (task) -> task-worker
 *   admin-worker -> AdminDesk -> (reports, commands) -> everybody
 *   Supervisor: starts the workers, and brings what they report to the Dispatcher and the CancelDesk
 * </pre>
 */
public final class Master
        implements Arrivals, Supervisor.Listener, ControlMessage.MasterHandler, AdminDesk.Proxy, FailoverDesk.Listener {

    /** The pseudo-database for operators. */
    private static final String ADMIN_DATABASE = "pg_proxy";

    /** Connections above max_client_conn that are still read from, so that a cancel gets through when all places are taken. */
    private static final int EXTRA_CONNECTIONS = 64;

    /** What is left of shutdown_timeout, behind the time that workers get, for them to exit and for the clean-up. */
    private static final long EXIT_MARGIN_MS = 1_000;

    private final ProxyConfig started;
    private final Path configFile;
    private ProxyConfig config;
    private final EventLoop loop;
    private final LingeringClose lingering;
    private final Logins logins;
    private final Listeners listeners;
    private final Dispatcher dispatcher;
    private final CancelDesk cancels;
    private final RoleDesk roles;
    private final FailoverDesk failover;
    private final SwitchoverDesk switchovers;
    private final NoticeDesk notices = new NoticeDesk();
    private final AdminDesk admin;
    private final Supervisor supervisor;
    private final PidFile pidFile;
    private final long clientBytes;
    private final EventThrottle memoryFull = new EventThrottle();
    private Child speaker;
    private @Nullable OwnedFd arrivedFd;
    private boolean serving;
    private boolean stopping;

    /**
     * Nothing is opened or started before {@link #start}.
     *
     * @param config with the servers as the state has them
     * @param state what the last process has left
     * @param configFile where the configuration was read from, and is read from again
     * @param maxWorkerLoad descriptors that each worker has for clients and servers
     * @param clientBytes memory for what all clients send at their start
     */
    Master(
            ProxyConfig config,
            FailoverState state,
            Path configFile,
            String version,
            EventLoop loop,
            EpollPoller poller,
            InstantSource wallClock,
            PidFile pidFile,
            long maxWorkerLoad,
            long clientBytes) {
        this.clientBytes = clientBytes;
        this.started = config;
        this.config = config;
        this.configFile = configFile;
        this.loop = loop;
        this.pidFile = pidFile;
        this.lingering = new LingeringClose(loop.scheduler());
        long loginMs = config.timeouts().clientLogin().toMillis();
        this.logins = new Logins(loop, poller, lingering, config.tuning(), loginMs, this);
        this.listeners = new Listeners(loop, poller, logins);
        StateFile stateFile = new StateFile(config.files().stateFile());
        this.dispatcher = new Dispatcher(loop, poller, config, logins, maxWorkerLoad, this::suspected);
        this.failover = new FailoverDesk(loop, wallClock, stateFile, config, state, dispatcher::isPaused, this);
        this.switchovers = new SwitchoverDesk(loop, failover);
        this.cancels = new CancelDesk(loop, config.timeouts().cancelWait().toMillis());
        this.roles = new RoleDesk(loop, config.auth().verifierCache().toMillis());
        this.supervisor = new Supervisor(loop, poller, config, this);
        int pid = (int) ProcessHandle.current().pid();
        this.admin = new AdminDesk(loop, wallClock, dispatcher, logins, failover, switchovers, this, version, pid);
        this.speaker = supervisor.children().get(0);
    }

    /**
     * Starts the workers and listens.
     *
     * @throws IOException when the control socket or an address of {@code listen} cannot be had
     */
    void start() throws IOException {
        List<InetSocketAddress> bound =
                listeners.open(config.listen(), config.limits().listenBacklog());
        try {
            supervisor.start();
        } catch (IOException e) {
            listeners.close();
            throw e;
        }
        failover.start();
        warnOfDefaultPassword();
        bound.forEach(address -> Event.of("listening")
                .with("address", TcpSockets.display(address))
                .info());
    }

    @Override
    public boolean hasRoom() {
        int known = dispatcher.clientCount() + logins.count();
        return known < config.limits().clientConnections() + EXTRA_CONNECTIONS;
    }

    @Override
    public boolean hasRoomFor(int bytes) {
        return heldBytes() + bytes <= clientBytes;
    }

    private long heldBytes() {
        return logins.heldBytes() + dispatcher.heldBytes();
    }

    @Override
    public boolean letGiveWay(int bytes) {
        return dispatcher.letGiveWay(bytes);
    }

    @Override
    public void memoryFull() {
        Event.of("client_memory_full")
                .limitedBy(memoryFull, loop.clock().nanoTime())
                .with("held_bytes", heldBytes())
                .with("limit_bytes", clientBytes)
                .with("clients", dispatcher.clientCount())
                .message(
                        "what all clients have sent at their start fills the memory for it; who has not proved who he is gives way, else the newest is refused")
                .hint(
                        "SELECT msg FROM startupmsg in pg_proxy shows who sends much. PGPROXY_MASTER_OPTS=-Xmx512m gives the master more.")
                .warn();
    }

    @Override
    public void onClient(Client client) {
        if (client.startup().parameters().database().equals(ADMIN_DATABASE)) {
            admin.submit(client);
        } else {
            dispatcher.submit(client);
        }
    }

    @Override
    public void onCancel(SocketTransport transport, StartupPacket.CancelRequest request) {
        admin.onCancel(request);
        cancels.submit(transport, request);
    }

    @Override
    public void childReady(Child child) {
        child.send(new ControlMessage.SetLogLevel(config.logging().level()));
        configure(child);
        switch (child.kind()) {
            case TASK -> {
                cancels.taskWorkerReady(child);
                roles.taskWorkerReady(child);
                notices.taskWorkerReady(child);
                failover.probes().taskWorkerReady(child);
            }
            case POOL -> {
                cancels.poolWorkerReady(child);
                admin.poolWorkerReady(child);
                dispatcher.workerReady(child);
                startServing();
            }
            case ADMIN -> admin.adminWorkerReady(child);
        }
    }

    private void configure(Child child) {
        switch (child.kind()) {
            case TASK ->
                child.send(new ControlMessage.ConfigureTasks(new TaskSettings(
                        config.adminLogin(),
                        config.auth().verifierFile().map(Path::toString).orElse(""),
                        config.notices())));
            case POOL -> child.send(new ControlMessage.ConfigurePool(poolSettings()));
            case ADMIN -> admin.configure();
        }
    }

    private void startServing() {
        if (serving) {
            return;
        }
        serving = true;
        Event.of("serving")
                .with("primary", config.servers().primary())
                .with("standbys", config.servers().standbys())
                .with("workers", config.workers())
                .info();
        try {
            pidFile.writePid();
        } catch (IOException e) {
            Event.of("pid_file_failed")
                    .message(String.valueOf(e.getMessage()))
                    .hint("Free the disk; who waits for the pid file takes this proxy for not started.")
                    .error();
        }
    }

    private PoolSettings poolSettings() {
        ProxyConfig.Timeouts timeouts = config.timeouts();
        return new PoolSettings(
                config.receiveBytes(),
                timeouts.idleConnection().toMillis(),
                timeouts.serverLifetime().toMillis(),
                timeouts.serverConnect().toMillis(),
                timeouts.serverReset().toMillis(),
                timeouts.activeConnection().toMillis(),
                timeouts.idleTransaction().toMillis(),
                config.poolIgnoreParameters(),
                config.failover().moveSessions(),
                config.logging().connections(),
                config.logging().disconnections(),
                config.tuning());
    }

    @Override
    public void childGone(Child child) {
        switch (child.kind()) {
            case TASK -> {
                cancels.taskWorkerGone();
                roles.taskWorkerGone();
                notices.taskWorkerGone();
                failover.probes().taskWorkerGone();
            }
            case POOL -> {
                cancels.poolWorkerGone(child);
                admin.poolWorkerGone(child);
                dispatcher.workerGone(child);
                switchovers.workerGone(child.slot());
            }
            case ADMIN -> admin.adminWorkerGone();
        }
    }

    @Override
    public void childSaid(Child child, ControlMessage.ToMaster message, @Nullable OwnedFd fd) {
        speaker = child;
        arrivedFd = fd;
        message.dispatchTo(this);
    }

    @Override
    public void onHello(ControlMessage.Hello message) {
        throw new IllegalStateException("the supervisor keeps greetings to itself");
    }

    @Override
    public void onPong(ControlMessage.Pong message) {
        throw new IllegalStateException("the supervisor keeps heartbeats to itself");
    }

    @Override
    public void onFrontendAccepted(ControlMessage.FrontendAccepted message) {
        dispatcher.onAccepted(speaker, message);
    }

    @Override
    public void onSessionOpened(ControlMessage.SessionOpened message) {
        dispatcher.onOpened(speaker, message);
    }

    @Override
    public void onSessionClosed(ControlMessage.SessionClosed message) {
        dispatcher.onClosed(speaker, message);
    }

    @Override
    public void onBackendResetting(ControlMessage.BackendResetting message) {
        dispatcher.onResetting(speaker, message);
    }

    @Override
    public void onBackendIdle(ControlMessage.BackendIdle message) {
        dispatcher.onIdle(speaker, message);
    }

    @Override
    public void onBackendGone(ControlMessage.BackendGone message) {
        dispatcher.onGone(speaker, message);
    }

    @Override
    public void onCancelTarget(ControlMessage.CancelTarget message) {
        cancels.onTarget(speaker, message);
    }

    @Override
    public void onCancelUnknown(ControlMessage.CancelUnknown message) {
        cancels.onUnknown(speaker, message);
    }

    @Override
    public void onCancelDone(ControlMessage.CancelDone message) {
        cancels.onDone(message);
    }

    @Override
    public void onBackendClosing(ControlMessage.BackendClosing message) {
        dispatcher.onClosing(speaker, message);
    }

    @Override
    public void onCancelQuery(ControlMessage.CancelQuery message) {
        cancels.onCancelQuery(speaker, message);
    }

    @Override
    public void onFindRole(ControlMessage.FindRole message) {
        roles.onFindRole(speaker, message);
    }

    @Override
    public void onRolesChanged(ControlMessage.RolesChanged message) {
        roles.onRolesChanged(message.server());
    }

    @Override
    public void onObjectInUse(ControlMessage.ObjectInUse message) {
        // Somebody wants a database to himself: idle backends must not be what keeps him from it.
        toPoolWorkers(new ControlMessage.GiveUpIdle(message.server(), message.message(), message.isWaiting()));
    }

    @Override
    public void onRoleDoubted(ControlMessage.RoleDoubted message) {
        if (message.methodToo()) {
            dispatcher.loginChanged(message.server(), message.user(), message.database());
        }
        roles.onRoleDoubted(message);
    }

    @Override
    public void onRoleLookedUp(ControlMessage.RoleLookedUp message) {
        roles.onLookedUp(message);
    }

    @Override
    public void onEventNoted(ControlMessage.EventNoted message) {
        admin.onEvent(speaker, message);
    }

    @Override
    public void onReportRows(ControlMessage.ReportRows message) {
        admin.onReportRows(speaker, message);
    }

    @Override
    public void onReportEnd(ControlMessage.ReportEnd message) {
        admin.onReportEnd(speaker, message);
    }

    @Override
    public void onSessionsEnded(ControlMessage.SessionsEnded message) {
        admin.onSessionsEnded(speaker, message);
    }

    @Override
    public void onFrontendReturned(ControlMessage.FrontendReturned message) {
        dispatcher.onReturned(speaker, message, arrivedConnection());
    }

    @Override
    public void onFrontendParked(ControlMessage.FrontendParked message) {
        dispatcher.onParked(speaker, message, arrivedConnection());
    }

    private OwnedFd arrivedConnection() {
        OwnedFd fd = arrivedFd;
        if (fd == null) {
            throw new IllegalStateException("the channel delivered a client without its descriptor");
        }
        return fd;
    }

    @Override
    public void onNoticeSent(ControlMessage.NoticeSent message) {
        notices.onSent(message);
    }

    @Override
    public void onPlaceWanted(ControlMessage.PlaceWanted message) {
        dispatcher.onPlaceWanted(speaker, message);
    }

    @Override
    public void onServerFull(ControlMessage.ServerFull message) {
        dispatcher.onServerFull(speaker, message);
    }

    @Override
    public void onReaderRanAway(ControlMessage.ReaderRanAway message) {
        admin.onReaderRanAway();
    }

    @Override
    public void onServerProbed(ControlMessage.ServerProbed message) {
        failover.probes().onProbed(message);
    }

    @Override
    public void onServerMoved(ControlMessage.ServerMoved message) {
        Event.of("server_moved")
                .with("server", message.server())
                .with("addresses", String.join(",", message.addresses()))
                .message(
                        "the name leads elsewhere than before: sessions and connections at the old addresses are ended")
                .hint("Two servers behind one name are no pair of primaries: see that nobody writes to the old one.")
                .warn();
        toPoolWorkers(message);
    }

    @Override
    public void onServerLost(ControlMessage.ServerLost message) {
        failover.probes().onLost(message);
    }

    @Override
    public void onServerAnswered(ControlMessage.ServerAnswered message) {
        failover.probes().onAnswered(message);
    }

    private void suspected(ServerAddress server) {
        failover.suspected(server);
    }

    @Override
    public void onSessionsHeld(ControlMessage.SessionsHeld message) {
        switchovers.onSessionsHeld(speaker.slot(), message.requestId());
    }

    @Override
    public void holdSessions(ServerAddress server, boolean held) {
        long request = held ? switchovers.awaitWorkers(dispatcher.workerSlots()) : 0;
        toPoolWorkers(new ControlMessage.HoldSessions(request, server, held));
    }

    @Override
    public void switchoverEnded(@Nullable String problem) {
        switchovers.end(problem);
    }

    @Override
    public void primaryHeld(boolean held) {
        dispatcher.holdPrimary(held);
    }

    @Override
    public void readable(List<ServerAddress> standbys) {
        dispatcher.serversAre(config.servers().primary(), standbys);
    }

    @Override
    public int connections(ServerAddress server) {
        return dispatcher.connections(server);
    }

    @Override
    public void cutOff(ServerAddress server, ServerAddress successor) {
        toPoolWorkers(new ControlMessage.LeaveServer(server, successor));
    }

    @Override
    public void serversChanged(ProxyConfig.Servers servers) {
        config = config.withServers(servers);
        dispatcher.serversAre(servers.primary(), servers.standbys());
        admin.reconnect(Set.of(servers.primary())); // What was opened on a standby still says that it is one.
    }

    @Override
    public void tell(Notice notice) {
        if (!config.notices().isEmpty()) {
            notices.submit(notice);
        }
    }

    @Override
    public void lookedAtAll() {
        admin.serversLookedAt();
    }

    private void toPoolWorkers(ControlMessage message) {
        supervisor.children().stream()
                .filter(child -> child.kind() == ChildKind.POOL)
                .forEach(child -> child.send(message));
    }

    @Override
    public void onTakeSnapshot(ControlMessage.TakeSnapshot message) {
        admin.onTakeSnapshot(message);
    }

    @Override
    public void onRunCommand(ControlMessage.RunCommand message) {
        admin.onRunCommand(message);
    }

    @Override
    public void onAbandonCommand(ControlMessage.AbandonCommand message) {
        admin.onAbandonCommand(message);
    }

    @Override
    public void onEndConnections(ControlMessage.EndConnections message) {
        admin.onEndConnections(message);
    }

    @Override
    public ProxyConfig config() {
        return config;
    }

    @Override
    public List<Child> children() {
        return supervisor.children();
    }

    @Override
    public void demandAdminWorker() {
        supervisor.demandAdminWorker();
    }

    /** Reads the file and takes over what can change, in every process; nobody loses a connection. A bad file changes nothing. */
    @Override
    public AdminDesk.ReloadResult reload() {
        ConfigReload.Outcome outcome;
        try {
            outcome = ConfigReload.merge(started, config, ConfigLoader.load(configFile));
        } catch (IOException | ConfigException e) {
            Event.of("reload_refused")
                    .message("the configuration was not reloaded, nothing was changed: " + problem(e))
                    .hint("Correct the file; pgproxy-master --check shows the same.")
                    .error();
            return new AdminDesk.ReloadResult(problem(e), "");
        }
        Set<ServerAddress> before = Set.copyOf(config.servers().standbys());
        config = outcome.inForce();
        LogSetup.level(config.logging().level());
        logins.configure(config.tuning(), config.timeouts().clientLogin().toMillis());
        cancels.configure(config.timeouts().cancelWait().toMillis());
        roles.configure(config.auth().verifierCache().toMillis());
        supervisor.configure(config);
        for (Child child : supervisor.children()) {
            child.send(new ControlMessage.SetLogLevel(config.logging().level()));
            configure(child);
        }
        dispatcher.configure(config);
        failover.configure(config, outcome.namesPrimary());
        Set<ServerAddress> removed = new HashSet<>(before);
        removed.removeAll(config.servers().standbys());
        admin.reconnect(removed);
        warnOfDefaultPassword();
        String changed = outcome.changed().isEmpty() ? "nothing" : String.join(", ", outcome.changed());
        String kept = String.join(", ", outcome.keptBack());
        Event event = Event.of("reloaded").with("changed", changed);
        if (kept.isEmpty()) {
            event.info();
        } else {
            event.with("unchanged", kept)
                    .message("some keys were changed in the file that only a restart takes over")
                    .hint(
                            outcome.namesPrimary()
                                    ? "Restart pgproxy when it suits."
                                    : "The primary is " + config.servers().primary()
                                            + ": once master names it, a reload takes over promote too. Restart for other keys.")
                    .warn();
        }
        return new AdminDesk.ReloadResult(
                "", "changed: " + changed + (kept.isEmpty() ? "" : "; only a restart takes over: " + kept));
    }

    private static String problem(Exception e) {
        return e instanceof ConfigException
                ? String.valueOf(e.getMessage())
                : "the file could not be read: " + FileProblem.words((IOException) e);
    }

    private void warnOfDefaultPassword() {
        if (config.adminDatabase().hasDefaultPassword()) {
            Event.of("default_password")
                    .message("pg_proxy_pw is the default that everybody knows; only this host may log in to pg_proxy")
                    .hint("Set pg_proxy_pw.")
                    .warn();
        }
    }

    /** The log files were moved away: opens them anew, here and in every child. */
    void reopenLogs() {
        LogSetup.reopen();
        supervisor.children().forEach(child -> child.send(new ControlMessage.ReopenLogs()));
        Event.of("logs_reopened").info();
    }

    /** Stops accepting, ends all within shutdown_timeout, and then the loop. A second call does nothing. */
    @Override
    public void stop(String signal) {
        if (stopping) {
            return;
        }
        stopping = true;
        long timeoutMs = config.timeouts().shutdown().toMillis();
        Event.of("stopping")
                .with("signal", signal)
                .with("clients", dispatcher.clientCount())
                .with("timeout_ms", timeoutMs)
                .info();
        listeners.close();
        failover.close();
        byte[] why = BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection due to administrator command",
                "The proxy is being stopped; connect again.");
        logins.refuseAll(why);
        dispatcher.refuseAll(why);
        admin.refuseAll(why);
        cancels.endAll();
        long marginMs = Math.min(EXIT_MARGIN_MS, timeoutMs / 2);
        supervisor.stop(timeoutMs - marginMs, timeoutMs - marginMs / 2);
    }

    @Override
    public void allStopped() {
        loop.stop();
    }

    /** Removes the socket and the pid file, whether or not the start got far enough to make them. */
    void cleanUp() throws IOException {
        supervisor.close();
        pidFile.close();
    }
}
