package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.login.SessionIdentity;
import dev.pgproxy.poolworker.moving.SessionHold;
import dev.pgproxy.poolworker.moving.SessionInventory;
import dev.pgproxy.poolworker.traffic.BackendLease;
import dev.pgproxy.poolworker.traffic.LastWords;
import dev.pgproxy.poolworker.traffic.RelayPhase;
import dev.pgproxy.poolworker.traffic.SessionState;
import org.jspecify.annotations.Nullable;

/**
 * The client is in: bytes are relayed until either side ends or the session continues elsewhere. The lease of the backend is taken when
 * bytes move, and taken back after a while at rest; so an idle session is this and its backend, and has nothing to undo when it leaves.
 */
final class Active extends RelayPhase implements SessionPhase {

    private static final byte[] NOTHING = {};

    private final ServerSide serverSide;
    private final Backend backend;
    private final EventLoop loop;
    private final SessionHold hold;
    private final ActiveHost host;
    private final boolean isIdleExempt;
    private final boolean isReplication;
    private final SessionIdentity identity;
    private @Nullable IdleWatch idleWatch;
    private Scheduler.@Nullable Timer endingTimer;
    private long serverResetTimeoutMs;
    private boolean ending;
    private boolean sendsNothingMore;

    /**
     * @param isIdleExempt whether the client may idle outside a transaction without limit
     * @param isReplication whether it is a replication connection, which no other server could continue
     */
    Active(
            ServerSide serverSide,
            Backend backend,
            EventLoop loop,
            SessionHold hold,
            SessionIdentity identity,
            boolean isIdleExempt,
            boolean isReplication,
            PoolSettings settings,
            ActiveHost host) {
        super(host);
        this.serverSide = serverSide;
        this.backend = backend;
        this.loop = loop;
        this.hold = hold;
        this.host = host;
        this.isIdleExempt = isIdleExempt;
        this.isReplication = isReplication;
        this.identity = identity;
        this.serverResetTimeoutMs = settings.serverResetTimeoutMs();
        watchIdling(settings, loop.clock().nanoTime());
    }

    @Override
    public void configure(PoolSettings settings) {
        serverResetTimeoutMs = settings.serverResetTimeoutMs();
        IdleWatch before = idleWatch;
        long lastActiveNs = before == null ? loop.clock().nanoTime() : before.activeNs();
        if (before != null) {
            before.stop();
            idleWatch = null;
        }
        if (!ending) {
            watchIdling(settings, lastActiveNs);
        }
    }

    private void watchIdling(PoolSettings settings, long lastActiveNs) {
        long idleMs = isIdleExempt ? 0 : settings.idleSessionTimeoutMs();
        if (idleMs > 0 || settings.idleTransactionTimeoutMs() > 0) {
            idleWatch = new IdleWatch(
                    loop,
                    idleMs,
                    settings.idleTransactionTimeoutMs(),
                    backend.progress(),
                    lastActiveNs,
                    words -> host.contained(() -> host.part(words)));
        }
    }

    private void noteActivity() {
        if (idleWatch != null) {
            idleWatch.active();
        }
    }

    /** Takes one if the session has been at rest for a while. */
    @Override
    protected BackendLease lease() {
        BackendLease taken = serverSide.lease();
        return taken == null ? host.takeLease() : taken;
    }

    @Override
    public SessionState state() {
        return ending ? SessionState.ENDING : SessionState.ACTIVE;
    }

    @Override
    public void frontendReady(int ready) {
        boolean isHangUp = (ready & Interest.HANGUP) != 0;
        if (isHangUp && (sendsNothingMore || isHeld())) {
            host.leave();
            return;
        }
        if (isHangUp && ending) {
            boundEnding();
        }
        if ((ready & (Interest.WRITE | Interest.HANGUP)) != 0 && !lease().flushToClient()) {
            host.leave();
            return;
        }
        if ((ready & (Interest.READ | Interest.HANGUP)) != 0 && readsClient() && !readClient()) {
            return;
        }
        host.settle();
    }

    /** The client closed after its Terminate. It may or may not still read, so it gets answers for a limited time only. */
    private void boundEnding() {
        if (endingTimer == null) {
            endingTimer = loop.scheduler().afterMs(serverResetTimeoutMs, () -> host.contained(host::leave));
        }
    }

    /** @return whether the session continues */
    private boolean readClient() {
        try {
            switch (lease().fromClient()) {
                case MOVED -> noteActivity();
                case IDLE, SINK_BROKEN -> {} // What a server sent before it stopped reading is still to arrive.
                case STOPPED -> {
                    ending = true;
                    if (!backend.progress().isResettable()) {
                        host.leave(); // Inside COPY or an open sequence the server would wait for ever.
                        return false;
                    }
                }
                case SOURCE_ENDED -> {
                    if (!mayStillRead()) {
                        host.leave();
                        return false;
                    }
                }
            }
        } catch (ProtocolViolation e) {
            host.part(LastWords.badClient(e));
            return false;
        }
        return true;
    }

    /**
     * The client sends nothing more. It has closed its connection, or only its sending side, and then still waits for the server's answers.
     * To tell which, it is sent a message that it knows already: if the client is gone, its kernel answers with a reset.
     *
     * @return whether the session continues until everything is answered
     */
    private boolean mayStillRead() {
        if (ending || lease().isQuiet() || backend.progress().awaitsClient() || !lease().endsClean()) {
            return false;
        }
        ending = true;
        sendsNothingMore = true;
        return lease().tellClientAgain(backend.identity().statusMessages());
    }

    @Override
    protected void serverWasRead(boolean wasRunning) {
        if (wasRunning && !hold.isAsking()) {
            noteActivity(); // What a server sends unasked, such as a notification, keeps no session alive.
        }
    }

    @Override
    protected void serverMoved() {
        // It has passed.
    }

    @Override
    protected void serverStopped() {
        host.part(NOTHING);
    }

    @Override
    protected boolean isExplained() {
        return false;
    }

    @Override
    public void settle() {
        if (ending && (lease().isQuiet() || lease().serverTakesNothing())) {
            host.leave();
        } else if (!ending && host.isShutdownAsked() && lease().isQuiet()) {
            host.part(LastWords.shutdown());
        } else {
            awaitNext();
        }
    }

    private void awaitNext() {
        if (sendsNothingMore) {
            lease().interest(false, Interest.RESET);
            return;
        }
        boolean awaitsHangUp = (ending && endingTimer == null) || isHeld();
        lease().interest(readsClient(), awaitsHangUp ? Interest.HANGUP : Interest.NONE);
        if (!ending) {
            serverSide.rest();
        }
    }

    private boolean readsClient() {
        return !ending && !lease().serverTakesNothing() && !lease().isServerSlow() && !isHeld();
    }

    /** Whether the client has to wait. */
    private boolean isHeld() {
        return isHeldAtRest() || hold.isAsking();
    }

    private boolean isHeldAtRest() {
        BackendLease taken = serverSide.lease();
        return hold.isWanted() && !ending && (taken == null || taken.isAtRest());
    }

    @Override
    public boolean isReadyToLeave() {
        return isHeldAtRest() && hold.isKnown();
    }

    @Override
    public boolean isBusy() {
        return ending || (!isReadyToLeave() && !backend.progress().isStreaming());
    }

    /** Takes nothing more from the client once its transaction is over, or continues. */
    @Override
    public void holdChanged() {
        if (isHeldAtRest() && hold.begin(backend, obstacleToMoving(), lease().traffic())) {
            backend.progress().onFrontend(FrontendMessage.QUERY);
            lease().tellServer(SessionInventory.query());
        }
        if (!ending) {
            host.settle();
        }
    }

    /** Why the session could not continue elsewhere, whatever state it has; empty when it could. */
    private String obstacleToMoving() {
        if (isReplication) {
            return "is for replication";
        }
        if (!backend.progress().isResettable()) {
            return "is in doubt";
        }
        return identity.canLogIn(backend.identity().method())
                ? ""
                : "logged in with a method that only the client can repeat";
    }

    @Override
    public void shutdownAsked() {
        settle();
    }

    @Override
    public boolean postpones(byte[] lastWords) {
        return false;
    }

    @Override
    public boolean isUnheard() {
        return false;
    }

    @Override
    public byte[] refusal() {
        return NOTHING;
    }

    @Override
    public void end() {
        if (endingTimer != null) {
            endingTimer.cancel();
        }
        if (idleWatch != null) {
            idleWatch.stop();
        }
    }
}
