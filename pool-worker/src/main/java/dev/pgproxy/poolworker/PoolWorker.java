package dev.pgproxy.poolworker;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.ipc.SettingsMessages;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.ipc.SwitchoverMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.pool.KnownStartups;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.pool.PoolKeys;
import dev.pgproxy.common.pool.SharedCopies;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.backend.Connector;
import dev.pgproxy.poolworker.login.Background;
import dev.pgproxy.poolworker.login.SecretSource;
import dev.pgproxy.poolworker.login.SessionContext;
import dev.pgproxy.poolworker.login.SessionTerms;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import dev.pgproxy.poolworker.report.Totals;
import dev.pgproxy.poolworker.report.WorkerLog;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.poolworker.session.SessionOwner;
import dev.pgproxy.poolworker.traffic.LastWords;
import dev.pgproxy.poolworker.traffic.RestingLeases;
import dev.pgproxy.poolworker.traffic.SessionState;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The front door of a pool-worker: takes clients from the master and reports what becomes of them. Everything else
 * is done by the worker's parts, each of which receives the messages that concern it.
 */
public final class PoolWorker
        implements ControlMessage.PoolWorkerDesks,
                SessionOwner<Session>,
                SettingsMessages.AtPoolWorker,
                SessionMessages.AtPoolWorker {

    private final EventLoop loop;
    private final Function<Descriptor, Transport> transports;
    private final MasterContact master;
    private final SecretSource secrets;
    private final Background background;
    private final LingeringClose lingering;
    private final BackendPool pool = new BackendPool();
    private final Sessions sessions = new Sessions();
    private final KnownStartups startups = new KnownStartups();
    private final PoolKeys keys = new PoolKeys();
    private final SharedCopies<String> addresses = SharedCopies.ofTexts();
    private final Counters counters = new Counters();
    private final Totals totals;
    private final WorkerLog log;
    private final DatabasesInUse databasesInUse;
    private final Cancels cancels;
    private final RoleQuestions roles;
    private final Exit exit;
    private final Places places;
    private final MovedServers movedServers;
    private final HeldServers heldServers;
    private final StateReports stateReports;
    private final EndingOrders endingOrders;
    private @Nullable PoolSettings settings;
    private @Nullable SessionContext context;

    /**
     * @param transports turns descriptors received from the master into connections of this worker
     * @param link to the master
     * @param pid of this process
     */
    public PoolWorker(
            EventLoop loop,
            Function<Descriptor, Transport> transports,
            Connector connector,
            MasterLink link,
            SecretSource secrets,
            Background background,
            int pid) {
        this.loop = loop;
        this.transports = transports;
        this.master = new MasterContact(link);
        this.secrets = secrets;
        this.background = background;
        this.lingering = new LingeringClose(loop.scheduler());
        this.totals = new Totals(loop.clock().nanoTime());
        this.log = new WorkerLog(loop.clock());
        counters.add(
                "contained_faults", "faults of pgproxy's own that cost one client or session", log::containedFaults);
        this.databasesInUse = new DatabasesInUse(master, pool, loop.clock());
        this.cancels = new Cancels(master, sessions, pool);
        this.roles = new RoleQuestions(loop, master, sessions);
        this.exit = new Exit(loop, sessions, pool, lingering);
        Backend.Owner owner = new BackendReports(master, pool, cancels, log, counters);
        this.places = new Places(loop, master, sessions, pool, owner, secrets, exit::isUnderWay, counters);
        this.movedServers = new MovedServers(loop, connector, sessions, pool);
        this.heldServers = new HeldServers(loop, master, sessions, pool);
        this.stateReports = new StateReports(loop, master, sessions, pool, totals, counters, pid);
        this.endingOrders = new EndingOrders(master, sessions, pool, databasesInUse);
    }

    /** Applies the settings to everything that exists and everything that begins later. */
    @Override
    public void onConfigurePool(SettingsMessages.ConfigurePool message) {
        PoolSettings newSettings = message.settings();
        settings = newSettings;
        if (context == null) {
            RelayBuffers buffers = new RelayBuffers(newSettings.receiveBytes());
            context = new SessionContext(
                    loop, buffers, lingering, new RestingLeases(loop.scheduler()), secrets, background);
        }
        log.configure(newSettings);
        places.configure(newSettings, context.buffers());
        sessions.snapshot().forEach(session -> session.configure(newSettings));
    }

    @Override
    public void onAssignSession(SessionMessages.AssignSession assignment) {
        Transport frontend = transports.apply(assignment.client());
        try {
            serve(assignment, frontend);
        } catch (RuntimeException | StackOverflowError e) {
            log.clientBroken(assignment.sessionId(), assignment.server(), e);
            Session session = sessions.byId(assignment.sessionId());
            if (session != null) {
                session.abandon(); // With its backend, if it has one.
                return;
            }
            frontend.close();
            master.link().send(new SessionMessages.SessionClosed(assignment.sessionId()));
        }
    }

    private void serve(SessionMessages.AssignSession assignment, Transport frontend) {
        if (settings == null || context == null || exit.isUnderWay()) {
            frontend.close(); // The master keeps the client until we accept it, and routes it again.
            return;
        }
        StartupPacket.Startup startup;
        try {
            startup = (StartupPacket.Startup) startups.decode(assignment.startupPacket());
        } catch (ProtocolViolation e) {
            throw new IllegalStateException("the master passed on a startup packet that it must have refused", e);
        }
        PoolKey key = keys.of(assignment.server(), startup, settings.ignoredParameters());
        SessionTerms terms = new SessionTerms(
                assignment.loginTimeLeftMs(),
                assignment.idleExempt(),
                assignment.singleUse(),
                assignment.askFirst(),
                new ClientOrigin(
                        assignment.origin().peer().sharing(addresses::of),
                        assignment.origin().waitedMs()),
                assignment.resumption().orElse(null),
                assignment.role().orElse(null));
        Session session = new Session(assignment.sessionId(), key, startup, frontend, settings, terms, context, this);
        sessions.add(session);
        if (assignment.askFirst() != AuthenticationMethod.OTHER) {
            master.link().send(new SessionMessages.SessionAccepted(session.id(), 0), session::begin);
            return;
        }
        places.join(session, assignment.expectedBackendId(), session::begin);
    }

    @Override
    public boolean canGivePlaces() {
        return !master.isGone();
    }

    @Override
    public void joined(Session session, Backend backend) {
        master.link().send(new SessionMessages.SessionAccepted(session.id(), backend.id()));
    }

    @Override
    public void opened(Session session, Backend backend, AuthenticationMethod askable) {
        session.tally().countInto(totals.of(session.key().server(), session.parameters()));
        session.tally().waited(TimeUnit.MILLISECONDS.toNanos(session.origin().waitedMs()));
        log.opened(session, backend);
        master.link().send(new SessionMessages.SessionOpened(session.id(), backend.id(), askable));
    }

    @Override
    public void closed(Session session) {
        sessions.remove(session);
        log.ended(session);
        master.link().send(new SessionMessages.SessionClosed(session.id()));
    }

    @Override
    public void returned(Session session, Transport frontend, byte[] lastWords) {
        sessions.remove(session);
        byte[] bounded = lastWords.length > LastWords.MAX_REPORTED_BYTES
                ? LastWords.lostServer(session.key().server())
                : lastWords;
        master.link().send(new SessionMessages.SessionReturned(session.id(), bounded, frontend.release()));
    }

    @Override
    public void parked(Session session, Transport frontend, Resumption resumption, byte[] startupPacket) {
        sessions.remove(session);
        long idleMs = TimeUnit.NANOSECONDS.toMillis(loop.clock().nanoTime() - session.stateSinceNs());
        master.link()
                .send(new SessionMessages.SessionParked(
                        session.id(), session.origin(), idleMs, startupPacket, resumption, frontend.release()));
    }

    @Override
    public boolean hasMaster() {
        return !master.isGone();
    }

    @Override
    public void askForRole(Session session) {
        roles.ask(session);
    }

    @Override
    public void roleDoubted(Session session, boolean methodToo) {
        roles.doubted(session, methodToo);
    }

    @Override
    public void rolesChanged(Session session) {
        roles.changed(session);
    }

    @Override
    public void connect(Session session, Backend backend) {
        movedServers.connect(session, backend);
    }

    @Override
    public void needsBackend(Session session) {
        places.needsBackend(session);
    }

    @Override
    public void wantPlace(Session session, boolean proved, byte[] refusal) {
        places.wantPlace(session, proved, refusal);
    }

    @Override
    public void serverFull(Session session, byte[] refusal) {
        places.serverFull(session, refusal);
    }

    @Override
    public void objectInUse(Session session, String words) {
        databasesInUse.objectInUse(session, words);
    }

    @Override
    public void databaseWanted(Session session, String name) {
        databasesInUse.databaseWanted(session, name);
    }

    @Override
    public void notReusable(Session session, AuthenticationMethod method, RoleFacts facts) {
        log.notReusable(session, method, facts);
    }

    @Override
    public void serverViolated(Session session, ProtocolViolation violation) {
        log.serverViolated(session, violation);
    }

    @Override
    public void broken(Session session, Throwable cause) {
        log.broken(session, cause);
    }

    /**
     * The master is gone: sessions continue until they end, no backend is kept for another client, and the worker
     * exits with its last session.
     */
    public void masterLost(String reason) {
        if (master.isGone()) {
            return;
        }
        master.lost();
        Event.of("master_lost")
                .with("sessions", sessions.all().size())
                .with("reason", reason)
                .message("the master is gone; sessions continue, and this worker exits when the last one ends")
                .hint("Start pgproxy-master again; its new workers serve new clients.")
                .warn();
        for (Session session : sessions.snapshot()) {
            session.begin(); // No other worker can get a client whose acceptance has not reached the master.
            if (session.state() == SessionState.CHECKING) {
                session.roleFound(RoleFacts.UNAVAILABLE);
            }
            if (session.awaitsPlace()) {
                session.refused(LastWords.masterLost());
            }
        }
        heldServers.masterLost();
        exit.retireBackends();
        exit.exitWhenDone();
    }

    /** Lets running queries finish within the time, ends every other session, and exits. */
    public void shutDown(long graceMs) {
        exit.shutDown(graceMs);
    }

    /** Ends a period of the averages that an operator sees. */
    public void endPeriod() {
        stateReports.endPeriod();
    }

    /** Sessions and connections that ended because of a fault in pgproxy. */
    public long containedFaults() {
        return log.containedFaults();
    }

    /** The sessions served here, for simulations. */
    public Sessions clients() {
        return sessions;
    }

    /** Clients that were told to leave and have not closed their connection. */
    public int lingeringCount() {
        return lingering.count();
    }

    /** The backends, for simulations. */
    public BackendPool pool() {
        return pool;
    }

    @Override
    public SettingsMessages.AtPoolWorker settings() {
        return this;
    }

    @Override
    public SessionMessages.AtPoolWorker sessions() {
        return this;
    }

    @Override
    public PlaceMessages.AtPoolWorker places() {
        return places;
    }

    @Override
    public BackendMessages.AtPoolWorker backends() {
        return endingOrders;
    }

    @Override
    public CancelMessages.AtPoolWorker cancels() {
        return cancels;
    }

    @Override
    public RoleMessages.AtPoolWorker roles() {
        return roles;
    }

    @Override
    public ProbeMessages.AtPoolWorker probes() {
        return movedServers;
    }

    @Override
    public SwitchoverMessages.AtPoolWorker switchovers() {
        return heldServers;
    }

    @Override
    public SnapshotMessages.AtPoolWorker snapshots() {
        return stateReports;
    }

    @Override
    public CommandMessages.AtPoolWorker commands() {
        return endingOrders;
    }
}
