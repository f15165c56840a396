package dev.pgproxy.master.accept;

import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.StartupPacket;

/**
 * A client whose startup packet was read. The holder of this owns the connection.
 *
 * @param sessionId unique in the life of the master, and larger than those of all earlier clients
 * @param startupMs how long its startup packet took to arrive
 */
public record Client(
        long sessionId, ClientConnection connection, Peer peer, StartupPacket.Startup startup, long startupMs) {}
