package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import dev.pgproxy.poolworker.traffic.BackendLease;
import dev.pgproxy.poolworker.traffic.LastWords;
import dev.pgproxy.poolworker.traffic.RelayPhase;
import dev.pgproxy.poolworker.traffic.SessionState;
import org.jspecify.annotations.Nullable;

/** The server decides about the client on a new backend; the client takes part, or notices nothing when the proxy logs in for it. */
public final class ServerLogin extends RelayPhase implements LoginPhase {

    private static final byte[] NOTHING = {};

    private final BackendLease lease;

    /** What happens to the server's messages: they are inspected and passed on, withheld until they matter, or never shown. */
    private final LoginInspector inspector;

    private final @Nullable LoginGate gate;
    private final @Nullable SilentLogin silent;
    private final @Nullable Replay replay;
    private final boolean isProved;
    private final RelayBuffers buffers;
    private final LoginHost host;
    private final LoginRequests requests;
    private final LoginSteps steps;

    /**
     * Nothing is sent to the server before {@link #start}.
     *
     * @param inspector inspects all that the server sends until it has let the client in
     * @param evidence of the client's identity, when it was asked before
     */
    ServerLogin(
            BackendLease lease,
            LoginInspector inspector,
            Evidence evidence,
            RelayBuffers buffers,
            LoginHost host,
            LoginRequests requests,
            LoginSteps steps) {
        super(host);
        this.lease = lease;
        this.inspector = inspector;
        this.silent = evidence.isSilent() ? new SilentLogin(inspector) : null;
        this.gate = evidence.isNone() ? new LoginGate(inspector) : null;
        this.isProved = evidence.proof() != null;
        this.replay = evidence.replay();
        this.buffers = buffers;
        this.host = host;
        this.requests = requests;
        this.steps = steps;
    }

    @Override
    protected BackendLease lease() {
        return lease;
    }

    /** @param packet the StartupMessage for the server */
    void start(byte[] packet) {
        lease.backend().fromServer().inspectWith(silent != null ? silent : gate != null ? gate : inspector);
        lease.tellServer(packet);
        awaitNext();
    }

    @Override
    public SessionState state() {
        return SessionState.LOGGING_IN;
    }

    @Override
    public void frontendReady(int ready) {
        boolean isHangUp = (ready & Interest.HANGUP) != 0;
        if (silent != null || (isHangUp && host.isLoginHeld())) {
            host.leave(); // What it has sent is for its session.
            return;
        }
        if ((ready & (Interest.WRITE | Interest.HANGUP)) != 0 && !lease.flushToClient()) {
            host.leave();
            return;
        }
        if ((ready & (Interest.READ | Interest.HANGUP)) != 0 && readsClient() && !readClient()) {
            return;
        }
        host.settle();
    }

    /** @return whether the session continues */
    private boolean readClient() {
        try {
            switch (lease.fromClient()) {
                case MOVED, IDLE, SINK_BROKEN -> { // What a server sent before it stopped reading is still to arrive.
                    return true;
                }
                case STOPPED, SOURCE_ENDED -> host.leave();
            }
        } catch (ProtocolViolation e) {
            host.part(LastWords.badClient(e));
        } finally {
            buffers.wipe(); // A password may have passed.
        }
        return false;
    }

    private boolean readsClient() {
        return !lease.serverTakesNothing() && !lease.isServerSlow() && !host.isLoginHeld();
    }

    @Override
    public void awaitNext() {
        boolean awaitsServer = silent != null || (replay != null && replay.isLeft());
        lease.interest(
                readsClient() && !awaitsServer, awaitsServer || host.isLoginHeld() ? Interest.HANGUP : Interest.NONE);
    }

    @Override
    protected void serverWasRead(boolean wasRunning) {
        if (inspector.isComplete()) {
            steps.letIn(lease);
        }
    }

    @Override
    protected void serverMoved() {
        // Until the login is complete there is nothing to do.
    }

    @Override
    protected void serverStopped() {
        if (silent == null) {
            host.giveBack(gate == null ? NOTHING : gate.turnedAway());
        } else if (silent.turnedAway().length > 0) {
            // The client has proved its identity, and has noticed nothing: it waits for a place if there can be one.
            if (isProved && silent.isFull() && requests.canGivePlaces()) {
                steps.wantRoom(silent.turnedAway());
            } else {
                host.giveBack(silent.turnedAway());
            }
        } else if (isProved) {
            // The proxy was wrong about the server's method or about the password: next time, client and server talk to
            // each other directly.
            requests.roleDoubted(silent.isAboutLogin());
            host.part(
                    silent.refusal().length > 0
                            ? silent.refusal()
                            : LastWords.askedAnew(lease.backend().key().server(), silent.problem()));
        } else {
            host.part(LastWords.notMoved(lease.backend().key().server(), silent.problem()));
        }
    }

    @Override
    protected boolean isExplained() {
        return silent == null && !inspector.isComplete() && inspector.isRefused();
    }

    @Override
    public void lostWhileIdle(Backend claimed) {
        throw new IllegalStateException("the backend is at work already");
    }

    @Override
    public boolean isAtRest() {
        return lease.backend().progress().isAtRest();
    }

    @Override
    public boolean hasSpoken() {
        return gate != null && gate.isOpen();
    }

    @Override
    public byte[] refusal() {
        return silent == null ? inspector.refusal() : NOTHING;
    }

    /** If the server has refused the client, after asking it, for lack of room: at least the next one shall find some. */
    @Override
    public void end() {
        if (SqlState.TOO_MANY_CONNECTIONS.equals(BackendMessage.sqlState(refusal()))) {
            requests.serverFull(refusal());
        }
    }
}
