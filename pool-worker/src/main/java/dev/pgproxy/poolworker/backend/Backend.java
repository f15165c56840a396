package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.relay.DiscardingTransport;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a server, which this owns from the attempt to connect until it is closed. While a session uses it, the
 * session reads and writes; in between this does, as {@link BackendLifecycle} decides.
 */
public final class Backend {

    /** Cancels that may be under way for one session; more are told that there is no such session. */
    private static final int MAX_CANCELS_IN_FLIGHT = 16;

    private static final long NS_PER_MS = 1_000_000L;
    private static final byte[] ROLLBACK = FrontendMessage.query("ROLLBACK");
    private static final byte[] DISCARD_ALL = FrontendMessage.query("DISCARD ALL");
    private static final Transport NOWHERE = new DiscardingTransport();

    /** Who keeps the pool, and is told of what changes for it. */
    public interface Owner {
        /** A reset has begun; the backend will be idle soon. */
        void resetting(Backend backend);

        /** The backend waits for its next user. */
        void idle(Backend backend);

        /** What the backend runs is not wanted any more: asks for a cancel, of which {@link #cancelFinished} tells the end. */
        void cancelQuery(Backend backend);

        /** The backend was given up, and the server has still to end its side. */
        void closing(Backend backend);

        /** No connection could be made. */
        void unreachable(Backend backend, String reason);

        /**
         * The former client has left behind what no reset undoes, or nobody can tell; the backend is closed.
         *
         * @param why what it "has", or what its role did, for the log
         */
        void notAsNew(Backend backend, String why);

        /** The connection cannot go on, for a reason that nobody thought of, and is closed. */
        void broken(Backend backend, Throwable cause);

        /** The connection is closed. Called once, at the end of every life. */
        void gone(Backend backend);
    }

    private final long id;
    private final PoolKey key;
    private PoolSettings settings;
    private final EventLoop loop;
    private final CustomParameters parameters;
    private final Owner owner;
    private final ServerIdentity identity = new ServerIdentity();
    private final long createdNs;
    private long lifetimeMs;
    private long stateSinceNs;
    private long idleSessionTimeoutMs;
    private long uses;

    private BackendState state = BackendState.CONNECTING;
    private QueryProgress progress = new QueryProgress();
    private HousekeepingInspector housekeeping = new HousekeepingInspector(identity, progress);
    private Pipe fromServer;
    private @Nullable BackendUser user;
    private Connector.@Nullable Attempt attempt;
    private @Nullable Transport transport;
    private @Nullable ServerAddress peer;
    private Scheduler.@Nullable Timer timer;
    private ByteBuffer unsent = ByteBuffer.allocate(0);
    private boolean loginCanBeRepeated;
    private boolean unwanted;
    private boolean ended;
    private boolean sentCleanly = true;
    private int cancelsInFlight;

    /**
     * Nothing is opened before {@link #connect}.
     *
     * @param lifetimeMs age at which it is not used again
     * @param parameters what is known of those that functions set
     */
    public Backend(
            long id,
            PoolKey key,
            PoolSettings settings,
            long lifetimeMs,
            EventLoop loop,
            RelayBuffers buffers,
            CustomParameters parameters,
            Owner owner) {
        this.id = id;
        this.key = key;
        this.settings = settings;
        this.loop = loop;
        this.parameters = parameters;
        this.owner = owner;
        this.lifetimeMs = lifetimeMs;
        this.createdNs = loop.clock().nanoTime();
        this.stateSinceNs = createdNs;
        this.fromServer = new Pipe(buffers, housekeeping);
    }

    public long id() {
        return id;
    }

    public PoolKey key() {
        return key;
    }

    public BackendState state() {
        return state;
    }

    public ServerIdentity identity() {
        return identity;
    }

    /** When the connection was begun. */
    public long createdNs() {
        return createdNs;
    }

    /** When the backend came into its state. */
    public long stateSinceNs() {
        return stateSinceNs;
    }

    /** How many clients have had it. */
    public long uses() {
        return uses;
    }

    /** Whether the server counts the time that this waited for its user as idleness of the user's session, which it may end for it. */
    public boolean isTimedByServer() {
        return idleSessionTimeoutMs > 0;
    }

    /** Whether the connection stands. */
    public boolean isConnected() {
        return transport != null;
    }

    /**
     * Other settings are in force from now on.
     *
     * @param newLifetimeMs age at which it is not used again
     */
    public void configure(PoolSettings newSettings, long newLifetimeMs) {
        settings = newSettings;
        lifetimeMs = newLifetimeMs;
        if (state == BackendState.IDLE) {
            stopTimer();
            startIdleTimer();
        }
    }

    /** What the server sends, on its way to the client. */
    public Pipe fromServer() {
        return fromServer;
    }

    public QueryProgress progress() {
        return progress;
    }

    /** The session that uses this backend or waits for it; null when there is none. */
    public @Nullable BackendUser user() {
        return user;
    }

    /**
     * The connection.
     *
     * @throws IllegalStateException before it stands or after it was closed
     */
    public Transport transport() {
        if (transport == null) {
            throw new IllegalStateException("backend " + id + " is " + state);
        }
        return transport;
    }

    /** The address that the server's name led to when this connection was made. */
    public ServerAddress peer() {
        return peer == null ? key.server() : peer;
    }

    /** Opens the connection for its first user. */
    public void connect(Connector connector, BackendUser firstUser) {
        user = firstUser;
        timer = loop.scheduler()
                .afterMs(
                        settings.serverConnectTimeoutMs(),
                        () -> contained(
                                () -> unreachable("no answer within " + settings.serverConnectTimeoutMs() + " ms")));
        attempt = connector.connect(key.server(), settings.tuning(), new Connector.Handler() {
            @Override
            public void connected(Transport connected, ServerAddress address) {
                stopTimer();
                attempt = null;
                transport = connected;
                peer = address;
                connected.onReady(Backend.this::ready);
                handle(BackendLifecycle.Event.CONNECTED);
                firstUser.backendConnected();
            }

            @Override
            public void failed(String reason) {
                attempt = null;
                contained(() -> unreachable(reason));
            }
        });
    }

    private void unreachable(String reason) {
        @Nullable BackendUser waiting = user;
        user = null;
        handle(BackendLifecycle.Event.FAILED);
        owner.unreachable(this, reason);
        if (waiting != null) {
            waiting.backendUnreachable(reason);
        }
    }

    /**
     * The login is complete.
     *
     * @param canBeRepeated whether the next client of this key can be let in, or refused, without the server
     */
    public void loggedIn(boolean canBeRepeated) {
        loginCanBeRepeated = canBeRepeated;
        handle(BackendLifecycle.Event.LOGGED_IN);
    }

    /** Books a backend in reset for a session, which is told when it is ready. */
    public void reserve(BackendUser next) {
        user = next;
    }

    /** The server has ended the connection, or it broke; whoever reads from it noticed. */
    public void connectionEnded() {
        ended = true;
    }

    /** Gives the idle backend to a session. */
    public void claim(BackendUser next) {
        stopTimer();
        user = next;
        handle(BackendLifecycle.Event.CLAIMED);
        progress = new QueryProgress();
    }

    /**
     * Reads what the server says to nobody, between the claim and the welcome of the client.
     *
     * @return false when the backend is not as good as new any more; it must be given up then
     */
    public boolean isStillAsNew() {
        if (fromServer.isBlocked()) {
            return true; // Nobody can look while the way is taken by what the client was asked.
        }
        try {
            boolean over = fromServer.pump(transport(), NOWHERE) == Pipe.Outcome.SOURCE_ENDED;
            ended |= over;
            return !over && !housekeeping.isViolated() && isFit();
        } catch (ProtocolViolation e) {
            return false;
        }
    }

    /** Closes the backend, which the session that claimed it cannot use; the session is told when its place is free. */
    public void giveUp() {
        handle(BackendLifecycle.Event.FAILED);
    }

    /**
     * The session is over, or waits for this backend no longer. Makes a backend that it used ready for another one, or closes it.
     *
     * @param clean nothing half sent is on its way to the server
     * @param leftover what the client has done there that no reset undoes; empty for nothing
     */
    public void release(boolean clean, String leftover) {
        user = null;
        if (isResetting()) {
            owner.resetting(this); // It was only booked, and somebody else may have it.
            return;
        }
        if (state == BackendState.CLOSING) {
            return;
        }
        // In the middle of a login the server expects no Terminate.
        sentCleanly = clean && state == BackendState.IN_SESSION;
        if (state == BackendState.IN_SESSION) {
            fromServer.drop();
            housekeeping = new HousekeepingInspector(identity, progress);
            fromServer.inspectWith(housekeeping);
            transport().interest(Interest.READ);
        }
        if (!leftover.isEmpty()) {
            if (isReusable()) {
                owner.notAsNew(this, leftover);
            }
            unwanted = true;
        }
        handle(BackendLifecycle.Event.FRONTEND_LEFT);
    }

    /** Whether a client could take over: nothing half received is in the way. */
    public boolean isFit() {
        return fromServer.atBoundary();
    }

    /** Closes the backend now if it is idle, else as soon as its session is over. */
    public void retire() {
        unwanted = true;
        if (state == BackendState.IDLE) {
            handle(BackendLifecycle.Event.FAILED);
        }
    }

    /** Closes the connection at once, whatever it is in the middle of. A session that waits for it is told. */
    public void abandon() {
        sentCleanly = false;
        handle(BackendLifecycle.Event.ABANDONED);
    }

    /**
     * Notes a cancel on its way to the server.
     *
     * @return false when too many are
     */
    public boolean cancelStarted() {
        if (cancelsInFlight >= MAX_CANCELS_IN_FLIGHT) {
            return false;
        }
        cancelsInFlight++;
        return true;
    }

    /** A cancel is over. When that is not certain, a late signal could hit the next user, so there will be none. */
    public void cancelFinished(boolean certain) {
        unwanted |= !certain;
        if (cancelsInFlight > 0 && --cancelsInFlight == 0 && state == BackendState.DRAINING) {
            handle(BackendLifecycle.Event.CANCEL_FINISHED);
        }
    }

    /** Whether a cancel for this backend's session is on its way. */
    public boolean isCancelInFlight() {
        return cancelsInFlight > 0;
    }

    private void ready(int ready) {
        if (state == BackendState.LOGGING_IN || state == BackendState.IN_SESSION) {
            BackendUser served = user;
            if (served == null) {
                broken(new IllegalStateException("backend " + id + " is " + state + " without a session"));
            } else {
                served.backendReady(ready);
            }
            return;
        }
        contained(this::keepHouse);
    }

    /** Takes a step in which no session has a part. Whatever the server has brought about costs this connection, and no other. */
    private void contained(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | StackOverflowError e) {
            broken(e);
        }
    }

    private void broken(Throwable cause) {
        owner.broken(this, cause);
        abandon();
    }

    private void keepHouse() {
        if (state == BackendState.CLOSING) {
            if (fromServer.discard(transport()) == Pipe.Outcome.SOURCE_ENDED) {
                handle(BackendLifecycle.Event.LOST);
            }
            return;
        }
        if (unsent.hasRemaining()) {
            sendRest();
            if (state == BackendState.CLOSED) {
                return;
            }
        }
        try {
            Pipe.Outcome outcome = fromServer.pump(transport(), NOWHERE);
            if (outcome == Pipe.Outcome.SOURCE_ENDED) {
                handle(BackendLifecycle.Event.LOST);
            } else if (housekeeping.isViolated()) {
                tellWhyNotAsNew();
                handle(BackendLifecycle.Event.FAILED);
            } else if (housekeeping.takeReady()) {
                // Bytes behind the answer to a reset belong to nothing that was asked.
                boolean inDoubt = isResetting() && !isFit();
                handle(inDoubt ? BackendLifecycle.Event.FAILED : BackendLifecycle.Event.READY);
            }
        } catch (ProtocolViolation e) {
            handle(BackendLifecycle.Event.FAILED);
        }
    }

    private void tellWhyNotAsNew() {
        if (isResetting() && !housekeeping.leftover().isEmpty()) {
            owner.notAsNew(this, housekeeping.leftover());
        }
    }

    private void resetTimedOut() {
        housekeeping.timedOut();
        fail();
    }

    private void fail() {
        handle(BackendLifecycle.Event.FAILED);
    }

    private void handle(BackendLifecycle.Event event) {
        BackendLifecycle.Facts facts = new BackendLifecycle.Facts(
                isReusable(),
                sentCleanly && progress.isResettable(),
                progress.isRunning(),
                progress.mayBeRunning(),
                ended,
                progress.isInTransaction(),
                cancelsInFlight > 0);
        BackendLifecycle.Step step = BackendLifecycle.next(state, event, facts);
        boolean wasResetting = isResetting();
        if (state != step.state()) {
            state = step.state();
            stateSinceNs = loop.clock().nanoTime();
            uses += state == BackendState.IN_SESSION ? 1 : 0;
        }
        if (!wasResetting && isResetting()) {
            owner.resetting(this);
        }
        for (BackendLifecycle.Action action : step.actions()) {
            perform(action);
        }
    }

    /** Whether no client has the backend or waits for it, and some client may have it later. */
    public boolean isUnused() {
        return user == null && (state == BackendState.IDLE || state == BackendState.DRAINING || isResetting());
    }

    /** Whether the backend is being made ready and a session may wait for it. */
    public boolean isResetting() {
        return state == BackendState.ROLLING_BACK || state == BackendState.DISCARDING;
    }

    private boolean isReusable() {
        return loginCanBeRepeated
                && !unwanted
                && remainingLifeMs() > 0
                && !key.parameters().isReplication();
    }

    private long remainingLifeMs() {
        return lifetimeMs - (loop.clock().nanoTime() - createdNs) / NS_PER_MS;
    }

    private void perform(BackendLifecycle.Action action) {
        if (state == BackendState.CLOSED && action != BackendLifecycle.Action.CLOSE) {
            return; // an earlier action of the same step failed
        }
        switch (action) {
            case START_RESET_TIMER -> {
                stopTimer();
                timer = loop.scheduler().afterMs(settings.serverResetTimeoutMs(), () -> contained(this::resetTimedOut));
            }
            case CANCEL_QUERY -> cancelQuery();
            case SEND_ROLLBACK -> {
                housekeeping.expect("ROLLBACK");
                sendQueries(ROLLBACK);
            }
            case SEND_DISCARD_ALL -> {
                housekeeping.expect("DISCARD ALL", FreshnessCheck.TAG);
                CustomParameters.Question question =
                        parameters.question(key, loop.clock().nanoTime());
                housekeeping.ask(question);
                sendQueries(DISCARD_ALL, question.query());
            }
            case PARK -> park();
            case PART -> part();
            case CLOSE -> close();
        }
    }

    private void cancelQuery() {
        if (identity.cancelKey().length > 0 && cancelStarted()) {
            owner.cancelQuery(this);
        }
    }

    private void sendQueries(byte[]... queries) {
        unsent = ByteBuffer.allocateDirect(
                Arrays.stream(queries).mapToInt(query -> query.length).sum());
        for (byte[] query : queries) {
            progress.onFrontend(FrontendMessage.QUERY);
            unsent.put(query);
        }
        unsent.flip();
        sendRest();
    }

    private void sendRest() {
        try {
            transport().write(unsent);
            transport().interest(unsent.hasRemaining() ? Interest.READ | Interest.WRITE : Interest.READ);
        } catch (IOException e) {
            handle(BackendLifecycle.Event.LOST);
        }
    }

    private void park() {
        stopTimer();
        idleSessionTimeoutMs = housekeeping.idleSessionTimeoutMs();
        housekeeping = new HousekeepingInspector(identity, progress);
        housekeeping.expectSilence();
        fromServer.inspectWith(housekeeping);
        startIdleTimer();
        @Nullable BackendUser waiting = user;
        if (waiting == null) {
            owner.idle(this);
        } else {
            claim(waiting);
            waiting.backendAvailable();
        }
    }

    private void startIdleTimer() {
        long idleMs = (loop.clock().nanoTime() - stateSinceNs) / NS_PER_MS;
        long mostMs = idleSessionTimeoutMs == 0
                ? settings.idleTimeoutMs()
                : Math.min(
                        settings.idleTimeoutMs(), idleSessionTimeoutMs / 2); // Later it may end under a client's hands.
        long leftMs = Math.min(mostMs - idleMs, remainingLifeMs());
        timer = loop.scheduler().afterMs(Math.max(1, leftMs), () -> contained(this::retire));
    }

    private void part() {
        stopTimer();
        timer = loop.scheduler().afterMs(settings.serverResetTimeoutMs(), () -> contained(this::fail));
        fromServer.drop();
        sayGoodbye();
        transport().shutdownOutput();
        transport().interest(Interest.READ);
        owner.closing(this);
    }

    private void close() {
        stopTimer();
        if (attempt != null) {
            attempt.cancel();
            attempt = null;
        }
        if (transport != null) {
            transport.close();
            transport = null;
        }
        fromServer.drop();
        @Nullable BackendUser left = user;
        user = null;
        owner.gone(this);
        if (left != null) {
            left.backendUnavailable();
        }
    }

    /** Spares the server's log a complaint; whether it arrives does not matter. */
    private void sayGoodbye() {
        if (!sentCleanly || unsent.hasRemaining()) {
            return;
        }
        try {
            byte[] terminate = FrontendMessage.terminate();
            transport()
                    .write(ByteBuffer.allocateDirect(terminate.length)
                            .put(terminate)
                            .flip());
        } catch (IOException e) {
            // The server is gone: nobody is left to say it to.
            return;
        }
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }
}
