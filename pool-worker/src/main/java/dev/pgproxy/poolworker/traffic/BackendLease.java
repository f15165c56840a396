package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.Tally;
import java.util.Collection;

/**
 * A backend at work for a client: the way between the two in both directions, and who looks at what passes. A session has one from when its
 * backend is used until it is given back.
 */
public final class BackendLease {

    private final Transport frontend;
    private final Backend backend;
    private final Pipe toServer;
    private final Tally tally;
    private final BackendTraffic traffic;
    private boolean serverTakesNothing;

    /**
     * @param toServer new; the way back is the backend's own
     * @param tally counts the bytes
     * @param traffic what is to look at what the server says from the login on
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

    /** From the next message of the server on, it passes as the session's. */
    public void inspect() {
        backend.fromServer().inspectWith(traffic);
    }

    /** Sends the server a message of the proxy's own, behind all that it was sent before. */
    public void tellServer(byte[] message) {
        serverTakesNothing |= !toServer.inject(message, backend.transport());
    }

    /**
     * Sends the client a message that it had before, where one may begin.
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

    /** Whether the server has broken the connection in the direction to it; what it has said before may still come. */
    public boolean serverTakesNothing() {
        return serverTakesNothing;
    }

    /** Whether the server has not read yet what is there for it. */
    public boolean isServerSlow() {
        return toServer.isBlocked();
    }

    /** Whether the client has not read yet what is there for it. */
    public boolean isClientSlow() {
        return backend.fromServer().isBlocked();
    }

    /**
     * Reads once from the client, for the server.
     *
     * @throws ProtocolViolation when the client's bytes are no messages
     */
    public Pipe.Outcome fromClient() throws ProtocolViolation {
        try {
            Pipe.Outcome outcome = toServer.pump(frontend, backend.transport());
            serverTakesNothing |= outcome == Pipe.Outcome.SINK_BROKEN;
            return outcome;
        } catch (ProtocolViolation e) {
            serverTakesNothing = true; // What came before in the same read was not sent.
            throw e;
        } finally {
            tally.fromClient(toServer.takeReadBytes());
        }
    }

    /**
     * Reads once from the server, for the client.
     *
     * @throws ProtocolViolation when the server's bytes are no messages
     */
    Pipe.Outcome fromServer() throws ProtocolViolation {
        try {
            return backend.fromServer().pump(backend.transport(), frontend);
        } catch (ProtocolViolation e) {
            backend.progress().doubt(); // Where its next message begins nobody knows.
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

    /** Whether the server has got whole messages, all of them. */
    public boolean endsClean() {
        return !isServerSlow() && toServer.atBoundary() && !serverTakesNothing;
    }

    /**
     * Waits for what can happen next.
     *
     * @param readsClient whether what the client says is for now
     * @param end how it is to be noticed that the client is gone although it is not read from: {@link Interest#HANGUP}, {@link
     *     Interest#RESET} or not at all
     */
    public void interest(boolean readsClient, int end) {
        boolean clientSlow = isClientSlow();
        frontend.interest((readsClient ? Interest.READ : 0) | (clientSlow ? Interest.WRITE : 0) | end);
        boolean awaitsServer = isServerSlow() && !serverTakesNothing;
        backend.transport().interest((clientSlow ? 0 : Interest.READ) | (awaitsServer ? Interest.WRITE : 0));
    }

    /** Gives up what the server has not read. */
    public void drop() {
        toServer.drop();
    }
}
