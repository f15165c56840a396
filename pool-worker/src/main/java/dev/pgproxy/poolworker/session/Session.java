package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.Negotiation;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendUser;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.Tally;
import java.io.ByteArrayOutputStream;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client and the backend that serves it. This owns the client's transport; the backend is borrowed and given back with
 * {@link Backend#release}. States and their order are in {@link SessionState}: first the client is let in, which is {@link Login}'s,
 * then bytes are relayed, which is {@link Relay}'s, until either side ends or the session goes on elsewhere.
 */
public final class Session implements BackendUser, BackendTraffic.News {

    private final long id;
    private final PoolKey key;
    private final StartupPacket.Startup startup;
    private final Transport frontend;
    private final SessionTerms terms;
    private final SessionContext context;
    private final SessionOwner<Session> owner;
    private final Tally tally = new Tally();
    private final StateTrace trace = new StateTrace();
    private final SessionIdentity identity;
    private final DatabaseWait databases;
    private final SessionHold hold;
    private final long createdNs;
    private PoolSettings settings;
    private long activeNs;

    /** What only a login needs; null once the client is in. */
    private @Nullable Login login;

    /** The session of a client who is in; null before, and after the end. */
    private @Nullable Active active;

    private @Nullable Backend backend;
    private @Nullable BackendLease lease;
    private boolean shutdownAsked;
    private boolean over;
    private boolean closedTold;
    private boolean wasIn;
    private byte[] told = LastWords.NONE;
    private String serversLastSqlState = "";

    /** What the client is to hear as soon as it may be spoken to; null as long as its session is to go on. */
    private byte @Nullable [] wordsWhenBegun;

    /** Takes over the client's transport, and leaves it alone until {@link #begin}. */
    public Session(
            long id,
            PoolKey key,
            StartupPacket.Startup startup,
            Transport frontend,
            PoolSettings settings,
            SessionTerms terms,
            SessionContext context,
            SessionOwner<Session> owner) {
        this.id = id;
        this.key = key;
        this.startup = startup;
        this.frontend = frontend;
        this.settings = settings;
        this.terms = terms;
        this.context = context;
        this.owner = owner;
        this.createdNs = context.loop().clock().nanoTime();
        this.activeNs = createdNs;
        this.identity = new SessionIdentity(settings.moveSessions(), terms.resumption());
        this.databases = new DatabaseWait(
                context.loop().scheduler(),
                () -> lease != null && !lease.isClientSlow(),
                name -> contained(() -> owner.databaseWanted(this, name)));
        this.hold = new SessionHold(settings.moveSessions(), trace);
        this.login = new Login(new Host(), key, startup, frontend, context, identity, terms);
    }

    public long id() {
        return id;
    }

    public PoolKey key() {
        return key;
    }

    public SessionState state() {
        if (over) {
            return SessionState.CLOSED;
        }
        return login == null ? active().state() : login.state();
    }

    /** The user and the database, and all else that the client's startup packet named. */
    public StartupParameters parameters() {
        return startup.parameters();
    }

    /** The backend that serves this session or will; null before one was chosen and after the end. */
    public @Nullable Backend backend() {
        return backend;
    }

    public ClientOrigin origin() {
        return terms.origin();
    }

    /** What was relayed so far. */
    public Tally tally() {
        return tally;
    }

    /** When the worker took over the client. */
    public long createdNs() {
        return createdNs;
    }

    /** When the session came into the state that an operator sees it in: its login, its query, or its rest behind one. */
    public long stateSinceNs() {
        if (tally.isRunning()) {
            return tally.startedNs();
        }
        return tally.queries() > 0 ? tally.endedNs() : activeNs;
    }

    /** Who does not read what is there for him; null when nobody keeps the session waiting. */
    public @Nullable String blockedBy() {
        if (lease != null && lease.isServerSlow()) {
            return "the server to read";
        }
        return backend != null && backend.fromServer().isBlocked() ? "the client to read" : null;
    }

    /** Whether the client was let in. */
    public boolean wasIn() {
        return wasIn;
    }

    /** The ErrorResponse that the client was told at the end; empty when there was none, or the server said it within the session. */
    public byte[] lastWords() {
        return told;
    }

    /** The SQLSTATE of the server's last word, when that has ended the session; empty otherwise. */
    public String serversLastSqlState() {
        return serversLastSqlState;
    }

    /** Whether the session has ended, or its client is somebody else's. */
    public boolean isOver() {
        return over;
    }

    /** Other settings are in force from now on. */
    public void configure(PoolSettings newSettings) {
        contained(() -> reconfigure(newSettings));
    }

    private void reconfigure(PoolSettings newSettings) {
        settings = newSettings;
        if (!newSettings.moveSessions()) {
            identity.stay(active != null);
            hold.stay();
        }
        if (active != null) {
            active.configure(newSettings);
        }
    }

    /** Chooses the backend, or that there is none yet; it is not used before {@link #begin} or {@link #backendAvailable}. */
    public void attach(@Nullable Backend chosen) {
        backend = chosen;
    }

    /** Chooses the backend: one that is claimed or reserved for this session, or one that is about to connect. */
    public void useBackend(Backend chosen) {
        backend = chosen;
        inLogin(Login::backendAvailable);
    }

    /** Takes a step of the login, if that is still under way. */
    private void inLogin(Consumer<Login> step) {
        Login current = login;
        if (current != null) {
            contained(() -> step.accept(current));
        }
    }

    /** From now on the client is ours alone, and may be spoken to. */
    public void begin() {
        if (state() == SessionState.ACCEPTED) {
            inLogin(this::begin);
        }
    }

    private void begin(Login current) {
        current.accept();
        byte[] early = wordsWhenBegun;
        if (early != null) {
            part(early);
            return;
        }
        frontend.onReady(this::frontendReady);
        current.begin(terms.loginTimeLeftMs());
    }

    @Override
    public void backendAvailable() {
        if (backend != null) {
            owner.joined(this, backend);
        }
        inLogin(Login::backendAvailable);
    }

    @Override
    public void backendUnavailable() {
        backend = null;
        inLogin(Login::backendUnavailable);
    }

    @Override
    public void backendUnreachable(String reason) {
        backend = null;
        contained(() -> giveBack(LastWords.unreachable(key.server(), reason)));
    }

    /**
     * The server is not the primary any more. A session that was held, and has nothing there that another server could not be
     * given, goes on on that one; others end.
     *
     * @return why this one does not go on; empty when it does
     */
    public String leaveServer(ServerAddress successor) {
        try {
            return leave(successor);
        } catch (RuntimeException | StackOverflowError e) {
            broken(e);
            return "failed in an unexpected way";
        }
    }

    private String leave(ServerAddress successor) {
        boolean mayGoOn = isReadyToLeave() && !shutdownAsked && owner.hasMaster();
        String obstacle = mayGoOn ? hold.obstacle() : "is at work";
        if (obstacle.isEmpty()) {
            Resumption taken = identity.resumption(attached().identity().statuses(), hold.settings());
            if (taken.maxBytes() > Resumption.MAX_BYTES) {
                obstacle = "holds more than can be taken along";
            } else if (end()) {
                owner.parked(this, frontend, taken, Negotiation.of(startup).serverPacket());
                closedTold = true;
                return "";
            }
        }
        giveBack(LastWords.replacedServer(key.server(), successor));
        return obstacle;
    }

    /** Lets the master find another server for a client that knows of none yet; else tells it why its session ends. */
    private void giveBack(byte[] lastWords) {
        boolean isUntouched = login != null && login.isUnheard() && tally.clientBytes() == 0;
        if (!isUntouched || shutdownAsked || !owner.hasMaster()) {
            part(lastWords);
        } else if (end()) {
            owner.returned(this, frontend, lastWords);
            closedTold = true;
        }
    }

    /** Whether the client waits for a place, which nobody but the master can give it. */
    public boolean awaitsPlace() {
        return login != null && login.awaitsPlace();
    }

    /** Whether the client has proved to the proxy who it is, so that it may have a backend that was somebody else's. */
    public boolean isProved() {
        return login != null && login.isProved();
    }

    /** Whether the client may have a backend that was somebody else's: one that was asked before, and is not who it says, may not. */
    public boolean mayHaveIdle() {
        return login != null && !login.isReferred() && (terms.askFirst() == AuthenticationMethod.OTHER || isProved());
    }

    /** The client has a place; {@link #useBackend} is to follow. */
    public void placed(long mostMs) {
        inLogin(current -> current.placed(mostMs));
    }

    /** The client gets no place. */
    public void refused(byte[] lastWords) {
        contained(() -> part(lastWords));
    }

    /** The answer to {@link SessionOwner#askForRole}. */
    public void roleFound(RoleFacts found) {
        inLogin(current -> current.roleFound(found));
    }

    @Override
    public void backendConnected() {
        inLogin(current -> current.connected(attached()));
    }

    private void frontendReady(int ready) {
        try {
            frontendMoves(ready);
        } catch (RuntimeException | StackOverflowError e) {
            broken(e);
        }
    }

    private void frontendMoves(int ready) {
        if (login != null) {
            login.phase().frontendReady(ready);
        } else if (active != null) {
            active.frontendReady(ready);
        }
    }

    @Override
    public void backendReady(int ready) {
        try {
            backendMoves(ready);
        } catch (RuntimeException | StackOverflowError e) {
            broken(e);
        }
    }

    private void backendMoves(int ready) {
        if (lease == null) {
            idleBackendReady();
        } else if (login != null) {
            login.phase().backendReady(ready);
        } else {
            active().backendReady(ready);
        }
    }

    /** A backend that is claimed and not used yet: it is to be silent, or it is not as good as new. */
    private void idleBackendReady() {
        Backend claimed = attached();
        if (claimed.fromServer().isBlocked()) {
            claimed.transport().interest(Interest.NONE); // The way is taken by what the client was asked.
        } else if (!claimed.isStillAsNew() && login != null) {
            login.phase().lostWhileIdle(claimed);
        }
    }

    /**
     * Takes nothing more from the client once its transaction is over, or goes on with it.
     *
     * @param evenLogin whether a login that is under way is not to go on either
     */
    public void hold(boolean wanted, boolean evenLogin) {
        contained(() -> comeToRest(wanted, evenLogin));
    }

    private void comeToRest(boolean wanted, boolean evenLogin) {
        hold.want(wanted, evenLogin);
        if (active != null) {
            active.holdChanged();
        } else if (login != null && lease != null) {
            login.phase().awaitNext();
        }
    }

    /** Whether something may happen here although the session is held, or it is not known what it has at its server. */
    public boolean isBusy() {
        if (over) {
            return false;
        }
        return login == null
                ? active().isBusy()
                : !hold.isForLoginToo() || !login.phase().isAtRest();
    }

    /** Whether the session is held, nothing happens in it, and it is known what it has at its server. */
    public boolean isReadyToLeave() {
        return active != null && active.isReadyToLeave();
    }

    /** Ends the session when nothing of it runs; until then lets it finish. */
    public void askToShutDown() {
        shutdownAsked = true;
        if (active != null) {
            contained(active::settle);
        } else if (login != null) {
            endByShutdown();
        }
    }

    /** Ends the session now, with a word about why where that can be said. */
    public void endByShutdown() {
        contained(() -> part(LastWords.shutdown()));
    }

    /** Ends the session now, or gives its client back: the server's name leads elsewhere. */
    public void endMoved() {
        contained(() -> giveBack(LastWords.movedServer(key.server())));
    }

    /** Ends the session now: an operator wants it to. */
    public void endByOperator() {
        contained(() -> part(LastWords.endedByOperator()));
    }

    /** Whether a CancelRequest with this pid and secret is for the query of this session. */
    public boolean isCancelledBy(int pid, byte[] key) {
        return state() == SessionState.ACTIVE && identity.isNamedBy(pid, key);
    }

    /** Takes a step of this session. Whatever its client or its server has brought about ends it, and no other. */
    public void contained(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | StackOverflowError e) {
            broken(e);
        }
    }

    private void broken(Throwable cause) {
        owner.broken(this, cause);
        try {
            if (backend != null) {
                backend.progress().doubt(); // What it is in the middle of nobody knows.
                backend.retire();
            }
            part(LastWords.broken());
            if (!closedTold) {
                abandon(); // The fault came when the session was over, and nobody had heard of it.
            }
        } catch (RuntimeException | StackOverflowError e) {
            abandon();
        }
    }

    /** When it cannot even be ended in good order. */
    public void abandon() {
        databases.end();
        over = true;
        Backend used = backend;
        backend = null;
        try {
            frontend.close();
            if (used != null) {
                used.abandon();
            }
        } finally {
            tellClosed();
        }
    }

    /** However the end went, the owner hears of it once. */
    private void tellClosed() {
        if (!closedTold) {
            closedTold = true;
            owner.closed(this);
        }
    }

    /** The client is gone: gives the backend back and closes. */
    private void leave() {
        byte[] refusal = refusal();
        if (end()) {
            told = refusal; // Whoever is refused may close before the server does.
            frontend.close();
            tellClosed();
        }
    }

    /** The client is to go: sends what it has not read yet and the last words, where a message may begin, and closes. */
    private void part(byte[] lastWords) {
        if (state() == SessionState.ACCEPTED) {
            wordsWhenBegun = lastWords; // The client is not ours alone yet.
            return;
        }
        byte[] refusal = refusal();
        byte[] unread = {};
        boolean atBoundary = true;
        if (backend != null) {
            atBoundary = backend.fromServer().sinkIsAtBoundary();
            unread = backend.fromServer().takeLeftovers();
        }
        if (end()) {
            told = lastWords.length > 0 ? lastWords : refusal;
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            all.writeBytes(unread);
            if (atBoundary) {
                all.writeBytes(lastWords);
            }
            context.lingering().close(frontend, all.toByteArray());
            tellClosed();
        }
    }

    private byte[] refusal() {
        return login == null ? LastWords.NONE : login.phase().refusal();
    }

    /** @return false when the session was over already; else the caller closes or passes on the client, and tells the owner */
    private boolean end() {
        if (over) {
            return false;
        }
        if (login != null) {
            login.end();
        }
        if (active != null) {
            active.end();
        }
        databases.end();
        identity.wipe();
        frontend.interest(Interest.NONE);
        over = true;
        login = null;
        active = null;
        Backend used = backend;
        boolean isUntouched = lease == null;
        boolean isClean = lease == null || lease.endsClean();
        leaveBackend();
        if (used != null) {
            try {
                if (terms.singleUse() && !isUntouched) {
                    used.retire();
                }
                used.release(isClean, trace.leftover());
            } catch (RuntimeException | StackOverflowError e) {
                used.abandon();
                throw e;
            }
        }
        return true;
    }

    @Override
    public void rolesChanged() {
        owner.rolesChanged(this);
    }

    @Override
    public void objectInUse(String words) {
        owner.objectInUse(this, words);
    }

    @Override
    public void answered() {
        databases.end();
    }

    private void leaveBackend() {
        databases.end();
        backend = null;
        BackendLease taken = lease;
        if (taken != null) {
            serversLastSqlState = taken.traffic().fatalSqlState();
            taken.drop();
            lease = null;
        }
    }

    /** The backend, which there is. */
    private Backend attached() {
        if (backend == null) {
            throw new IllegalStateException("session " + id + " is " + state() + " without a backend");
        }
        return backend;
    }

    private Active active() {
        if (active == null) {
            throw new IllegalStateException("session " + id + " is neither in a login nor active");
        }
        return active;
    }

    /** What the phases of the session can bring about. */
    private final class Host implements LoginHost, ActiveHost {
        @Override
        public void leave() {
            Session.this.leave();
        }

        @Override
        public void part(byte[] lastWords) {
            Session.this.part(lastWords);
        }

        @Override
        public void giveBack(byte[] lastWords) {
            Session.this.giveBack(lastWords);
        }

        @Override
        public void serverViolated(ProtocolViolation violation) {
            owner.serverViolated(Session.this, violation);
            Session.this.part(LastWords.badServer(key.server(), violation));
        }

        @Override
        public boolean serverSaid(Pipe.Outcome outcome) {
            if (login != null) {
                return login.phase().serverSaid(outcome);
            }
            return active != null && active.serverSaid(outcome);
        }

        @Override
        public void settle() {
            if (login != null) {
                login.phase().awaitNext();
            } else if (active != null) {
                active.settle();
            }
        }

        @Override
        public boolean isOver() {
            return over;
        }

        @Override
        public void contained(Runnable step) {
            Session.this.contained(step);
        }

        @Override
        public boolean isShutdownAsked() {
            return shutdownAsked;
        }

        @Override
        public PoolSettings settings() {
            return settings;
        }

        @Override
        public Backend attached() {
            return Session.this.attached();
        }

        @Override
        public void leaveBackend() {
            Session.this.leaveBackend();
        }

        @Override
        public BackendLease lease(Backend serving, @Nullable ScramWitness witness) {
            Clock clock = context.loop().clock();
            Pipe toServer = new Pipe(
                    context.buffers(),
                    new FrontendTraffic(serving.progress(), tally, clock, trace, databases, witness));
            BackendTraffic traffic =
                    new BackendTraffic(serving.identity(), serving.progress(), tally, clock, Session.this);
            BackendLease taken = new BackendLease(frontend, serving, toServer, tally, traffic);
            lease = taken;
            return taken;
        }

        @Override
        public void loggedIn(BackendLease taken, AuthenticationMethod askable) {
            login = null;
            wasIn = true;
            activeNs = context.loop().clock().nanoTime();
            taken.backend().fromServer().takeReadBytes(); // What was said before the session is not its own.
            active = new Active(
                    taken,
                    context.loop(),
                    hold,
                    identity,
                    terms.idleExempt(),
                    key.parameters().isReplication(),
                    settings,
                    this);
            owner.opened(Session.this, taken.backend(), askable);
        }

        @Override
        public boolean isLoginHeld() {
            return hold.isForLoginToo();
        }

        @Override
        public void askForRole() {
            owner.askForRole(Session.this);
        }

        @Override
        public void connect(Backend chosen) {
            owner.connect(Session.this, chosen);
        }

        @Override
        public void needsBackend() {
            owner.needsBackend(Session.this);
        }

        @Override
        public void wantPlace(boolean proved, byte[] refusal) {
            owner.wantPlace(Session.this, proved, refusal);
        }

        @Override
        public boolean canGivePlaces() {
            return owner.canGivePlaces();
        }

        @Override
        public void roleDoubted(boolean methodToo) {
            owner.roleDoubted(Session.this, methodToo);
        }

        @Override
        public void notReusable(AuthenticationMethod method, RoleFacts facts) {
            owner.notReusable(Session.this, method, facts);
        }

        @Override
        public void serverFull(byte[] refusal) {
            owner.serverFull(Session.this, refusal);
        }
    }
}
