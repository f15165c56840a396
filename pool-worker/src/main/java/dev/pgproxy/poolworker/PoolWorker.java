package dev.pgproxy.poolworker;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.CancelMessages;
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
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.backend.BackendState;
import dev.pgproxy.poolworker.backend.Connector;
import dev.pgproxy.poolworker.backend.CustomParameters;
import dev.pgproxy.poolworker.backend.ReusePolicy;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import dev.pgproxy.poolworker.report.StateReport;
import dev.pgproxy.poolworker.report.Totals;
import dev.pgproxy.poolworker.session.Background;
import dev.pgproxy.poolworker.session.LastWords;
import dev.pgproxy.poolworker.session.SecretSource;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.poolworker.session.SessionContext;
import dev.pgproxy.poolworker.session.SessionOwner;
import dev.pgproxy.poolworker.session.SessionState;
import dev.pgproxy.poolworker.session.SessionTerms;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The front door of a pool-worker: takes the clients that the master hands over, joins each to a backend, and tells the
 * master what becomes of both. The master's view may be late, so which backend a client gets is decided here.
 */
public final class PoolWorker
        implements SessionOwner,
                Backend.Owner,
                SettingsMessages.AtPoolWorker,
                SessionMessages.AtPoolWorker,
                PlaceMessages.AtPoolWorker,
                BackendMessages.AtPoolWorker,
                CancelMessages.AtPoolWorker,
                RoleMessages.AtPoolWorker,
                ProbeMessages.AtPoolWorker,
                SwitchoverMessages.AtPoolWorker,
                SnapshotMessages.AtPoolWorker,
                CommandMessages.AtPoolWorker {

    /** Every client can bring a server to complain of something in use; only so often do all workers look for it. */
    private static final long OBJECT_IN_USE_PAUSE_NS = 100_000_000L;

    /** Of a server's words about an object in use, so many chars go to the other workers. */
    private static final int MAX_WORDS = 2_000;

    /** Roles that the log has named as not reusable; those above it are not named. */
    private static final int MAX_NAMED = 1_000;

    /** How long a client waits for a connection that is being reset, when it may have a new one: about what that would take. */
    private static final long RESET_PATIENCE_MS = 50;

    /** By how much of it a backend's lifetime varies, so that backends that were opened together do not end together. */
    private static final int JITTER_DIVISOR = 10;

    /** The longest refusal of a server that the master is told word by word. */
    private static final int MAX_LAST_WORDS_BYTES = 8 * 1024;

    /** How often a worker that is to exit looks whether it can. */
    private static final long EXIT_CHECK_MS = 20;

    /** How often a worker looks whether the sessions that it is to hold have come to rest. */
    private static final long HELD_CHECK_MS = 20;

    /** How long sessions that are to be held may take to log in; a client that does not answer must not hold up a switchover. */
    private static final long HELD_LOGIN_MS = 2_000;

    /** How long a report waits for a master that is behind with its reading. */
    private static final long REPORT_PAUSE_MS = 1;

    private static final long NS_PER_MS = 1_000_000L;

    /** When a server's name led elsewhere last, and where. */
    private record Moved(long atNs, List<String> addresses) {}

    /** A server whose sessions come to rest, and for which request of the master's. */
    private record Held(long requestId, long sinceNs) {}

    private final EventLoop loop;
    private final Function<Descriptor, Transport> transports;
    private final Connector connector;
    private final MasterLink master;
    private final SecretSource secrets;
    private final Background background;
    private final LingeringClose lingering;
    private final Set<String> named = new HashSet<>();
    private final BackendPool pool = new BackendPool();
    private final Map<Long, Session> sessions = new HashMap<>();

    /** Sessions that have a place for a new connection, by the backend whose reset they wait for instead, for a moment. */
    private final Map<Long, Session> withChoice = new HashMap<>();

    private final ArrayDeque<ControlMessage.ToMaster> reports = new ArrayDeque<>();
    private final Map<ServerAddress, Moved> moves = new HashMap<>();
    private final Map<ServerAddress, Held> heldServers = new HashMap<>();
    private final Totals totals;
    private final int pid;

    private @Nullable PoolSettings settings;
    private @Nullable RelayBuffers buffers;
    private long nextBackendId = 1;
    private final CustomParameters parameters = new CustomParameters();
    private final WantedDatabases wanted = new WantedDatabases();
    private final EventThrottle givenUp = new EventThrottle();
    private long objectInUseNs;
    private final EventThrottle violations = new EventThrottle();
    private final EventThrottle unreachables = new EventThrottle();
    private final EventThrottle refusals = new EventThrottle();
    private final EventThrottle ends = new EventThrottle();
    private final EventThrottle faults = new EventThrottle();
    private long containedFaults;
    private boolean masterIsGone;
    private boolean reportPlanned;
    private boolean stopping;

    /**
     * @param transports make connections of clients that the master has sent part of this worker
     * @param pid of this process
     */
    public PoolWorker(
            EventLoop loop,
            Function<Descriptor, Transport> transports,
            Connector connector,
            MasterLink master,
            SecretSource secrets,
            Background background,
            int pid) {
        this.pid = pid;
        this.totals = new Totals(loop.clock().nanoTime());
        this.loop = loop;
        this.transports = transports;
        this.connector = connector;
        this.master = master;
        this.secrets = secrets;
        this.background = background;
        this.objectInUseNs = loop.clock().nanoTime() - OBJECT_IN_USE_PAUSE_NS;
        this.lingering = new LingeringClose(loop.scheduler());
    }

    /** Applies the settings to all that there is and all that begins. */
    @Override
    public void onConfigurePool(SettingsMessages.ConfigurePool message) {
        PoolSettings newSettings = message.settings();
        settings = newSettings;
        if (buffers == null) {
            buffers = new RelayBuffers(newSettings.receiveBytes());
        }
        pool.snapshot().forEach(backend -> backend.configure(newSettings, lifetimeMs(newSettings)));
        sessions.values().forEach(session -> session.configure(newSettings));
    }

    @Override
    public void onAssignSession(SessionMessages.AssignSession assignment) {
        Transport frontend = transports.apply(assignment.client());
        try {
            serve(assignment, frontend);
        } catch (RuntimeException | StackOverflowError e) {
            fault("client_broken", assignment.server())
                    .with("session", assignment.sessionId())
                    .message("a client could not be taken over, for a fault of the proxy's own; it was closed")
                    .error(e);
            Session session = sessions.get(assignment.sessionId());
            if (session != null) {
                session.abandon(); // With its backend, if it has one.
                return;
            }
            frontend.close();
            master.send(new SessionMessages.SessionClosed(assignment.sessionId()));
        }
    }

    private void serve(SessionMessages.AssignSession assignment, Transport frontend) {
        if (settings == null || buffers == null || stopping) {
            frontend.close(); // The master keeps the client until it hears from us, and routes it again.
            return;
        }
        StartupPacket.Startup startup;
        try {
            startup = (StartupPacket.Startup) StartupPacketDecoder.decode(assignment.startupPacket());
        } catch (ProtocolViolation e) {
            throw new IllegalStateException("the master passed on a startup packet that it must have refused", e);
        }
        PoolKey key = PoolKey.of(assignment.server(), startup, settings.ignoredParameters());
        SessionContext context = new SessionContext(loop, buffers, lingering, secrets, background, this);
        SessionTerms terms = new SessionTerms(
                assignment.loginTimeLeftMs(),
                assignment.idleExempt(),
                assignment.singleUse(),
                assignment.askFirst(),
                assignment.origin(),
                assignment.resumption().orElse(null));
        Session session = new Session(assignment.sessionId(), key, startup, frontend, settings, terms, context);
        sessions.put(session.id(), session);
        if (assignment.askFirst() != AuthenticationMethod.OTHER) {
            master.send(new SessionMessages.SessionAccepted(session.id(), 0), session::begin);
            return;
        }
        join(session, assignment.expectedBackendId(), session::begin);
    }

    /**
     * Chooses a backend for a session that has a place, and tells the master.
     *
     * @param whenTold run once the master will know of it
     */
    private Backend join(Session session, long expectedBackendId, Runnable whenTold) {
        Backend backend = chooseBackend(session, expectedBackendId);
        // It has a place for a new connection, and waits for one that is being reset all the same: that is sooner as a
        // rule.
        boolean hasChoice = expectedBackendId == 0 && backend.isResetting();
        master.send(new SessionMessages.SessionAccepted(session.id(), hasChoice ? 0 : backend.id()), whenTold);
        if (hasChoice) {
            losePatience(session, backend);
        }
        if (backend.state() == BackendState.CLOSING) {
            master.send(new BackendMessages.BackendClosing(backend.id()));
        }
        return backend;
    }

    /** What the former client has left may take long to be undone; then the session has a new connection in its place. */
    private void losePatience(Session session, Backend resetting) {
        withChoice.put(resetting.id(), session);
        loop.scheduler().afterMs(RESET_PATIENCE_MS, () -> {
            if (withChoice.remove(resetting.id(), session)) {
                openOwn(session, resetting);
            }
        });
    }

    /** Has the session use the place of its own, if it is still waiting for the reset of another one. */
    private void openOwn(Session session, Backend resetting) {
        boolean waits = resetting.isResetting() || resetting.state() == BackendState.CLOSING;
        if (session.backend() == resetting && waits && !session.isOver()) {
            session.contained(() -> {
                session.attach(null);
                resetting.release(true, "");
                needsBackend(session);
            });
        }
    }

    /** The answer to {@link #wantPlace}. */
    @Override
    public void onPlaceGiven(PlaceMessages.PlaceGiven message) {
        Session session = sessions.get(message.sessionId());
        if (session == null || !session.awaitsPlace()) {
            return; // The client has left, of which the master hears.
        }
        session.contained(() -> place(session, message));
    }

    private void place(Session session, PlaceMessages.PlaceGiven message) {
        session.placed(message.mostMs());
        Backend backend = join(session, message.expectedBackendId(), () -> {});
        if (backend.state() == BackendState.IN_SESSION || backend.state() == BackendState.CONNECTING) {
            session.backendAvailable();
        }
    }

    @Override
    public void onPlaceRefused(PlaceMessages.PlaceRefused message) {
        Session session = sessions.get(message.sessionId());
        if (session != null && session.state().isBeforeLogin()) {
            session.refused(message.lastWords());
        }
    }

    @Override
    public boolean canGivePlaces() {
        return !masterIsGone;
    }

    @Override
    public void wantPlace(Session session, boolean proved, byte[] refusal) {
        if (masterIsGone) {
            session.refused(LastWords.masterLost());
        } else {
            master.send(new PlaceMessages.PlaceWanted(
                    session.id(), proved, refusal.length > MAX_LAST_WORDS_BYTES ? new byte[0] : refusal));
        }
    }

    @Override
    public void serverFull(Session session, byte[] refusal) {
        if (refusal.length <= MAX_LAST_WORDS_BYTES) {
            master.send(new PlaceMessages.ServerFull(session.id(), refusal));
        }
    }

    /** @param expectedId the backend whose place the client was given; while that is being closed the place is not free */
    private Backend chooseBackend(Session session, long expectedId) {
        Backend idle = session.mayHaveIdle() ? pool.takeIdle(session.key()) : null;
        while (idle != null && !idle.isFit()) {
            idle.retire();
            idle = pool.takeIdle(session.key());
        }
        if (idle != null) {
            idle.claim(session);
            session.attach(idle);
            return idle;
        }
        Backend expected = pool.byId(expectedId);
        Session other = withChoice.remove(expectedId);
        if (other != null && expected != null) {
            // This session has nothing but what was promised to it. Else each would open one in the end.
            openOwn(other, expected);
        }
        Backend resetting = session.mayHaveIdle() ? pool.takeResetting(session.key()) : null;
        if (resetting != null) {
            resetting.reserve(session);
            session.attach(resetting);
            return resetting;
        }
        if (expected != null && expected.state() == BackendState.CLOSING && expected.user() == null) {
            expected.reserve(session);
            session.attach(expected);
            return expected;
        }
        Backend fresh = newBackend(session);
        session.attach(fresh);
        return fresh;
    }

    private Backend newBackend(Session session) {
        if (settings == null || buffers == null) {
            throw new IllegalStateException("no client can be here before the settings are");
        }
        Backend backend = new Backend(
                nextBackendId++, session.key(), settings, lifetimeMs(settings), loop, buffers, parameters, this);
        pool.add(backend);
        if (masterIsGone || stopping) {
            backend.retire(); // There will be no next user.
        }
        return backend;
    }

    private long lifetimeMs(PoolSettings current) {
        long most = current.serverLifetimeMs() / JITTER_DIVISOR;
        long random = ByteBuffer.wrap(secrets.secret(Integer.BYTES)).getInt() & 0xffff_ffffL;
        return current.serverLifetimeMs() - ((random * most) >>> Integer.SIZE);
    }

    @Override
    public void askForRole(Session session) {
        if (masterIsGone) {
            loop.atEndOfTick(() -> roleFound(session.id(), RoleFacts.UNAVAILABLE));
            return;
        }
        master.send(new RoleMessages.FindRole(
                session.id(),
                session.key().server(),
                session.parameters().serverUser(),
                session.parameters().serverDatabase()));
    }

    @Override
    public void roleDoubted(Session session, boolean methodToo) {
        // Whoever is told of it may come again at once.
        master.sendAtOnce(new RoleMessages.RoleDoubted(
                session.key().server(),
                session.parameters().serverUser(),
                session.parameters().serverDatabase(),
                methodToo));
    }

    /** The master's answer to a session's question. */
    @Override
    public void onRoleFound(RoleMessages.RoleFound message) {
        roleFound(message.sessionId(), message.facts());
    }

    private void roleFound(long sessionId, RoleFacts facts) {
        Session session = sessions.get(sessionId);
        if (session != null && session.state() == SessionState.CHECKING) {
            session.roleFound(facts);
        }
    }

    @Override
    public void joined(Session session, Backend backend) {
        master.send(new SessionMessages.SessionAccepted(session.id(), backend.id()));
    }

    @Override
    public void connect(Session session, Backend backend) {
        long begunNs = loop.clock().nanoTime();
        backend.connect(
                (server, tuning, handler) -> connector.connect(server, tuning, new Connector.Handler() {
                    @Override
                    public void connected(Transport connected, ServerAddress address) {
                        Moved moved = moves.get(server);
                        boolean hasLeft = moved != null
                                && moved.atNs() - begunNs >= 0
                                && !moved.addresses().contains(address.host());
                        if (hasLeft) {
                            connected.close(); // What was true when the name was looked up is not true any more.
                            handler.failed("the name led elsewhere meanwhile");
                        } else {
                            handler.connected(connected, address);
                        }
                    }

                    @Override
                    public void failed(String reason) {
                        handler.failed(reason);
                    }
                }),
                session);
    }

    @Override
    public void needsBackend(Session session) {
        Backend backend = newBackend(session);
        master.send(new SessionMessages.SessionAccepted(session.id(), backend.id()));
        session.useBackend(backend);
    }

    @Override
    public void notReusable(Session session, AuthenticationMethod method, RoleFacts facts) {
        String user = StartupParameters.display(session.parameters().serverUser());
        if (named.size() < MAX_NAMED && named.add(session.key().server() + " " + user + " " + method)) {
            Event.of("backend_not_reusable")
                    .with("server", session.key().server())
                    .with("user", user)
                    .with("method", method)
                    .message(
                            "connections of this role are closed when their client leaves: its password cannot be checked")
                    .hint(ReusePolicy.remedy(method, facts))
                    .warn();
        }
    }

    @Override
    public void notAsNew(Backend backend, String why) {
        String user = StartupParameters.display(backend.key().parameters().serverUser());
        String database = StartupParameters.display(backend.key().parameters().serverDatabase());
        if (named.size() < MAX_NAMED && named.add(backend.key().server() + " " + user + " " + database + " " + why)) {
            Event.of("backend_not_as_new")
                    .with("server", backend.key().server())
                    .with("user", user)
                    .with("database", database)
                    .message("a connection was closed when its client left, as each is whose client " + why)
                    .hint("docs/pooling.md says what is not undone, and what can be done about it.")
                    .info();
        }
    }

    @Override
    public void rolesChanged(Session session) {
        // The client has not been told yet; once it is, somebody may log in through another worker and count on the
        // change.
        master.sendAtOnce(new RoleMessages.RolesChanged(session.key().server()));
    }

    @Override
    public void objectInUse(Session session, String words) {
        long nowNs = loop.clock().nanoTime();
        if (nowNs - objectInUseNs < OBJECT_IN_USE_PAUSE_NS) {
            return; // Whoever really needs it fails again, five seconds later.
        }
        objectInUseNs = nowNs;
        tellInUse(session, words, false);
    }

    @Override
    public void databaseWanted(Session session, String name) {
        if (wanted.isDue(session.key().server(), name, loop.clock().nanoTime())) {
            tellInUse(session, name, true);
        }
    }

    private void tellInUse(Session session, String words, boolean isWaiting) {
        String bounded = words.substring(0, Math.min(words.length(), MAX_WORDS));
        master.send(new BackendMessages.ObjectInUse(session.key().server(), bounded, isWaiting));
    }

    /**
     * Somebody wants a database to himself: closes the idle backends that keep him from it.
     *
     * @param words the database, where a command waits for it; else what the server said, with the database in it
     */
    private void giveUpIdle(ServerAddress server, String words, boolean isWaiting) {
        List<Backend> inTheWay = pool.snapshot().stream()
                .filter(backend -> backend.isUnused()
                        && backend.key().server().equals(server)
                        && isMeant(backend.key().parameters().serverDatabase(), words, isWaiting))
                .toList();
        inTheWay.forEach(Backend::retire);
        if (!inTheWay.isEmpty()) {
            Event event = Event.of("idle_given_up")
                    .limitedBy(givenUp, loop.clock().nanoTime())
                    .with("server", server)
                    .with("count", inTheWay.size());
            if (isWaiting) {
                event.message("idle connections to a database were closed, because a command waits for them to leave");
            } else {
                event.message("idle connections to a database were closed, since a command failed because of its users")
                        .hint("Run the command again.");
            }
            event.info();
        }
    }

    @Override
    public void onGiveUpIdle(BackendMessages.GiveUpIdle message) {
        giveUpIdle(message.server(), message.message(), message.isWaiting());
    }

    private static boolean isMeant(String database, String words, boolean isName) {
        return isName ? database.equals(words) : isQuoted(database, words);
    }

    /** Whether the words name this, in quotes of any language: neither letters nor space next to it. */
    private static boolean isQuoted(String name, String words) {
        for (int at = words.indexOf(name); at >= 0 && !name.isEmpty(); at = words.indexOf(name, at + 1)) {
            int end = at + name.length();
            if (at > 0 && end < words.length() && isQuote(words.charAt(at - 1)) && isQuote(words.charAt(end))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isQuote(char character) {
        return character != '_' && character > ' ' && !(character < 0x80 && Character.isLetterOrDigit(character));
    }

    @Override
    public void opened(Session session, Backend backend, AuthenticationMethod askable) {
        session.tally().countInto(totals.of(session.key().server(), session.parameters()));
        session.tally().waited(session.origin().waitedMs() * NS_PER_MS);
        if (settings != null && settings.logConnections()) {
            about("connection", session)
                    .with("backend_pid", backend.identity().pid())
                    .with("warm", backend.uses() > 1)
                    .with("waited_ms", session.origin().waitedMs())
                    .info();
        }
        master.send(new SessionMessages.SessionOpened(session.id(), backend.id(), askable));
    }

    /** Counts a fault of the proxy's own, and begins to tell of it. */
    private Event fault(String event, ServerAddress server) {
        containedFaults++;
        return Event.of(event)
                .limitedBy(faults, loop.clock().nanoTime())
                .with("server", server)
                .with("faults", containedFaults);
    }

    @Override
    public void broken(Session session, Throwable cause) {
        fault("session_broken", session.key().server())
                .with("session", session.id())
                .with("state", session.state())
                .with(
                        "backend",
                        session.backend() == null ? "none" : session.backend().state())
                .message("a session cannot go on, for a fault of the proxy's own, and was ended; all others go on")
                .hint("Report it with these lines.")
                .error(cause);
    }

    @Override
    public void broken(Backend backend, Throwable cause) {
        fault("backend_broken", backend.key().server())
                .with("backend", backend.id())
                .with("state", backend.state())
                .message("a connection cannot be used any more, for a fault of the proxy's own, and was closed")
                .hint("Report it with these lines.")
                .error(cause);
    }

    @Override
    public void serverViolated(Session session, ProtocolViolation violation) {
        Event.of("server_malformed_message")
                .limitedBy(violations, loop.clock().nanoTime())
                .with("server", session.key().server())
                .with("session", session.id())
                .message(violation.description() + "; its session was ended")
                .hint("Find out what listens there: PostgreSQL sends no such message.")
                .warn();
    }

    @Override
    public void unreachable(Backend backend, String reason) {
        Event.of("server_unreachable")
                .limitedBy(unreachables, loop.clock().nanoTime())
                .with("server", backend.key().server())
                .message(reason)
                .hint("Check that the server runs and that this host may reach it.")
                .warn();
    }

    /** Sessions and connections that a fault of the proxy's own has ended. */
    public long containedFaults() {
        return containedFaults;
    }

    private static Event about(String event, Session session) {
        return Event.of(event)
                .with("peer", session.origin().display())
                .with("user", StartupParameters.display(session.parameters().user()))
                .with("database", StartupParameters.display(session.parameters().database()))
                .with("server", session.key().server());
    }

    /** Who was refused or ended, and why, is always said; that a client left by itself only when somebody wants to know. */
    private void logEnd(Session session) {
        byte[] words = session.lastWords();
        String sqlState = words.length > 0 ? BackendMessage.sqlState(words) : session.serversLastSqlState();
        boolean isEnded = words.length > 0 || (session.wasIn() && !sqlState.isEmpty());
        long nowNs = loop.clock().nanoTime();
        String seconds = String.format(Locale.ROOT, "%.3f", (nowNs - session.createdNs()) / 1e9);
        if (isEnded) {
            Event event = about(session.wasIn() ? "session_ended" : "login_refused", session)
                    .limitedBy(session.wasIn() ? ends : refusals, nowNs)
                    .with("sqlstate", sqlState)
                    .with("seconds", seconds);
            if (words.length > 0) {
                event.message(StartupParameters.display(BackendMessage.errorField(words, 'M')));
                String hint = BackendMessage.errorField(words, 'H');
                (hint.isEmpty() ? event : event.hint(StartupParameters.display(hint))).info();
            } else {
                event.message("the server has ended the session").info(); // In its words there can be parts of queries.
            }
        }
        if (session.wasIn() && settings != null && settings.logDisconnections()) {
            about("disconnection", session)
                    .with("seconds", seconds)
                    .with("queries", session.tally().queries())
                    .info();
        }
    }

    @Override
    public void closed(Session session) {
        sessions.remove(session.id());
        logEnd(session);
        master.send(new SessionMessages.SessionClosed(session.id()));
    }

    @Override
    public void returned(Session session, Transport frontend, byte[] lastWords) {
        sessions.remove(session.id());
        byte[] bounded = lastWords.length > MAX_LAST_WORDS_BYTES
                ? LastWords.lostServer(session.key().server())
                : lastWords;
        master.send(new SessionMessages.SessionReturned(session.id(), bounded, frontend.release()));
    }

    @Override
    public void parked(Session session, Transport frontend, Resumption resumption, byte[] startupPacket) {
        sessions.remove(session.id());
        long idleMs = (loop.clock().nanoTime() - session.stateSinceNs()) / NS_PER_MS;
        master.send(new SessionMessages.SessionParked(
                session.id(), session.origin(), idleMs, startupPacket, resumption, frontend.release()));
    }

    @Override
    public boolean hasMaster() {
        return !masterIsGone;
    }

    @Override
    public void resetting(Backend backend) {
        pool.resetting(backend);
        master.send(new BackendMessages.BackendResetting(backend.id()));
    }

    @Override
    public void idle(Backend backend) {
        pool.idle(backend);
        master.send(new BackendMessages.BackendIdle(backend.id()));
    }

    @Override
    public void closing(Backend backend) {
        pool.closing(backend);
        master.send(new BackendMessages.BackendClosing(backend.id()));
    }

    @Override
    public void cancelQuery(Backend backend) {
        if (masterIsGone) {
            backend.cancelFinished(true); // Nobody is left who could send it.
            return;
        }
        master.send(new CancelMessages.CancelQuery(
                backend.id(),
                backend.key().server(),
                backend.peer(),
                backend.identity().pid(),
                backend.identity().cancelKey()));
    }

    @Override
    public void gone(Backend backend) {
        pool.remove(backend);
        master.send(new BackendMessages.BackendGone(backend.id()));
    }

    /** Closes the backend if it is idle; the master's view may be late, and then there is nothing to do. */
    @Override
    public void onEvictBackend(BackendMessages.EvictBackend message) {
        Backend backend = pool.byId(message.backendId());
        if (backend != null && backend.state() == BackendState.IDLE) {
            backend.retire();
        }
    }

    /** Answers whose query a CancelRequest is for, and holds that backend back until the cancel is over. */
    @Override
    public void onFindCancelTarget(CancelMessages.FindCancelTarget request) {
        for (Session session : sessions.values()) {
            Backend backend = session.backend();
            if (backend != null && session.isCancelledBy(request.pid(), request.secret()) && backend.cancelStarted()) {
                master.send(new CancelMessages.CancelTarget(
                        request.cancelId(),
                        backend.id(),
                        backend.peer(),
                        backend.identity().pid(),
                        backend.identity().cancelKey()));
                return;
            }
        }
        master.send(new CancelMessages.CancelUnknown(request.cancelId()));
    }

    @Override
    public void onCancelFinished(CancelMessages.CancelFinished message) {
        Backend backend = pool.byId(message.backendId());
        if (backend != null) {
            backend.cancelFinished(message.certain());
        }
    }

    /** The master is gone: sessions go on to their end, nothing is kept for another, and the last one ends the worker. */
    public void masterLost(String reason) {
        if (masterIsGone) {
            return;
        }
        masterIsGone = true;
        Event.of("master_lost")
                .with("sessions", sessions.size())
                .with("reason", reason)
                .message("the master is gone; sessions go on, and this worker exits when the last one ends")
                .hint("Start pgproxy-master again; new clients are served by its new workers.")
                .warn();
        for (Session session : new ArrayList<>(sessions.values())) {
            session.begin(); // Nobody else can serve a client whose acceptance the master never heard of.
            if (session.state() == SessionState.CHECKING) {
                session.roleFound(RoleFacts.UNAVAILABLE);
            }
            if (session.awaitsPlace()) {
                session.refused(LastWords.masterLost());
            }
            if (heldServers.containsKey(session.key().server())) {
                session.endByShutdown(); // Nobody can tell it whether its server is the primary still.
            }
        }
        heldServers.clear();
        retireBackends();
        exitWhenDone();
    }

    /** Ends a period of the averages that {@link #onReportState} shows. */
    public void endPeriod() {
        totals.endPeriod(loop.clock().nanoTime());
    }

    @Override
    public void onReportState(SnapshotMessages.ReportState message) {
        long snapshotId = message.snapshotId();
        StateReport report = new StateReport(pid, loop.clock().nanoTime(), message.nowMicros());
        for (byte[] chunk : report.chunks(message.views(), sessions.values(), pool.snapshot(), totals)) {
            reports.add(new SnapshotMessages.ReportRows(snapshotId, chunk));
        }
        reports.add(new SnapshotMessages.ReportEnd(snapshotId));
        sendReports();
    }

    /** Clients come first: what they need the master to know must not wait behind a long report. */
    private void sendReports() {
        while (!reports.isEmpty() && master.hasRoom()) {
            master.send(reports.remove());
        }
        if (!reports.isEmpty() && !masterIsGone && !reportPlanned) {
            reportPlanned = true;
            loop.scheduler().afterMs(REPORT_PAUSE_MS, () -> {
                reportPlanned = false;
                sendReports();
            });
        }
    }

    /** Ends the sessions that an operator does not want any more, and closes the backends if they are idle. */
    @Override
    public void onEndSessions(CommandMessages.EndSessions message) {
        int ended = 0;
        for (long id : message.sessionIds()) {
            Session session = sessions.get(id);
            if (session != null && session.state() != SessionState.ACCEPTED) { // Else it may be the master's still.
                session.endByOperator();
                ended++;
            }
        }
        for (long id : message.backendIds()) {
            Backend backend = pool.byId(id);
            if (backend != null && backend.state() == BackendState.IDLE) {
                backend.retire();
                ended++;
            }
        }
        master.send(new CommandMessages.SessionsEnded(message.commandId(), ended));
    }

    /** Uses no connection to this server again that is open now. */
    @Override
    public void onReconnect(BackendMessages.Reconnect message) {
        ServerAddress server = message.server();
        pool.snapshot().stream()
                .filter(backend -> backend.key().server().equals(server))
                .forEach(Backend::retire);
    }

    /** The server's name leads to these addresses now. What is connected to others may write to a server that nobody means any more. */
    @Override
    public void onServerMoved(ProbeMessages.ServerMoved message) {
        ServerAddress server = message.server();
        List<String> addresses = message.addresses();
        moves.put(server, new Moved(loop.clock().nanoTime(), addresses));
        for (Session session : sessionsOf(server)) {
            Backend backend = session.backend();
            if (backend != null
                    && backend.isConnected()
                    && !addresses.contains(backend.peer().host())) {
                session.endMoved();
            }
        }
        pool.snapshot().stream()
                .filter(backend -> backend.key().server().equals(server)
                        && backend.isConnected()
                        && !addresses.contains(backend.peer().host()))
                .forEach(Backend::retire);
    }

    /** The server is not the primary any more. Its clients are told so; those who were told nothing yet the master gets back. */
    @Override
    public void onLeaveServer(SwitchoverMessages.LeaveServer message) {
        ServerAddress server = message.server();
        heldServers.remove(server);
        new Departure(server, message.successor(), master, loop.scheduler())
                .begin(
                        sessionsOf(server),
                        pool.snapshot().stream()
                                .filter(backend -> backend.key().server().equals(server))
                                .toList());
    }

    /**
     * Lets sessions of this server finish their transactions and then takes nothing more from their clients; or lets them go on. The
     * master is told when none is left that does something.
     */
    @Override
    public void onHoldSessions(SwitchoverMessages.HoldSessions message) {
        ServerAddress server = message.server();
        if (message.held()) {
            heldServers.put(server, new Held(message.requestId(), loop.clock().nanoTime()));
            reportHeld(server, message.requestId());
        } else {
            heldServers.remove(server);
            sessionsOf(server).forEach(session -> session.hold(false, false));
        }
    }

    private List<Session> sessionsOf(ServerAddress server) {
        return sessions.values().stream()
                .filter(session -> session.key().server().equals(server))
                .toList();
    }

    private void reportHeld(ServerAddress server, long requestId) {
        Held current = heldServers.get(server);
        if (current == null || current.requestId() != requestId || masterIsGone) {
            return;
        }
        boolean evenLogins = loop.clock().nanoTime() - current.sinceNs() > HELD_LOGIN_MS * NS_PER_MS;
        List<Session> ofServer = sessionsOf(server);
        ofServer.forEach(session -> session.hold(true, evenLogins));
        if (ofServer.stream().noneMatch(Session::isBusy)) {
            master.send(new SwitchoverMessages.SessionsHeld(requestId));
        } else {
            loop.scheduler().afterMs(HELD_CHECK_MS, () -> reportHeld(server, requestId));
        }
    }

    /** Lets running queries finish within the time, ends every other session, and exits. */
    public void shutDown(long graceMs) {
        if (stopping) {
            return;
        }
        stopping = true;
        Event.of("stopping")
                .with("sessions", sessions.size())
                .with("grace_ms", graceMs)
                .info();
        for (Session session : new ArrayList<>(sessions.values())) {
            session.askToShutDown();
        }
        retireBackends();
        loop.scheduler().afterMs(graceMs, () -> {
            List<Session> late = new ArrayList<>(sessions.values());
            if (!late.isEmpty()) {
                Event.of("sessions_ended_in_query")
                        .with("sessions", late.size())
                        .warn();
            }
            late.forEach(Session::endByShutdown);
            closeBackends();
            loop.stop();
        });
        exitWhenDone();
    }

    private void retireBackends() {
        pool.snapshot().forEach(Backend::retire);
    }

    private void closeBackends() {
        pool.snapshot().forEach(Backend::abandon);
    }

    private void exitWhenDone() {
        if (sessions.isEmpty() && pool.isEmpty() && lingering.count() == 0) {
            loop.stop();
        } else {
            loop.scheduler().afterMs(EXIT_CHECK_MS, this::exitWhenDone);
        }
    }

    /** Sessions of clients, for those who watch a simulation or an operator's view. */
    public Map<Long, Session> sessions() {
        return sessions;
    }

    /** Clients that were told to go and have not closed. */
    public int lingeringCount() {
        return lingering.count();
    }

    /** The backends, for the same. */
    public BackendPool pool() {
        return pool;
    }
}
