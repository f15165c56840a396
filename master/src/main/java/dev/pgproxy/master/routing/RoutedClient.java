package dev.pgproxy.master.routing;

import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.master.accept.Client;
import org.jspecify.annotations.Nullable;

/**
 * A client on its way to a worker. It owns the connection: as a transport while the client waits and may leave, as a bare
 * descriptor from the hand-over until the worker has acknowledged it.
 */
final class RoutedClient {

    private static final long NS_PER_MS = 1_000_000L;

    private final Client client;
    private final PoolKey key;
    private final long sinceNs;
    private @Nullable SocketTransport transport;
    private @Nullable OwnedFd fd;
    private Scheduler.@Nullable Timer waitTimer;

    /** @param sinceNs when it came */
    RoutedClient(Client client, PoolKey key, long sinceNs) {
        this.sinceNs = sinceNs;
        this.client = client;
        this.key = key;
        this.transport = client.transport();
    }

    long id() {
        return client.id();
    }

    Client client() {
        return client;
    }

    PoolKey key() {
        return key;
    }

    WaitingClient describe(String waitsFor) {
        return new WaitingClient(id(), client.peer(), client.startup().parameters(), key, sinceNs, waitsFor);
    }

    ClientOrigin origin(long nowNs) {
        return new ClientOrigin(
                client.peer().getAddress().getHostAddress(), client.peer().getPort(), (nowNs - sinceNs) / NS_PER_MS);
    }

    /** The connection as one that can be watched and written to. */
    SocketTransport transport(EpollPoller poller) {
        SocketTransport open = transport;
        if (open == null) {
            if (fd == null) {
                throw new IllegalStateException("client " + id() + " was handed over");
            }
            open = new SocketTransport(fd, poller);
            transport = open;
            fd = null;
        }
        return open;
    }

    /** The descriptor, for a worker; still owned here. */
    OwnedFd descriptor() {
        OwnedFd open = fd;
        if (open == null) {
            if (transport == null) {
                throw new IllegalStateException("client " + id() + " was handed over");
            }
            open = transport.release();
            fd = open;
            transport = null;
        }
        return open;
    }

    void startTimer(Scheduler.Timer timer) {
        waitTimer = timer;
    }

    void stopTimer() {
        if (waitTimer != null) {
            waitTimer.cancel();
            waitTimer = null;
        }
    }

    /** The worker owns the connection now: closes the copy kept here. */
    void handedOver() {
        if (fd != null) {
            fd.close();
            fd = null;
        }
    }
}
