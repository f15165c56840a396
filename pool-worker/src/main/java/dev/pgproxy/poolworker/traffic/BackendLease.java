package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.relay.MessageInspector;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.Tally;
import java.util.Collection;

/**
 * A backend at work for a client: the pipes between the two in both directions, and the inspectors of what passes. A session takes one
 * when bytes are to move, and gives it back when nothing is under way: all that must outlast it is kept by the session and the backend.
 */
public final class BackendLease {

    private static final MessageInspector NOBODY_READS = new UnleasedInspector();

    private final Transport frontend;
    private final Backend backend;
    private final Pipe toServer;
    private final Tally tally;
    private final BackendTraffic traffic;
    private boolean serverTakesNothing;

    /**
     * @param toServer a new pipe; the way back is the backend's own
     * @param tally counts the bytes
     * @param traffic inspects what the server sends once the login is complete
     */
    public BackendLease(Transport frontend, Backend backend, Pipe toServer, Tally tally, BackendTraffic traffic) {
        this.frontend = frontend;
        this.backend = backend;
        this.toServer = toServer;
        this.tally = tally;
        this.traffic = traffic;
    }

    public Backend backend() {
        return backend;
    }

    public BackendTraffic traffic() {
        return traffic;
    }

    /** From its next message on, what the server sends is the session's. */
    public void inspect() {
        backend.fromServer().inspectWith(traffic);
    }

    /** Sends the server a message of the proxy's own, after all that it was sent before. */
    public void tellServer(byte[] message) {
        serverTakesNothing |= !toServer.inject(message, backend.transport());
    }

    /**
     * Sends the client a message that it has had before, if one may begin here.
     *
     * @return false when it is gone
     */
    public boolean tellClientAgain(Collection<byte[]> messages) {
        Pipe toClient = backend.fromServer();
        byte[] first = messages.isEmpty() ? new byte[0] : messages.iterator().next();
        return first.length == 0
                || !toClient.sinkIsAtBoundary()
                || toClient.isBlocked()
                || toClient.inject(first, frontend);
    }

    /** Whether the connection is broken toward the server; what the server sent before may still arrive. */
    public boolean serverTakesNothing() {
        return serverTakesNothing;
    }

    /** Whether the server has yet to read what is waiting for it. */
    public boolean isServerSlow() {
        return toServer.isBlocked();
    }

    /** Whether the client has yet to read what is waiting for it. */
    public boolean isClientSlow() {
        return backend.fromServer().isBlocked();
    }

    /**
     * Reads once from the client, for the server.
     *
     * @throws ProtocolViolation when the client's bytes are not valid messages
     */
    public Pipe.Outcome fromClient() throws ProtocolViolation {
        try {
            Pipe.Outcome outcome = toServer.pump(frontend, backend.transport());
            serverTakesNothing |= outcome == Pipe.Outcome.SINK_BROKEN;
            return outcome;
        } catch (ProtocolViolation e) {
            serverTakesNothing = true; // Nothing of the client's can follow.
            throw e;
        } finally {
            tally.fromClient(toServer.takeReadBytes());
        }
    }

    /**
     * Reads once from the server, for the client.
     *
     * @throws ProtocolViolation when the server's bytes are not valid messages
     */
    Pipe.Outcome fromServer() throws ProtocolViolation {
        try {
            return backend.fromServer().pump(backend.transport(), frontend);
        } catch (ProtocolViolation e) {
            backend.progress().doubt(); // It is unknown where its next message begins.
            throw e;
        } finally {
            tally.fromServer(backend.fromServer().takeReadBytes());
        }
    }

    /**
     * Sends the client what it has not read yet.
     *
     * @return false when it is gone
     */
    public boolean flushToClient() {
        return !isClientSlow() || backend.fromServer().flush(frontend);
    }

    /** Sends the server what it has not read yet. */
    void flushToServer() {
        serverTakesNothing |= !toServer.flush(backend.transport());
    }

    /** Whether nothing runs, and nothing is on its way. */
    public boolean isQuiet() {
        return !backend.progress().isRunning() && !isServerSlow() && !isClientSlow();
    }

    /** Whether nothing runs, nothing is on its way, not even half a message, and no transaction is open. */
    public boolean isAtRest() {
        return backend.progress().isAtRest()
                && !backend.progress().isInTransaction()
                && !isServerSlow()
                && toServer.atBoundary()
                && !isClientSlow();
    }

    /** Whether the session loses nothing when this is given back: the two are at rest, and the connection is as good as before. */
    public boolean isOver() {
        return isAtRest() && !serverTakesNothing && !traffic.lastWasError() && backend.isFit();
    }

    /** Gives the backend back to its session, which reads from it only with another lease. */
    public void end() {
        backend.fromServer().inspectWith(NOBODY_READS);
    }

    /** Whether the server has taken everything that it was sent, up to the end of a message. */
    public boolean endsClean() {
        return !isServerSlow() && toServer.atBoundary() && !serverTakesNothing;
    }

    /**
     * Waits for what can happen next.
     *
     * @param readsClient whether the client is read from
     * @param end how to notice that the client is gone even when it is not read from: {@link Interest#HANGUP}, {@link
     *     Interest#RESET} or not at all
     */
    public void interest(boolean readsClient, int end) {
        boolean clientSlow = isClientSlow();
        frontend.interest((readsClient ? Interest.READ : 0) | (clientSlow ? Interest.WRITE : 0) | end);
        boolean awaitsServer = isServerSlow() && !serverTakesNothing;
        backend.transport().interest((clientSlow ? 0 : Interest.READ) | (awaitsServer ? Interest.WRITE : 0));
    }

    /** Discards what the server has not read. */
    public void drop() {
        toServer.drop();
    }
}
