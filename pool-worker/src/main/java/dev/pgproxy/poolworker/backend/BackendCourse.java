package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.loop.Deadline;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.io.IOException;

/** Tracks where a backend is in its life, and takes the actions that {@link BackendLifecycle} decides on. */
final class BackendCourse {

    /** Cancels that may be under way for one session; further ones are answered as if there were no such session. */
    private static final int MAX_CANCELS_IN_FLIGHT = 16;

    /** Notified of what happens on the way. */
    interface Listener {
        /** A reset has begun. */
        void resetting();

        /** The backend waits for its next user. */
        void parked();

        /** The backend's query should be cancelled. */
        void cancelQuery();

        /** The server still has to end its side. */
        void closing();

        /** See {@link Backend.Owner#notAsNew}. */
        void notAsNew(String why);

        /** A step failed for an unforeseen reason. */
        void broken(Throwable cause);

        /** The connection is closed. */
        void closed();
    }

    private final PoolKey key;
    private final BackendContext context;
    private final BackendConnection connection;
    private final Upkeep upkeep;
    private final ServerIdentity identity;
    private final Listener listener;
    private final BackendAge age;
    private final Deadline timer;
    private PoolSettings settings;
    private BackendState state = BackendState.CONNECTING;
    private long uses;
    private boolean loginCanBeRepeated;
    private boolean unwanted;
    private boolean ended;
    private boolean sentCleanly = true;
    private int cancelsInFlight;

    /** @param lifetimeMs age from which it is not reused */
    BackendCourse(
            PoolKey key,
            PoolSettings settings,
            long lifetimeMs,
            BackendContext context,
            BackendConnection connection,
            Upkeep upkeep,
            ServerIdentity identity,
            Listener listener) {
        this.key = key;
        this.settings = settings;
        this.context = context;
        this.connection = connection;
        this.upkeep = upkeep;
        this.identity = identity;
        this.listener = listener;
        this.age = new BackendAge(context.loop().clock(), lifetimeMs);
        this.timer = new Deadline(context.loop().scheduler());
    }

    BackendState state() {
        return state;
    }

    BackendAge age() {
        return age;
    }

    long uses() {
        return uses;
    }

    void configure(PoolSettings newSettings, long newLifetimeMs) {
        settings = newSettings;
        age.lifetimeMs(newLifetimeMs);
        if (state == BackendState.IDLE) {
            startIdleTimer();
        }
    }

    boolean isResetting() {
        return state == BackendState.ROLLING_BACK || state == BackendState.DISCARDING;
    }

    /** Whether another client may use it later. */
    boolean isReusable() {
        return loginCanBeRepeated
                && !unwanted
                && !age.isOver()
                && !key.parameters().isReplication();
    }

    /** The connection is being opened; starts its time limit. */
    void connecting(Runnable tooLong) {
        timer.start(settings.serverConnectTimeoutMs(), () -> contained(tooLong));
    }

    void connected() {
        timer.stop();
        handle(BackendLifecycle.Event.CONNECTED);
    }

    void loggedIn(boolean canBeRepeated) {
        loginCanBeRepeated = canBeRepeated;
        handle(BackendLifecycle.Event.LOGGED_IN);
    }

    void claimed() {
        timer.stop();
        handle(BackendLifecycle.Event.CLAIMED);
        upkeep.claimed();
    }

    /** The server has ended the connection, or it broke. */
    void serverEnded() {
        ended = true;
    }

    /** @param clean whether no message to the server is half sent */
    void clientLeaves(boolean clean) {
        // In the middle of a login the server expects no Terminate.
        sentCleanly = clean && state == BackendState.IN_SESSION;
        if (state == BackendState.IN_SESSION) {
            upkeep.clientLeft(connection.transport());
        }
    }

    void clientLeft() {
        handle(BackendLifecycle.Event.FRONTEND_LEFT);
    }

    /** No other client may have it. */
    void unwanted() {
        unwanted = true;
    }

    /** Closes it now if it is idle, else as soon as its session is over. */
    void retire() {
        unwanted = true;
        if (state == BackendState.IDLE) {
            fail();
        }
    }

    /** It is of no further use. */
    void fail() {
        handle(BackendLifecycle.Event.FAILED);
    }

    /** Closes it at once, whatever it is in the middle of. */
    void abandon() {
        sentCleanly = false;
        handle(BackendLifecycle.Event.ABANDONED);
    }

    /** @return false when too many cancels are under way */
    boolean cancelStarted() {
        if (cancelsInFlight >= MAX_CANCELS_IN_FLIGHT) {
            return false;
        }
        cancelsInFlight++;
        return true;
    }

    void cancelFinished(boolean certain) {
        unwanted |= !certain;
        if (cancelsInFlight > 0 && --cancelsInFlight == 0 && state == BackendState.DRAINING) {
            handle(BackendLifecycle.Event.CANCEL_FINISHED);
        }
    }

    /** Takes a step that involves no session. A fault that the server provokes costs this connection and no other. */
    void contained(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | StackOverflowError e) {
            listener.broken(e);
        }
    }

    /** The connection is readable or writable, and no client has the backend. */
    void serverReady() {
        if (state == BackendState.CLOSING) {
            if (upkeep.fromServer().discard(connection.transport()) == Pipe.Outcome.SOURCE_ENDED) {
                handle(BackendLifecycle.Event.LOST);
            }
            return;
        }
        try {
            upkeep.flush(connection.transport());
            switch (upkeep.read(connection.transport())) {
                case NOTHING -> {}
                case END -> handle(BackendLifecycle.Event.LOST);
                case VIOLATION -> {
                    tellWhyNotAsNew();
                    fail();
                }
                case ANSWER -> {
                    // Bytes after the answer to a reset belong to nothing that was asked.
                    boolean inDoubt = isResetting() && !upkeep.fromServer().atBoundary();
                    handle(inDoubt ? BackendLifecycle.Event.FAILED : BackendLifecycle.Event.READY);
                }
            }
        } catch (IOException e) {
            handle(BackendLifecycle.Event.LOST);
        } catch (ProtocolViolation e) {
            fail();
        }
    }

    private void tellWhyNotAsNew() {
        if (isResetting() && !upkeep.leftover().isEmpty()) {
            listener.notAsNew(upkeep.leftover());
        }
    }

    private void resetTimedOut() {
        upkeep.timedOut();
        fail();
    }

    private void handle(BackendLifecycle.Event event) {
        QueryProgress progress = upkeep.progress();
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
            age.stateChanged();
            uses += state == BackendState.IN_SESSION ? 1 : 0;
        }
        if (!wasResetting && isResetting()) {
            listener.resetting();
        }
        for (BackendLifecycle.Action action : step.actions()) {
            perform(action);
        }
    }

    private void perform(BackendLifecycle.Action action) {
        if (state == BackendState.CLOSED && action != BackendLifecycle.Action.CLOSE) {
            return; // An earlier action of the same step failed.
        }
        switch (action) {
            case START_RESET_TIMER ->
                timer.start(settings.serverResetTimeoutMs(), () -> contained(this::resetTimedOut));
            case CANCEL_QUERY -> cancelQuery();
            case SEND_ROLLBACK, SEND_DISCARD_ALL -> reset(action);
            case PARK -> park();
            case PART -> part();
            case CLOSE -> close();
        }
    }

    private void cancelQuery() {
        if (identity.cancelKey().length > 0 && cancelStarted()) {
            listener.cancelQuery();
        }
    }

    private void reset(BackendLifecycle.Action action) {
        try {
            if (action == BackendLifecycle.Action.SEND_ROLLBACK) {
                upkeep.rollBack(connection.transport());
            } else {
                upkeep.discardAll(
                        context.parameters()
                                .question(key, context.loop().clock().nanoTime()),
                        connection.transport());
            }
        } catch (IOException e) {
            handle(BackendLifecycle.Event.LOST);
        }
    }

    private void park() {
        age.idleSessionTimeoutMs(upkeep.idleSessionTimeoutMs());
        upkeep.expectSilence();
        startIdleTimer();
        listener.parked();
    }

    private void startIdleTimer() {
        timer.start(age.idleLeftMs(settings), () -> contained(this::retire));
    }

    private void part() {
        timer.start(settings.serverResetTimeoutMs(), () -> contained(this::fail));
        upkeep.fromServer().drop();
        if (sentCleanly) {
            upkeep.sayGoodbye(connection.transport());
        }
        connection.transport().shutdownOutput();
        connection.transport().interest(Interest.READ);
        listener.closing();
    }

    private void close() {
        timer.stop();
        connection.close();
        upkeep.fromServer().drop();
        listener.closed();
    }
}
