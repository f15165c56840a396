package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendState;
import dev.pgproxy.poolworker.backend.BackendUser;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.Tally;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A client and the backend that serves it. This owns the client's transport; the backend is borrowed and given back with
 * {@link Backend#release}. States and their order are in {@link SessionState}: first the client is let in, which is {@link Login}'s,
 * then bytes are relayed, which is {@link Relay}'s, until either side ends or the session goes on elsewhere.
 */
public final class Session implements BackendUser, BackendTraffic.News {

    private final long id;
    private final PoolKey key;
    private final StartupParameters parameters;
    private final Transport frontend;
    private final SessionTerms terms;
    private final SessionContext context;
    private final Tally tally = new Tally();
    private final StateTrace trace = new StateTrace();
    private final SessionIdentity identity;
    private final DatabaseWait databases;
    private final SessionHold hold;
    private final Login login;
    private final long createdNs;
    private PoolSettings settings;
    private long activeNs;
    private SessionState state = SessionState.ACCEPTED;
    private @Nullable Backend backend;
    private @Nullable Relay relay;
    private @Nullable BackendTraffic traffic;
    private @Nullable IdleWatch idleWatch;
    private Scheduler.@Nullable Timer endingTimer;
    private boolean shutdownAsked;
    private boolean closedTold;
    private boolean sendsNothingMore;
    private boolean wasIn;
    private byte[] told = LastWords.NONE;

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
            SessionContext context) {
        this.id = id;
        this.key = key;
        this.parameters = startup.parameters();
        this.frontend = frontend;
        this.settings = settings;
        this.terms = terms;
        this.context = context;
        this.createdNs = context.loop().clock().nanoTime();
        this.activeNs = createdNs;
        this.identity = new SessionIdentity(settings.moveSessions(), terms.resumption());
        this.databases = new DatabaseWait(
                context.loop().scheduler(),
                () -> relay != null && !relay.isClientSlow(),
                name -> contained(() -> context.owner().databaseWanted(this, name)));
        this.hold = new SessionHold(settings.moveSessions(), trace);
        this.login = new Login(this, startup, frontend, context, identity, terms);
    }

    public long id() {
        return id;
    }

    public PoolKey key() {
        return key;
    }

    public SessionState state() {
        return state;
    }

    /** The user and the database, and all else that the client's startup packet named. */
    public StartupParameters parameters() {
        return parameters;
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
        if (relay != null && relay.isServerSlow()) {
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
        return traffic == null ? "" : traffic.fatalSqlState();
    }

    /** Whether the session has ended, or its client is somebody else's. */
    public boolean isOver() {
        return state == SessionState.CLOSED;
    }

    /** Other settings are in force from now on. */
    public void configure(PoolSettings newSettings) {
        contained(() -> reconfigure(newSettings));
    }

    private void reconfigure(PoolSettings newSettings) {
        settings = newSettings;
        if (!newSettings.moveSessions()) {
            identity.stay(state == SessionState.ACTIVE || state == SessionState.ENDING);
            hold.stay();
        }
        long lastActiveNs = idleWatch == null ? context.loop().clock().nanoTime() : idleWatch.activeNs();
        if (idleWatch != null) {
            idleWatch.stop();
            idleWatch = null;
        }
        if (state == SessionState.ACTIVE) {
            watchIdling(attached(), lastActiveNs);
        }
    }

    /** Chooses the backend, or that there is none yet; it is not used before {@link #begin} or {@link #backendAvailable}. */
    public void attach(@Nullable Backend chosen) {
        backend = chosen;
    }

    /** Chooses the backend: one that is claimed or reserved for this session, or one that is about to connect. */
    public void useBackend(Backend chosen) {
        backend = chosen;
        if (state == SessionState.WAITING) {
            contained(login::check);
        }
    }

    /** From now on the client is ours alone, and may be spoken to. */
    public void begin() {
        if (state == SessionState.ACCEPTED) {
            state = SessionState.WAITING;
            byte[] early = wordsWhenBegun;
            contained(early == null ? this::startLogin : () -> part(early));
        }
    }

    private void startLogin() {
        login.start(terms.loginTimeLeftMs());
        frontend.onReady(this::frontendReady);
        frontend.interest(Interest.HANGUP);
        if (login.isToAskFirst()) {
            login.check();
            return;
        }
        Backend chosen = attached();
        if (chosen.state() == BackendState.IN_SESSION || chosen.state() == BackendState.CONNECTING) {
            login.check();
        }
    }

    @Override
    public void backendAvailable() {
        if (backend != null) {
            context.owner().joined(this, backend);
        }
        if (state == SessionState.WAITING) {
            contained(login::check);
        }
    }

    @Override
    public void backendUnavailable() {
        backend = null;
        if (state == SessionState.ACCEPTED || state == SessionState.WAITING || state == SessionState.CHECKING) {
            state = state == SessionState.CHECKING ? SessionState.WAITING : state;
            contained(() -> context.owner().needsBackend(this));
        }
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
        boolean mayGoOn = isReadyToLeave() && !shutdownAsked && context.owner().hasMaster();
        String obstacle = mayGoOn ? hold.obstacle() : "is at work";
        if (obstacle.isEmpty()) {
            Resumption taken = identity.resumption(attached().identity().statuses(), hold.settings());
            if (taken.maxBytes() > Resumption.MAX_BYTES) {
                obstacle = "holds more than can be taken along";
            } else if (end()) {
                context.owner().parked(this, frontend, taken, login.serverPacket());
                closedTold = true;
                return "";
            }
        }
        giveBack(LastWords.replacedServer(key.server(), successor));
        return obstacle;
    }

    /** Lets the master find another server for a client that knows of none yet; else tells it why its session ends. */
    void giveBack(byte[] lastWords) {
        boolean isUntouched = login.isUnheard()
                && state != SessionState.ACTIVE
                && state != SessionState.ENDING
                && tally.clientBytes() == 0;
        if (!isUntouched || shutdownAsked || !context.owner().hasMaster()) {
            part(lastWords);
        } else if (end()) {
            context.owner().returned(this, frontend, lastWords);
            closedTold = true;
        }
    }

    /** Whether the client waits for a place, which nobody but the master can give it. */
    public boolean awaitsPlace() {
        return login.awaitsPlace();
    }

    /** Whether the client has proved to the proxy who it is, so that it may have a backend that was somebody else's. */
    public boolean isProved() {
        return login.isProved();
    }

    /** Whether the client may have a backend that was somebody else's: one that was asked before, and is not who it says, may not. */
    public boolean mayHaveIdle() {
        return !login.isReferred() && (terms.askFirst() == AuthenticationMethod.OTHER || isProved());
    }

    /** The client has a place; {@link #useBackend} is to follow. */
    public void placed(long mostMs) {
        contained(() -> login.placed(mostMs));
    }

    /** The client gets no place. */
    public void refused(byte[] lastWords) {
        contained(() -> part(lastWords));
    }

    /** The answer to {@link SessionOwner#askForRole}. */
    public void roleFound(RoleFacts found) {
        if (state == SessionState.CHECKING || state == SessionState.WAITING) {
            contained(() -> login.roleFound(found));
        }
    }

    @Override
    public void backendConnected() {
        contained(() -> login.connected(attached()));
    }

    /** The login goes on, or something else comes behind it. */
    void enter(SessionState next) {
        state = next;
    }

    /** The settings in force. */
    PoolSettings settings() {
        return settings;
    }

    /** Opens the way between the client and the backend. */
    Relay relay(Backend serving, @Nullable ScramWitness witness) {
        Pipe toServer = new Pipe(
                context.buffers(),
                new FrontendTraffic(serving.progress(), tally, context.loop().clock(), trace, databases, witness));
        Relay way = new Relay(frontend, serving, toServer, tally);
        relay = way;
        return way;
    }

    /** What is to look at what the server says from the login on. */
    BackendTraffic traffic(Backend serving) {
        BackendTraffic inspector = new BackendTraffic(
                serving.identity(), serving.progress(), tally, context.loop().clock(), this);
        traffic = inspector;
        return inspector;
    }

    /** Looks at what the server says again, where that has begun. */
    void inspectTraffic(Backend serving) {
        if (traffic != null) {
            serving.fromServer().inspectWith(traffic);
        }
    }

    /** The client is in. */
    void becomeActive(Backend serving) {
        state = SessionState.ACTIVE;
        wasIn = true;
        AuthenticationMethod askable = login.askable(serving.identity().method());
        login.done();
        activeNs = context.loop().clock().nanoTime();
        serving.fromServer().takeReadBytes(); // What was said before the session is not its own.
        watchIdling(serving, activeNs);
        context.owner().opened(this, serving, askable);
    }

    private void watchIdling(Backend serving, long lastActiveNs) {
        long idleMs = terms.idleExempt() ? 0 : settings.idleSessionTimeoutMs();
        if (idleMs > 0 || settings.idleTransactionTimeoutMs() > 0) {
            idleWatch = new IdleWatch(
                    context.loop(),
                    idleMs,
                    settings.idleTransactionTimeoutMs(),
                    serving.progress(),
                    lastActiveNs,
                    words -> contained(() -> part(words)));
        }
    }

    private void frontendReady(int ready) {
        try {
            frontendMoves(ready);
        } catch (RuntimeException | StackOverflowError e) {
            broken(e);
        }
    }

    private void frontendMoves(int ready) {
        switch (state) {
            case ACCEPTED, CLOSED -> {}
            case WAITING, CHECKING, SETTING_UP -> leave(); // Only a hang-up is waited for here.
            case VERIFYING -> login.frontendReady(ready);
            case LOGGING_IN -> {
                if (login.isSilent()) {
                    leave(); // As above: what it has to say is for its session.
                } else {
                    relayFrontend(ready);
                }
            }
            case ACTIVE, ENDING -> relayFrontend(ready);
        }
    }

    private void relayFrontend(int ready) {
        Relay way = way();
        if (sendsNothingMore && (ready & Interest.HANGUP) != 0) {
            leave();
            return;
        }
        if (isHeld() && (ready & Interest.HANGUP) != 0) {
            leave();
            return;
        }
        if (state == SessionState.ENDING && (ready & Interest.HANGUP) != 0) {
            boundEnding();
        }
        if ((ready & (Interest.WRITE | Interest.HANGUP)) != 0 && !way.flushToClient()) {
            leave();
            return;
        }
        if ((ready & (Interest.READ | Interest.HANGUP)) != 0 && readsFrontend() && !pumpToServer(way)) {
            return;
        }
        settle(way);
    }

    /** The client closed behind its Terminate. It may still read, so answers go on for a while, but nobody can tell for how long. */
    private void boundEnding() {
        if (endingTimer == null) {
            endingTimer =
                    context.loop().scheduler().afterMs(settings.serverResetTimeoutMs(), () -> contained(this::leave));
        }
    }

    /** @return whether the session goes on */
    private boolean pumpToServer(Relay way) {
        boolean passwordsMayPass = state == SessionState.LOGGING_IN;
        try {
            switch (way.fromClient()) {
                case MOVED -> noteActivity();
                case IDLE, SINK_BROKEN -> {} // What a server has said that takes nothing more is still to come.
                case STOPPED -> {
                    state = SessionState.ENDING;
                    if (!attached().progress().isResettable()) {
                        leave(); // Inside COPY or an open sequence the server would wait for what never comes.
                        return false;
                    }
                }
                case SOURCE_ENDED -> {
                    if (!mayStillRead(way)) {
                        leave();
                        return false;
                    }
                }
            }
        } catch (ProtocolViolation e) {
            part(LastWords.badClient(e));
            return false;
        } finally {
            if (passwordsMayPass) {
                context.buffers().wipe();
            }
        }
        return true;
    }

    /**
     * The client sends nothing more. It may have closed, or only its sending side, and then it waits for answers that the server would give.
     * Only a client that is there takes a message; it gets one that it knows already, to which a kernel without the client answers with a reset.
     *
     * @return whether the session goes on until all is answered
     */
    private boolean mayStillRead(Relay way) {
        Backend serving = attached();
        if (state != SessionState.ACTIVE || way.isQuiet() || serving.progress().awaitsClient() || !way.endsClean()) {
            return false;
        }
        state = SessionState.ENDING;
        sendsNothingMore = true;
        return way.tellClientAgain(serving.identity().statusMessages());
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
        if (state.isBeforeBackend()) {
            idleBackendReady();
            return;
        }
        Relay way = way();
        if ((ready & (Interest.WRITE | Interest.HANGUP)) != 0) {
            way.flushToServer();
        }
        if ((ready & (Interest.READ | Interest.HANGUP)) != 0 && !way.isClientSlow() && !pumpToClient(way)) {
            return;
        }
        settle(way);
    }

    /** A backend that is claimed and not used yet: it is to be silent, or it is not as good as new. */
    private void idleBackendReady() {
        Backend claimed = attached();
        if (claimed.fromServer().isBlocked()) {
            claimed.transport().interest(Interest.NONE); // The way is taken by what the client was asked.
        } else if (!claimed.isStillAsNew()) {
            login.lostWhileIdle(claimed);
        }
    }

    private void noteActivity() {
        if (idleWatch != null) {
            idleWatch.active();
        }
    }

    /** @return whether the session goes on */
    private boolean pumpToClient(Relay way) {
        Backend serving = attached();
        Pipe.Outcome outcome;
        boolean wasRunning = !serving.progress().isAtRest();
        try {
            outcome = way.fromServer();
        } catch (ProtocolViolation e) {
            context.owner().serverViolated(this, e);
            part(LastWords.badServer(key.server(), e));
            return false;
        }
        if (wasRunning && !hold.isAsking()) {
            noteActivity(); // What a server says unasked, such as a notification, does not keep a session.
        }
        if (login.isComplete() && state == SessionState.LOGGING_IN) {
            login.letInByServer(serving);
        }
        switch (outcome) {
            case MOVED, IDLE -> {
                login.lookAtSetting(serving);
                return !isOver(); // A client that goes on after a silent login may turn out to be gone, too.
            }
            case STOPPED -> login.stopped();
            case SOURCE_ENDED -> {
                serving.connectionEnded();
                giveBack(wordsForLostServer());
            }
            case SINK_BROKEN -> leave();
        }
        return false;
    }

    private byte[] wordsForLostServer() {
        boolean explained = login.isRefused() || (traffic != null && traffic.lastWasError());
        return explained ? LastWords.NONE : LastWords.lostServer(key.server());
    }

    /** After bytes moved: ends what is to end, and waits for what comes next. */
    private void settle(Relay way) {
        if (state == SessionState.ENDING && (way.isQuiet() || way.serverTakesNothing())) {
            leave();
        } else if (shutdownAsked && state == SessionState.ACTIVE && way.isQuiet()) {
            endByShutdown();
        } else {
            updateInterest();
        }
    }

    private boolean readsFrontend() {
        return state != SessionState.ENDING && !way().serverTakesNothing() && !way().isServerSlow() && !isHeld();
    }

    /** Waits for what can happen next. */
    void updateInterest() {
        if (sendsNothingMore) {
            way().interest(false, Interest.RESET);
            return;
        }
        boolean awaitsHangUp = (state == SessionState.ENDING && endingTimer == null) || isHeld();
        boolean awaitsSetting = state == SessionState.SETTING_UP || login.isSilent() || login.isReplaying();
        way().interest(
                        readsFrontend() && !awaitsSetting,
                        awaitsHangUp || awaitsSetting ? Interest.HANGUP : Interest.NONE);
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
        if (isHeldAtRest()) {
            takeInventory(attached());
        }
        if (state == SessionState.ACTIVE || state == SessionState.LOGGING_IN) {
            settle(way());
        }
    }

    /** Whether something may happen here although the session is held, or it is not known what it has at its server. */
    public boolean isBusy() {
        return switch (state) {
            case ACTIVE -> !isReadyToLeave() && !attached().progress().isStreaming();
            case ENDING -> true;
            case LOGGING_IN -> !hold.isForLoginToo() || !attached().progress().isAtRest();
            case ACCEPTED, WAITING, CHECKING, VERIFYING, SETTING_UP -> !hold.isForLoginToo();
            case CLOSED -> false;
        };
    }

    /** Whether the session is held, nothing happens in it, and it is known what it has at its server. */
    public boolean isReadyToLeave() {
        return isHeldAtRest() && hold.isKnown();
    }

    private boolean isHeldAtRest() {
        return hold.isWanted() && state == SessionState.ACTIVE && way().isAtRest();
    }

    /** Whether the client has to wait. */
    private boolean isHeld() {
        boolean atLogin = state == SessionState.LOGGING_IN && hold.isForLoginToo();
        return isHeldAtRest() || hold.isAsking() || atLogin;
    }

    private void takeInventory(Backend serving) {
        if (traffic != null && hold.begin(serving, obstacleToMoving(serving), traffic)) {
            serving.progress().onFrontend(FrontendMessage.QUERY);
            way().tellServer(SessionInventory.query());
        }
    }

    /** Why the session could not go on elsewhere, whatever it holds; empty when it could. */
    private String obstacleToMoving(Backend serving) {
        if (key.parameters().isReplication()) {
            return "is for replication";
        }
        if (!serving.progress().isResettable()) {
            return "is in doubt";
        }
        return identity.canLogIn(serving.identity().method())
                ? ""
                : "logged in in a way that only the client can repeat";
    }

    /** Ends the session when nothing of it runs; until then lets it finish. */
    public void askToShutDown() {
        shutdownAsked = true;
        switch (state) {
            case ACCEPTED, WAITING, CHECKING, VERIFYING, SETTING_UP, LOGGING_IN -> endByShutdown();
            case ACTIVE -> contained(() -> settle(way()));
            case ENDING, CLOSED -> {}
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
        return state == SessionState.ACTIVE && backend != null && identity.isNamedBy(pid, key);
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
        context.owner().broken(this, cause);
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
        state = SessionState.CLOSED;
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
            context.owner().closed(this);
        }
    }

    /** The client is gone: gives the backend back and closes. */
    void leave() {
        if (end()) {
            told = login.refusal(); // Whoever is refused may close before the server does.
            frontend.close();
            tellClosed();
        }
    }

    /** The client is to go: sends what it has not read yet and the last words, where a message may begin, and closes. */
    void part(byte[] lastWords) {
        if (state == SessionState.ACCEPTED) {
            wordsWhenBegun = lastWords; // The client is not ours alone yet.
            return;
        }
        byte[] unread = {};
        boolean atBoundary = true;
        if (backend != null) {
            atBoundary = backend.fromServer().sinkIsAtBoundary();
            unread = backend.fromServer().takeLeftovers();
        }
        if (end()) {
            told = lastWords.length > 0 ? lastWords : login.refusal();
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            all.writeBytes(unread);
            if (atBoundary) {
                all.writeBytes(lastWords);
            }
            context.lingering().close(frontend, all.toByteArray());
            tellClosed();
        }
    }

    /** @return false when the session was over already; else the caller closes or passes on the client, and tells the owner */
    private boolean end() {
        if (state == SessionState.CLOSED) {
            return false;
        }
        login.end();
        if (endingTimer != null) {
            endingTimer.cancel();
        }
        if (idleWatch != null) {
            idleWatch.stop();
        }
        databases.end();
        identity.wipe();
        frontend.interest(Interest.NONE);
        boolean untouched = state.isBeforeBackend();
        state = SessionState.CLOSED;
        Backend used = backend;
        boolean clean = relay != null && relay.endsClean();
        backend = null;
        if (relay != null) {
            relay.drop();
        }
        if (used != null) {
            try {
                if (terms.singleUse() && !untouched) {
                    used.retire();
                }
                used.release(untouched || clean, trace.leftover());
            } catch (RuntimeException | StackOverflowError e) {
                used.abandon();
                throw e;
            }
        }
        return true;
    }

    @Override
    public void rolesChanged() {
        context.owner().rolesChanged(this);
    }

    @Override
    public void objectInUse(String words) {
        context.owner().objectInUse(this, words);
    }

    @Override
    public void answered() {
        databases.end();
    }

    /** The backend is somebody else's from now on, or of no use; the caller releases it. */
    void leaveBackend() {
        databases.end();
        backend = null;
        traffic = null;
        if (relay != null) {
            relay.drop();
            relay = null;
        }
    }

    /** The backend, which there is. */
    Backend attached() {
        if (backend == null) {
            throw new IllegalStateException("session " + id + " is " + state + " without a backend");
        }
        return backend;
    }

    private Relay way() {
        if (relay == null) {
            throw new IllegalStateException("session " + id + " is " + state + " without a relay");
        }
        return relay;
    }
}
