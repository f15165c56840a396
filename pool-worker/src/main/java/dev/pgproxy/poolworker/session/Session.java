package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.PoolKey;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendState;
import dev.pgproxy.poolworker.backend.BackendUser;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * A client and the backend that serves it. This owns the client's transport; the backend is borrowed and given back with
 * {@link Backend#release}. States and their order are in {@link SessionState}.
 */
public final class Session implements BackendUser {

    /** Who keeps the sessions of a worker. */
    public interface Owner {
        /** The login is complete. */
        void opened(Session session, Backend backend);

        /** The backend that was promised fell through; the session wants another one by {@link Session#useBackend}. */
        void needsBackend(Session session);

        /** The session is over. Called once. */
        void closed(Session session);
    }

    /** What all sessions of a worker share. */
    public record Context(
            EventLoop loop, RelayBuffers buffers, LingeringClose lingering, SecretSource secrets, Owner owner) {}

    private static final byte[] NO_LAST_WORDS = {};

    private final long id;
    private final PoolKey key;
    private final Negotiation negotiation;
    private final Transport frontend;
    private final PoolSettings settings;
    private final Context context;

    private SessionState state = SessionState.ACCEPTED;
    private @Nullable Backend backend;
    private @Nullable Pipe toServer;
    private @Nullable LoginInspector login;
    private @Nullable BackendTraffic traffic;
    private Scheduler.@Nullable Timer loginTimer;
    private Scheduler.@Nullable Timer endingTimer;
    private byte[] secret = {};
    private boolean loginComplete;
    private boolean serverTakesNothing;
    private boolean shutdownAsked;

    /** Takes over the client's transport, and leaves it alone until {@link #begin}. */
    public Session(
            long id,
            PoolKey key,
            StartupPacket.Startup startup,
            Transport frontend,
            PoolSettings settings,
            Context context) {
        this.id = id;
        this.key = key;
        this.negotiation = Negotiation.of(startup);
        this.frontend = frontend;
        this.settings = settings;
        this.context = context;
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

    /** The backend that serves this session or will; null before one was chosen and after the end. */
    public @Nullable Backend backend() {
        return backend;
    }

    /** Chooses the backend: one that is claimed or reserved for this session, or one that is about to connect. */
    public void useBackend(Backend chosen) {
        backend = chosen;
    }

    /** From now on the client is ours alone, and may be spoken to. */
    public void begin() {
        if (state != SessionState.ACCEPTED) {
            return;
        }
        state = SessionState.WAITING;
        loginTimer = context.loop()
                .scheduler()
                .afterMs(
                        settings.clientLoginTimeoutMs(),
                        () -> part(BackendMessage.fatal(
                                SqlState.QUERY_CANCELED,
                                "canceling authentication due to timeout",
                                "The login took longer than client_login_timeout.")));
        frontend.onReady(this::frontendReady);
        frontend.interest(Interest.HANGUP);
        if (backend != null && backend.state() == BackendState.IN_SESSION) {
            welcome(backend);
        }
    }

    @Override
    public void backendAvailable() {
        if (state == SessionState.WAITING && backend != null) {
            welcome(backend);
        }
    }

    @Override
    public void backendUnavailable() {
        backend = null;
        if (state == SessionState.ACCEPTED || state == SessionState.WAITING) {
            context.owner().needsBackend(this);
        }
    }

    @Override
    public void backendUnreachable(String reason) {
        backend = null;
        part(BackendMessage.fatal(
                SqlState.SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
                "could not connect to server " + key.server() + ": " + reason,
                "Check that the server runs and accepts connections from the proxy's host."));
    }

    /** Gives the client of a warm backend what a login would have given it. */
    private void welcome(Backend warm) {
        BackendTraffic inspector = new BackendTraffic(warm.identity(), warm.progress());
        traffic = inspector;
        warm.fromServer().inspectWith(inspector);
        toServer = new Pipe(context.buffers(), new FrontendTraffic(warm.progress()));
        ByteArrayOutputStream login = new ByteArrayOutputStream();
        login.writeBytes(warm.identity().negotiation());
        login.writeBytes(BackendMessage.authenticationOk());
        warm.identity().statusMessages().forEach(login::writeBytes);
        if (warm.identity().cancelKey().length > 0) {
            login.writeBytes(BackendMessage.backendKeyData(
                    warm.identity().pid(), newSecret(warm.identity().cancelKey())));
        }
        login.writeBytes(BackendMessage.readyForQueryIdle());
        becomeActive(warm);
        if (!warm.fromServer().inject(login.toByteArray(), frontend)) {
            leave();
            return;
        }
        updateInterest();
    }

    @Override
    public void backendConnected() {
        Backend fresh = attached();
        state = SessionState.LOGGING_IN;
        BackendTraffic afterLogin = new BackendTraffic(fresh.identity(), fresh.progress());
        traffic = afterLogin;
        LoginInspector inspector = new LoginInspector(fresh.identity(), negotiation, this::newSecret, () -> {
            loginComplete = true;
            fresh.fromServer().inspectWith(afterLogin);
        });
        login = inspector;
        fresh.fromServer().inspectWith(inspector);
        Pipe pipe = new Pipe(context.buffers(), new FrontendTraffic(fresh.progress()));
        toServer = pipe;
        serverTakesNothing = !pipe.inject(negotiation.serverPacket(), fresh.transport());
        updateInterest();
    }

    private byte[] newSecret(byte[] serverKey) {
        secret = context.secrets().secret(serverKey.length);
        return secret;
    }

    private void becomeActive(Backend serving) {
        state = SessionState.ACTIVE;
        stopLoginTimer();
        context.owner().opened(this, serving);
    }

    private void frontendReady(int ready) {
        if (state == SessionState.WAITING) {
            leave(); // Only a hang-up is waited for here.
            return;
        }
        Backend serving = attached();
        if (state == SessionState.ENDING && (ready & Interest.HANGUP) != 0) {
            boundEnding();
        }
        if ((ready & (Interest.WRITE | Interest.HANGUP)) != 0
                && serving.fromServer().isBlocked()
                && !serving.fromServer().flush(frontend)) {
            leave();
            return;
        }
        if ((ready & (Interest.READ | Interest.HANGUP)) != 0 && readsFrontend() && !pumpToServer(serving)) {
            return;
        }
        settle(serving);
    }

    /** The client closed behind its Terminate. It may still read, so answers go on for a while, but nobody can tell for how long. */
    private void boundEnding() {
        if (endingTimer == null) {
            endingTimer = context.loop().scheduler().afterMs(settings.serverResetTimeoutMs(), this::leave);
        }
    }

    /** @return whether the session goes on */
    private boolean pumpToServer(Backend serving) {
        boolean passwordsMayPass = state == SessionState.LOGGING_IN;
        try {
            switch (pipeToServer().pump(frontend, serving.transport())) {
                case MOVED, IDLE -> {}
                case SINK_BROKEN -> serverTakesNothing = true;
                case STOPPED -> {
                    state = SessionState.ENDING;
                    if (!serving.progress().isResettable()) {
                        leave(); // Inside COPY or an open sequence the server would wait for what never comes.
                        return false;
                    }
                }
                case SOURCE_ENDED -> {
                    leave();
                    return false;
                }
            }
        } catch (ProtocolViolation e) {
            serverTakesNothing = true; // What came before in the same read was not sent.
            part(BackendMessage.fatal(
                    e.sqlState(), e.description(), "The client does not speak PostgreSQL's protocol."));
            return false;
        } finally {
            if (passwordsMayPass) {
                context.buffers().wipe();
            }
        }
        return true;
    }

    @Override
    public void backendReady(int ready) {
        if (state == SessionState.ACCEPTED || state == SessionState.WAITING) {
            return; // A claimed backend that has something to say says it again after the welcome.
        }
        Backend serving = attached();
        if ((ready & (Interest.WRITE | Interest.HANGUP)) != 0 && pipeToServer().isBlocked()) {
            serverTakesNothing |= !pipeToServer().flush(serving.transport());
        }
        boolean reads = !serving.fromServer().isBlocked();
        if ((ready & (Interest.READ | Interest.HANGUP)) != 0 && reads && !pumpToClient(serving)) {
            return;
        }
        settle(serving);
    }

    /** @return whether the session goes on */
    private boolean pumpToClient(Backend serving) {
        Pipe.Outcome outcome;
        try {
            outcome = serving.fromServer().pump(serving.transport(), frontend);
        } catch (ProtocolViolation e) {
            part(BackendMessage.fatal(e.sqlState(), "the server sent what is no message: " + e.description(), ""));
            return false;
        }
        if (loginComplete && state == SessionState.LOGGING_IN) {
            serving.loggedIn(login != null && login.isTrusted());
            becomeActive(serving);
        }
        switch (outcome) {
            case MOVED, IDLE, STOPPED -> {
                return true;
            }
            case SOURCE_ENDED -> part(wordsForLostServer());
            case SINK_BROKEN -> leave();
        }
        return false;
    }

    private byte[] wordsForLostServer() {
        boolean explained =
                (login != null && !loginComplete) ? login.isRefused() : (traffic != null && traffic.lastWasError());
        if (explained) {
            return NO_LAST_WORDS;
        }
        return BackendMessage.fatal(
                SqlState.CONNECTION_FAILURE,
                "server " + key.server() + " closed the connection unexpectedly",
                "The server's log says why; connect again.");
    }

    /** After bytes moved: ends what is to end, and waits for what comes next. */
    private void settle(Backend serving) {
        boolean quiet = !serving.progress().isRunning()
                && !pipeToServer().isBlocked()
                && !serving.fromServer().isBlocked();
        if (state == SessionState.ENDING && (quiet || serverTakesNothing)) {
            leave();
        } else if (shutdownAsked && state == SessionState.ACTIVE && quiet) {
            endByShutdown();
        } else {
            updateInterest();
        }
    }

    private boolean readsFrontend() {
        return state != SessionState.ENDING
                && !serverTakesNothing
                && !pipeToServer().isBlocked();
    }

    private void updateInterest() {
        Backend serving = attached();
        boolean clientBlocked = serving.fromServer().isBlocked();
        boolean awaitsHangUp = state == SessionState.ENDING && endingTimer == null;
        frontend.interest((readsFrontend() ? Interest.READ : 0)
                | (clientBlocked ? Interest.WRITE : 0)
                | (awaitsHangUp ? Interest.HANGUP : 0));
        boolean serverBlocked = pipeToServer().isBlocked() && !serverTakesNothing;
        serving.transport().interest((clientBlocked ? 0 : Interest.READ) | (serverBlocked ? Interest.WRITE : 0));
    }

    /** Ends the session when nothing of it runs; until then lets it finish. */
    public void askToShutDown() {
        shutdownAsked = true;
        switch (state) {
            case ACCEPTED, WAITING, LOGGING_IN -> endByShutdown();
            case ACTIVE -> settle(attached());
            case ENDING, CLOSED -> {}
        }
    }

    /** Ends the session now, with a word about why where that can be said. */
    public void endByShutdown() {
        part(BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection due to administrator command",
                "The proxy is being stopped; connect again."));
    }

    /** Whether a CancelRequest with this pid and secret is for the query of this session. */
    public boolean isCancelledBy(int pid, byte[] key) {
        return state == SessionState.ACTIVE
                && backend != null
                && secret.length > 0
                && backend.identity().pid() == pid
                && MessageDigest.isEqual(secret, key);
    }

    /** The client is gone: gives the backend back and closes. */
    private void leave() {
        if (end()) {
            frontend.close();
        }
    }

    /** The client is to go: sends what it has not read yet and the last words, where a message may begin, and closes. */
    private void part(byte[] lastWords) {
        byte[] unread = {};
        boolean atBoundary = true;
        if (backend != null) {
            atBoundary = backend.fromServer().sinkIsAtBoundary();
            unread = backend.fromServer().takeLeftovers();
        }
        if (end()) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            all.writeBytes(unread);
            if (atBoundary) {
                all.writeBytes(lastWords);
            }
            context.lingering().close(frontend, all.toByteArray());
        }
    }

    private boolean end() {
        if (state == SessionState.CLOSED) {
            return false;
        }
        stopLoginTimer();
        if (endingTimer != null) {
            endingTimer.cancel();
        }
        frontend.interest(Interest.NONE);
        boolean wasWaiting = state == SessionState.ACCEPTED || state == SessionState.WAITING;
        state = SessionState.CLOSED;
        Backend used = backend;
        Pipe pipe = toServer;
        boolean clean = pipe != null && !pipe.isBlocked() && pipe.atBoundary() && !serverTakesNothing;
        backend = null;
        if (pipe != null) {
            pipe.drop();
        }
        if (used != null) {
            if (wasWaiting && used.isResetting()) {
                used.unreserve();
            } else {
                used.release(clean || (wasWaiting && used.state() == BackendState.IN_SESSION));
            }
        }
        context.owner().closed(this);
        return true;
    }

    private void stopLoginTimer() {
        if (loginTimer != null) {
            loginTimer.cancel();
            loginTimer = null;
        }
    }

    private Backend attached() {
        if (backend == null) {
            throw new IllegalStateException("session " + id + " is " + state + " without a backend");
        }
        return backend;
    }

    private Pipe pipeToServer() {
        if (toServer == null) {
            throw new IllegalStateException("session " + id + " is " + state + " without a pipe");
        }
        return toServer;
    }
}
