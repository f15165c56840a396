package dev.pgproxy.master.admin;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.AdminSettings;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.OperatorCommand;
import dev.pgproxy.common.ipc.ViewSet;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.LogJournal;
import dev.pgproxy.common.log.LogLine;
import dev.pgproxy.common.log.LogSetup;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.view.View;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.Logins;
import dev.pgproxy.master.failover.FailoverDesk;
import dev.pgproxy.master.failover.SwitchoverDesk;
import dev.pgproxy.master.routing.Dispatcher;
import dev.pgproxy.master.supervisor.Child;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The master's side of the pg_proxy database. It passes operators on to the admin-worker, gathers what they ask to see, and does what they
 * tell the proxy to do.
 */
public final class AdminDesk implements Answers {

    private static final long MICROS_PER_SECOND = 1_000_000L;
    private static final int NANOS_PER_MICRO = 1_000;
    private static final int MAX_ANSWER_CHARS = 3_000;

    /** How often what the master has logged is noted, and how busy its loop was: as often as children tell the same. */
    private static final long GATHER_PERIOD_MS = 1_000;

    /** What only the master as a whole can do. */
    public interface Proxy {
        /** The configuration in force. */
        ProxyConfig config();

        /** All children, those without a process too. */
        List<Child> children();

        /** Starts the admin-worker, if it was never started. */
        void demandAdminWorker();

        /** Reads the configuration file anew. */
        ReloadResult reload();

        /** @param why for the log */
        void stop(String why);
    }

    /**
     * What became of a reload.
     *
     * @param problems of the file, for which nothing was changed; empty when it was taken over
     * @param summary what was changed, and what was not
     */
    public record ReloadResult(String problems, String summary) {}

    private final EventLoop loop;
    private final InstantSource wallClock;
    private final Dispatcher dispatcher;
    private final Logins logins;
    private final Proxy proxy;
    private final String version;
    private final int pid;
    private final long startedNs;
    private final EventLog events = new EventLog();
    private long loopDelayNs;
    private final FailoverDesk failover;
    private final SwitchoverDesk switchovers;
    private final SnapshotDesk snapshots;
    private final Operators operators;
    private final ReaderBar readers = new ReaderBar();
    private final PauseDesk pauses;
    private final EndingDesk endings;
    private @Nullable Child adminWorker;

    /** @param pid of this process */
    public AdminDesk(
            EventLoop loop,
            InstantSource wallClock,
            Dispatcher dispatcher,
            Logins logins,
            FailoverDesk failover,
            SwitchoverDesk switchovers,
            Proxy proxy,
            String version,
            int pid) {
        this.loop = loop;
        this.wallClock = wallClock;
        this.dispatcher = dispatcher;
        this.proxy = proxy;
        this.logins = logins;
        this.version = version;
        this.pid = pid;
        this.startedNs = loop.clock().nanoTime();
        this.failover = failover;
        this.switchovers = switchovers;
        this.snapshots = new SnapshotDesk(loop, this::ownRows);
        this.operators = new Operators(loop, logins);
        this.pauses = new PauseDesk(loop, dispatcher, this::reconnect, this);
        this.endings = new EndingDesk(loop, pid, dispatcher, this);
        loop.scheduler().everyMs(GATHER_PERIOD_MS, this::gatherOwn);
    }

    private void gatherOwn() {
        takeOwnEvents();
        loopDelayNs = loop.takeLongestDelayNs();
    }

    private void takeOwnEvents() {
        LogSetup.journal().take(LogJournal.MAX_LINES).forEach(line -> events.add("master", line));
    }

    /** Takes over a client of pg_proxy. */
    public void submit(Client client) {
        boolean isHere = client.peer().getAddress().isLoopbackAddress();
        if (!isHere && proxy.config().adminDatabase().hasDefaultPassword()) {
            logins.refuse(
                    client.transport(),
                    BackendMessage.fatal(
                            SqlState.INVALID_AUTHORIZATION_SPECIFICATION,
                            "pg_proxy has its default password, with which only the proxy's own host may log in",
                            "Set pg_proxy_pw in pgproxy's configuration and reload it."));
            return;
        }
        proxy.demandAdminWorker();
        operators.submit(client);
    }

    public void adminWorkerReady(Child worker) {
        adminWorker = worker;
        configure();
        snapshots.adminWorkerReady(worker);
        operators.adminWorkerReady(worker);
    }

    /** Its operators lost their sessions, and come again. */
    public void adminWorkerGone() {
        adminWorker = null;
        snapshots.adminWorkerGone();
        operators.adminWorkerGone();
        pauses.abandonAll();
        endings.abandonAll();
    }

    /** Tells the admin-worker what the configuration in force means for it. */
    public void configure() {
        if (adminWorker != null) {
            ProxyConfig config = proxy.config();
            adminWorker.send(new ControlMessage.ConfigureAdmin(new AdminSettings(
                    config.adminDatabase(),
                    config.timeouts().clientLogin().toMillis(),
                    version,
                    readers.waitMs(loop.clock().nanoTime()))));
        }
    }

    /** Somebody who may only look has cost everybody the admin-worker. */
    public void onReaderRanAway() {
        long waitMs = readers.ranAway(loop.clock().nanoTime());
        Event.of("readers_barred")
                .with("seconds", TimeUnit.MILLISECONDS.toSeconds(waitMs))
                .message("a statement of somebody who may only look at pg_proxy could not be stopped;"
                        + " those who log in with pg_proxy_stats_pw are not let in for a while")
                .hint("event=sql_runaway, just before, says whose it was. Operators with pg_proxy_pw can log in.")
                .warn();
    }

    /** A cancel came, which may be for a statement of an operator. */
    public void onCancel(StartupPacket.CancelRequest request) {
        if (adminWorker != null && adminWorker.hasRoom()) {
            adminWorker.send(new ControlMessage.CancelStatement(request.pid(), request.secret()));
        }
    }

    public void poolWorkerReady(Child worker) {
        snapshots.poolWorkerReady(worker);
        endings.poolWorkerReady(worker);
    }

    public void poolWorkerGone(Child worker) {
        snapshots.poolWorkerGone(worker);
        endings.poolWorkerGone(worker);
    }

    /** A child has logged something. */
    public void onEvent(Child child, ControlMessage.EventNoted message) {
        events.add(child.name(), new LogLine(message.atMicros(), message.level(), message.line()));
    }

    /** The admin-worker wants to know how things are. */
    public void onTakeSnapshot(ControlMessage.TakeSnapshot request) {
        boolean awaitServers = false;
        if (ViewSet.decode(request.views()).contains(View.SERVER)) {
            failover.lookIfStale(failover.servers());
            awaitServers = failover.isLooking();
        }
        snapshots.take(request, nowMicros(), awaitServers);
    }

    private long nowMicros() {
        Instant now = wallClock.instant();
        return now.getEpochSecond() * MICROS_PER_SECOND + now.getNano() / NANOS_PER_MICRO;
    }

    private List<byte[]> ownRows(Set<View> views) {
        MasterReport.Self self = new MasterReport.Self(pid, startedNs, loopDelayNs, logins.containedFaults());
        MasterReport report = new MasterReport(self, loop.clock().nanoTime(), nowMicros());
        report.clients(views, dispatcher.waitingClients());
        for (View view : views) {
            switch (view) {
                case PROCESS -> report.processes(proxy.children());
                case SERVER -> report.servers(proxy.config(), dispatcher, failover);
                case CONFIG -> report.config(proxy.config().entries());
                case EVENT -> {
                    takeOwnEvents();
                    report.events(events);
                }
                case CONNECTION, STARTUPMSG -> {} // Written above.
                case POOL, STATS -> {} // Nothing of the master's.
            }
        }
        return report.chunks();
    }

    public void onReportRows(Child worker, ControlMessage.ReportRows message) {
        snapshots.onRows(worker, message);
    }

    public void onReportEnd(Child worker, ControlMessage.ReportEnd message) {
        snapshots.onEnd(worker, message);
    }

    /** All servers that an operator asked about were looked at. */
    public void serversLookedAt() {
        snapshots.serversLookedAt();
    }

    public void onSessionsEnded(Child worker, ControlMessage.SessionsEnded message) {
        endings.onEnded(worker, message);
    }

    public void onEndConnections(ControlMessage.EndConnections message) {
        endings.end(message);
    }

    /** The operator has stopped waiting; what was begun stays as it is. */
    public void onAbandonCommand(ControlMessage.AbandonCommand message) {
        pauses.abandon(message.commandId());
    }

    /** Carries out an operator's command. */
    public void onRunCommand(ControlMessage.RunCommand message) {
        long id = message.commandId();
        switch (message.command()) {
            case RELOAD -> {
                ReloadResult result = proxy.reload();
                if (result.problems().isEmpty()) {
                    done(id, 0, result.summary());
                } else {
                    failed(
                            id,
                            SqlState.CONFIG_FILE_ERROR,
                            "the configuration was not reloaded, nothing was changed: " + result.problems(),
                            "Correct the file; pgproxy-master --check shows the same.");
                }
            }
            case SWITCHOVER -> onSwitchover(id, message.argument());
            case SWITCHOVER_CANCEL -> {
                String problem = switchovers.cancel();
                if (problem.isEmpty()) {
                    done(id, 0, "the switchover is called off; all goes on as before");
                } else {
                    failed(id, SqlState.OBJECT_NOT_IN_PREREQUISITE_STATE, "nothing was called off: " + problem, "");
                }
            }
            case PAUSE, RESUME, RECONNECT -> onServers(id, message.command(), message.argument());
            case SHUTDOWN -> {
                done(id, 0, "");
                loop.atEndOfTick(() -> proxy.stop("SHUTDOWN"));
            }
        }
    }

    private void onSwitchover(long id, String name) {
        ProxyConfig config = proxy.config();
        Optional<ServerAddress> target = MasterReport.servers(config).stream()
                .filter(server -> server.toString().equalsIgnoreCase(name))
                .findFirst();
        if (target.isEmpty()) {
            failed(
                    id,
                    SqlState.UNDEFINED_OBJECT,
                    "\"" + name + "\" is no server of this proxy",
                    "SELECT server FROM server WHERE role = 'standby' shows those that can be named.");
            return;
        }
        long timeoutMs = config.failover().switchoverTimeout().toMillis();
        notice(
                id,
                "transactions on " + config.servers().primary() + " may end, for "
                        + TimeUnit.MILLISECONDS.toSeconds(timeoutMs)
                        + " s at most, and new ones wait; SWITCHOVER CANCEL calls it off");
        switchovers.begin(target.get(), timeoutMs, new SwitchoverDesk.Giver() {
            @Override
            public void done() {
                AdminDesk.this.done(id, 0, "");
            }

            @Override
            public void failed(String problem) {
                Event.of("switchover_failed")
                        .with("server", target.get())
                        .message(problem)
                        .warn();
                AdminDesk.this.failed(
                        id,
                        SqlState.OBJECT_NOT_IN_PREREQUISITE_STATE,
                        "no switchover to " + target.get() + ": " + problem,
                        "SELECT * FROM server, and SELECT * FROM connection WHERE state <> 'idle', show what is in the way.");
            }
        });
    }

    private void onServers(long id, OperatorCommand command, String name) {
        Set<ServerAddress> known = new LinkedHashSet<>(MasterReport.servers(proxy.config()));
        known.addAll(dispatcher.paused());
        Optional<ServerAddress> named = known.stream()
                .filter(server -> server.toString().equalsIgnoreCase(name))
                .findFirst();
        if (!name.isEmpty() && named.isEmpty()) {
            failed(
                    id,
                    SqlState.UNDEFINED_OBJECT,
                    "\"" + name + "\" is no server of this proxy",
                    "Its servers are "
                            + String.join(
                                    ", ",
                                    known.stream().map(ServerAddress::toString).toList())
                            + "; without a name the command is for all of them.");
            return;
        }
        Set<ServerAddress> chosen = named.map(Set::of).orElse(known);
        String list =
                String.join(",", chosen.stream().map(ServerAddress::toString).toList());
        switch (command) {
            case PAUSE -> {
                chosen.forEach(dispatcher::pause);
                reconnect(chosen); // Whoever stops the server next is not to find connections that nobody uses.
                Event.of("paused")
                        .with("servers", list)
                        .message("an operator paused: new clients wait, for query_wait_timeout at most")
                        .hint("RESUME in pg_proxy lets them go on.")
                        .warn();
                long timeoutMs = proxy.config().adminDatabase().queryTimeout().toMillis();
                pauses.await(id, chosen, timeoutMs);
            }
            case RESUME -> {
                boolean any = chosen.stream().anyMatch(dispatcher::isPaused);
                chosen.forEach(dispatcher::resume);
                if (any) {
                    Event.of("resumed").with("servers", list).warn();
                }
                done(id, 0, any ? "" : "nothing was paused");
            }
            case RECONNECT -> {
                reconnect(chosen);
                Event.of("reconnecting")
                        .with("servers", list)
                        .message("an operator wants no connection used again that is open now")
                        .info();
                done(id, 0, "");
            }
            case RELOAD, SHUTDOWN, SWITCHOVER, SWITCHOVER_CANCEL ->
                throw new IllegalStateException(command + " is not about servers");
        }
    }

    /** Has all open connections to these servers closed: idle ones now, the others when their client leaves. */
    public void reconnect(Set<ServerAddress> chosen) {
        for (Child child : proxy.children()) {
            if (child.kind() == ChildKind.POOL) {
                chosen.forEach(server -> child.send(new ControlMessage.Reconnect(server)));
            }
        }
    }

    @Override
    public void notice(long commandId, String message) {
        answer(new ControlMessage.CommandNotice(commandId, bounded(message)));
    }

    @Override
    public void done(long commandId, int count, String message) {
        answer(new ControlMessage.CommandDone(commandId, "", count, bounded(message), ""));
    }

    @Override
    public void failed(long commandId, String sqlState, String message, String hint) {
        answer(new ControlMessage.CommandDone(commandId, sqlState, 0, bounded(message), hint));
    }

    /** A configuration can have many problems, and a message has its bound; the log names them all. */
    private static String bounded(String message) {
        return message.length() > MAX_ANSWER_CHARS ? message.substring(0, MAX_ANSWER_CHARS) + "..." : message;
    }

    private void answer(ControlMessage message) {
        if (adminWorker != null) {
            adminWorker.send(message);
        }
    }

    /** The proxy stops: nobody may log in any more. */
    public void refuseAll(byte[] why) {
        operators.refuseAll(why);
    }
}
