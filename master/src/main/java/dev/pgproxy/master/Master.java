package dev.pgproxy.master;

import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.config.ConfigException;
import dev.pgproxy.common.config.ConfigLoader;
import dev.pgproxy.common.config.ConfigReload;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.files.FileProblem;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.SwitchoverMessages;
import dev.pgproxy.common.ipc.UpkeepMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.LogLine;
import dev.pgproxy.common.log.LogSetup;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.accept.ClientMemory;
import dev.pgproxy.master.accept.PendingStartups;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.master.admin.CommandDesk;
import dev.pgproxy.master.admin.EventLog;
import dev.pgproxy.master.admin.MasterTables;
import dev.pgproxy.master.admin.OperatorDesk;
import dev.pgproxy.master.admin.SnapshotDesk;
import dev.pgproxy.master.alert.AlertDesk;
import dev.pgproxy.master.cancel.CancelDesk;
import dev.pgproxy.master.failover.FailoverDesk;
import dev.pgproxy.master.failover.FailoverState;
import dev.pgproxy.master.failover.SwitchoverDesk;
import dev.pgproxy.master.role.RoleDesk;
import dev.pgproxy.master.role.RoleMemory;
import dev.pgproxy.master.routing.Dispatcher;
import dev.pgproxy.master.supervisor.Child;
import dev.pgproxy.master.supervisor.Supervisor;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The master: connects its parts, and defines the order in which they start, change and stop.
 *
 * <pre>
 *   {@link Host} -> PendingStartups -> ClientEntrance -> Dispatcher   -> (descriptor) -> pool-worker
 *                                                 \-> CancelDesk   -> (task)       -> task-worker
 *                                                 \-> OperatorDesk -> (descriptor) -> admin-worker
 *   pool-worker  -> RoleDesk -> (task) -> task-worker
 *   FailoverDesk -> Dispatcher, pool-workers; -> AlertDesk -> (task) -> task-worker
 *   admin-worker -> SnapshotDesk (reports), CommandDesk (commands) -> all parts
 *   Supervisor: starts the workers, and passes their messages to the {@link Desks}
 * </pre>
 */
public final class Master
        implements Supervisor.Listener, WorkerRegistry.Listener, CommandDesk.Proxy, FailoverDesk.Listener {

    /** The part of shutdown_timeout that is left after the workers' time, for them to exit and for the clean-up. */
    private static final long EXIT_MARGIN_MS = 1_000;

    private final ProxyConfig started;
    private final Path configFile;
    private ProxyConfig config;
    private final EventLoop loop;
    private final Host host;
    private final WorkerRegistry workers = new WorkerRegistry();
    private final EventLog events = new EventLog();
    private final WorkerSettings settings;
    private final Counters counters = new Counters();
    private final PendingStartups startups;
    private final Dispatcher dispatcher;
    private final CancelDesk cancels;
    private final RoleDesk roles;
    private final FailoverDesk failover;
    private final SwitchoverDesk switchovers;
    private final AlertDesk alerts;
    private final OperatorDesk operators;
    private final SnapshotDesk snapshots;
    private final CommandDesk commands;
    private final Supervisor supervisor;
    private boolean serving;
    private boolean stopping;

    /**
     * Opens and starts nothing before {@link #start}.
     *
     * @param config with the servers as the state assigns their roles
     * @param state as the previous process left it
     * @param configFile the file that the configuration was read from and is reloaded from
     * @param maxWorkerLoad descriptors that each worker has for clients and servers
     * @param clientBytes memory for the startup data of all clients
     */
    public Master(
            ProxyConfig config,
            FailoverState state,
            Path configFile,
            String version,
            EventLoop loop,
            Host host,
            Protocol protocol,
            long maxWorkerLoad,
            long clientBytes) {
        this.started = config;
        this.config = config;
        this.configFile = configFile;
        this.loop = loop;
        this.host = host;
        this.settings = new WorkerSettings(this::config, version, this::readersWaitMs);
        workers.listen(settings);
        Refusals refusals = new Refusals(loop.clock(), new LingeringClose(loop.scheduler()), counters);
        ClientMemory memory = new ClientMemory(loop.clock(), clientBytes);
        this.cancels =
                new CancelDesk(loop, workers, config.timeouts().cancelWait().toMillis(), counters);
        RoleMemory roleMemory =
                new RoleMemory(loop.clock(), config.auth().verifierCache().toMillis());
        this.dispatcher = new Dispatcher(
                loop,
                config,
                refusals,
                memory,
                workers,
                roleMemory,
                host.user(),
                host::connection,
                maxWorkerLoad,
                this::suspected,
                counters);
        this.roles = new RoleDesk(
                loop, workers, roleMemory, config.timeouts().clientLogin().toMillis(), dispatcher::loginChanged);
        this.alerts = new AlertDesk(workers);
        this.failover = new FailoverDesk(
                loop,
                host.wallClock(),
                host.stateStore(),
                host.background(),
                config,
                state,
                dispatcher::isPaused,
                workers,
                this);
        this.switchovers = new SwitchoverDesk(loop, workers, failover);
        this.supervisor = new Supervisor(loop, host.processes(), protocol, config, workers, this);
        this.operators = new OperatorDesk(
                loop,
                workers,
                refusals,
                () -> this.config.adminDatabase().hasDefaultPassword(),
                supervisor::demandAdminWorker);
        this.startups = new PendingStartups(
                loop,
                refusals,
                memory,
                config.timeouts().clientLogin().toMillis(),
                new ClientEntrance(
                        dispatcher,
                        cancels,
                        operators,
                        () -> this.config.limits().clientConnections()),
                counters);
        int pid = host.pid();
        this.snapshots = new SnapshotDesk(
                loop,
                host.wallClock(),
                workers,
                new MasterTables(
                        loop, dispatcher, startups, failover, supervisor, events, this::config, counters, pid));
        this.commands = new CommandDesk(loop, workers, dispatcher, switchovers, this, pid);
        workers.listen(this);
    }

    private long readersWaitMs() {
        return commands.readersWaitMs();
    }

    /**
     * Starts the workers and listens.
     *
     * @throws IOException when the control socket or an address of {@code listen} cannot be bound
     */
    public void start() throws IOException {
        host.listen(config, startups);
        try {
            supervisor.start(new Desks(
                    supervisor,
                    dispatcher.sessions(),
                    dispatcher.sessions(),
                    dispatcher.backends(),
                    cancels,
                    roles,
                    failover.probes(),
                    switchovers,
                    alerts,
                    snapshots,
                    commands));
        } catch (IOException e) {
            host.stopListening();
            throw e;
        }
        failover.start();
        warnOfDefaultPassword();
    }

    /** Clients can be served once the first pool-worker is ready. */
    @Override
    public void workerReady(Worker worker) {
        if (serving || worker.kind() != ChildKind.POOL) {
            return;
        }
        serving = true;
        Event.of("serving")
                .with("primary", config.servers().primary())
                .with("standbys", config.servers().standbys())
                .with("workers", config.workers())
                .info();
        host.serving();
    }

    @Override
    public void childLogged(Child child, UpkeepMessages.EventNoted event) {
        events.add(child.name(), new LogLine(event.atMicros(), event.level(), event.line()));
    }

    private void suspected(Endpoint server) {
        failover.suspected(server);
    }

    @Override
    public void holdSessions(Endpoint server, boolean held) {
        switchovers.holdSessions(server, held);
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
    public void readable(List<Endpoint> standbys) {
        dispatcher.serversAre(config.servers().primary(), standbys);
    }

    @Override
    public int connections(Endpoint server) {
        return dispatcher.connections(server);
    }

    @Override
    public void cutOff(Endpoint server, Endpoint successor) {
        workers.toPoolWorkers(new SwitchoverMessages.LeaveServer(server, successor));
    }

    @Override
    public void serversChanged(ProxyConfig.Servers servers) {
        config = config.withServers(servers);
        dispatcher.serversAre(servers.primary(), servers.standbys());
        // Backends opened while it was a standby still report that it is one.
        workers.toPoolWorkers(new BackendMessages.Reconnect(servers.primary()));
    }

    @Override
    public void tell(Alert alert) {
        if (!config.alerts().isEmpty()) {
            alerts.submit(alert);
        }
    }

    @Override
    public void probedAll() {
        snapshots.serversProbed();
    }

    @Override
    public ProxyConfig config() {
        return config;
    }

    /** Rereads the file and applies what can change, in every process; no client loses its connection. An invalid file changes nothing. */
    @Override
    public CommandDesk.ReloadResult reload() {
        ConfigReload.Outcome outcome;
        try {
            outcome = ConfigReload.merge(started, config, ConfigLoader.load(configFile));
        } catch (IOException | ConfigException e) {
            Event.of("reload_refused")
                    .message("the configuration was not reloaded, and nothing was changed: " + problem(e))
                    .hint("Fix the file; pgproxy-master --check shows the same problems.")
                    .error();
            return new CommandDesk.ReloadResult(problem(e), "");
        }
        Set<Endpoint> before = Set.copyOf(config.servers().standbys());
        config = outcome.inForce();
        LogSetup.level(config.logging().level());
        host.configure(config);
        startups.configure(config.timeouts().clientLogin().toMillis());
        cancels.configure(config.timeouts().cancelWait().toMillis());
        roles.configure(
                config.auth().verifierCache().toMillis(),
                config.timeouts().clientLogin().toMillis());
        supervisor.configure(config);
        workers.all().forEach(settings::workerReady);
        dispatcher.configure(config);
        failover.configure(config, outcome.namesPrimary());
        Set<Endpoint> removed = new HashSet<>(before);
        removed.removeAll(config.servers().standbys());
        removed.forEach(server -> workers.toPoolWorkers(new BackendMessages.Reconnect(server)));
        warnOfDefaultPassword();
        String changed = outcome.changed().isEmpty() ? "nothing" : String.join(", ", outcome.changed());
        String kept = String.join(", ", outcome.keptBack());
        Event event = Event.of("reloaded").with("changed", changed);
        if (kept.isEmpty()) {
            event.info();
        } else {
            event.with("unchanged", kept)
                    .message("some changed keys take effect after a restart only")
                    .hint(
                            outcome.namesPrimary()
                                    ? "Restart pgproxy when it suits."
                                    : "The primary is " + config.servers().primary()
                                            + ": once master names it, a reload also applies promote. Restart for other keys.")
                    .warn();
        }
        return new CommandDesk.ReloadResult(
                "",
                "changed: " + changed + (kept.isEmpty() ? "" : "; these take effect after a restart only: " + kept));
    }

    private static String problem(Exception e) {
        return e instanceof ConfigException
                ? String.valueOf(e.getMessage())
                : "the file could not be read: " + FileProblem.words((IOException) e);
    }

    private void warnOfDefaultPassword() {
        if (config.adminDatabase().hasDefaultPassword()) {
            Event.of("default_password")
                    .message("pg_proxy_pw is the well-known default, so only this host may log in to pg_proxy")
                    .hint("Set pg_proxy_pw.")
                    .warn();
        }
    }

    /** Reopens the log files, here and in every child, after they were moved away. */
    void reopenLogs() {
        LogSetup.reopen();
        workers.all().forEach(worker -> worker.send(new UpkeepMessages.ReopenLogs()));
        Event.of("logs_reopened").info();
    }

    /** Stops accepting clients, ends everything within shutdown_timeout, and then the loop. A second call does nothing. */
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
        host.stopListening();
        failover.close();
        byte[] why = BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection due to administrator command",
                "The proxy is being stopped; connect again.");
        startups.refuseAll(why);
        dispatcher.refuseAll(why);
        operators.refuseAll(why);
        cancels.endAll();
        long marginMs = Math.min(EXIT_MARGIN_MS, timeoutMs / 2);
        supervisor.stop(timeoutMs - marginMs, timeoutMs - marginMs / 2);
    }

    @Override
    public void allStopped() {
        loop.stop();
    }

    /** Removes the control socket, if startup got far enough to create it. */
    void cleanUp() throws IOException {
        supervisor.close();
    }
}
