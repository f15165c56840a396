package dev.pgproxy.master.routing;

import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupParameters;

/**
 * A client that no worker has yet, for an operator to see.
 *
 * @param state {@link #WAITING} or {@link #IDLE}
 * @param sinceNs when that state began, by the loop's clock
 * @param waitsFor what it waits for, in words
 */
public record WaitingClient(
        long id, Peer peer, StartupParameters parameters, PoolKey key, String state, long sinceNs, String waitsFor) {

    /** It waits for a place. */
    public static final String WAITING = "waiting";

    /** It has a session and sends nothing. */
    public static final String IDLE = "idle";
}
