package dev.pgproxy.master;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.master.accept.PendingStartups;
import dev.pgproxy.master.failover.Background;
import dev.pgproxy.master.failover.StateStore;
import dev.pgproxy.master.routing.OwnUser;
import dev.pgproxy.master.supervisor.Processes;
import java.io.IOException;
import java.time.InstantSource;

/** The host that the master runs on: everything outside the master that it needs, except its loop. */
public interface Host {

    /** The process id of the master. */
    int pid();

    /** The user that runs the master. */
    OwnUser user();

    InstantSource wallClock();

    Processes processes();

    StateStore stateStore();

    Background background();

    /** Wraps a client's connection that a worker has given back. */
    ClientConnection connection(Descriptor descriptor);

    /**
     * Starts to accept clients, and passes their connections to the master.
     *
     * @throws IOException when an address of {@code listen} cannot be bound
     */
    void listen(ProxyConfig config, PendingStartups startups) throws IOException;

    /** A new configuration is in force. */
    void configure(ProxyConfig config);

    /** Accepts no more clients. */
    void stopListening();

    /** The first pool-worker is ready: clients are served. */
    void serving();
}
