package dev.pgproxy.master.routing;

import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupParameters;
import java.net.InetSocketAddress;

/**
 * A client that no worker has yet, for an operator to see.
 *
 * @param sinceNs when it came, by the loop's clock
 * @param waitsFor what it waits for, in words
 */
public record WaitingClient(
        long id, InetSocketAddress peer, StartupParameters parameters, PoolKey key, long sinceNs, String waitsFor) {}
