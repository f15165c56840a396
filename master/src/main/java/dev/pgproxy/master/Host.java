package dev.pgproxy.master;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.master.accept.PendingStartups;
import dev.pgproxy.master.failover.Background;
import dev.pgproxy.master.failover.StateStore;
import dev.pgproxy.master.supervisor.Processes;
import java.io.IOException;
import java.time.InstantSource;

/** The host that the master runs on: everything that it needs of the outside but its loop. */
public interface Host {

    /** The process id of the master. */
    int pid();

    InstantSource wallClock();

    Processes processes();

    StateStore stateStore();

    Background background();

    /** Makes a connection that a worker has given back part of this process. */
    ClientConnection connection(Descriptor descriptor);

    /**
     * Brings the master the connections of clients, from now on.
     *
     * @throws IOException when an address of {@code listen} cannot be had
     */
    void listen(ProxyConfig config, PendingStartups startups) throws IOException;

    /** Another configuration is in force. */
    void configure(ProxyConfig config);

    /** Brings no more clients. */
    void stopListening();

    /** The first pool-worker is ready: clients are served. */
    void serving();
}
