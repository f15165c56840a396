package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.relay.Pipe;

/** A phase of a session in which a backend is at work for the client. */
public abstract class RelayPhase {

    private static final byte[] NOTHING = {};

    private final RelayHost relayHost;

    protected RelayPhase(RelayHost relayHost) {
        this.relayHost = relayHost;
    }

    /** The backend at work. */
    protected abstract BackendLease lease();

    /** The backend's connection is readable or writable. */
    public final void backendReady(int ready) {
        BackendLease lease = lease();
        if ((ready & (Interest.WRITE | Interest.HANGUP)) != 0) {
            lease.flushToServer();
        }
        if ((ready & (Interest.READ | Interest.HANGUP)) != 0 && !lease.isClientSlow() && !readServer(lease)) {
            return;
        }
        relayHost.settle();
    }

    /** @return whether the session continues */
    private boolean readServer(BackendLease lease) {
        boolean wasRunning = !lease.backend().progress().isAtRest();
        Pipe.Outcome outcome;
        try {
            outcome = lease.fromServer();
        } catch (ProtocolViolation e) {
            relayHost.serverViolated(e);
            return false;
        }
        serverWasRead(wasRunning);
        return relayHost.serverSaid(outcome);
    }

    /**
     * The server was read from; the session may be in another phase afterwards.
     *
     * @param wasRunning whether it owed an answer
     */
    protected abstract void serverWasRead(boolean wasRunning);

    /**
     * The outcome of reading from the server.
     *
     * @return whether the session continues
     */
    public final boolean serverSaid(Pipe.Outcome outcome) {
        switch (outcome) {
            case MOVED, IDLE -> {
                serverMoved();
                return !relayHost.isOver(); // A client may turn out to be gone after a silent login.
            }
            case STOPPED -> serverStopped();
            case SOURCE_ENDED -> {
                BackendLease lease = lease();
                lease.backend().connectionEnded();
                relayHost.giveBack(
                        isExplained() || lease.traffic().lastWasError()
                                ? NOTHING
                                : LastWords.lostServer(lease.backend().key().server()));
            }
            case SINK_BROKEN -> relayHost.leave();
        }
        return false;
    }

    /** Some of what the server sent has passed, or there was nothing to read. */
    protected abstract void serverMoved();

    /** The server has sent something that must not reach the client. */
    protected abstract void serverStopped();

    /** Whether the client knows already why the server ends the connection. */
    protected abstract boolean isExplained();
}
