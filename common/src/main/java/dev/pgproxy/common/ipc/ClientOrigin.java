package dev.pgproxy.common.ipc;

import dev.pgproxy.common.peer.Peer;

/**
 * Where a client comes from.
 *
 * @param waitedMs how long it waited for its place
 */
public record ClientOrigin(Peer peer, long waitedMs) {}
