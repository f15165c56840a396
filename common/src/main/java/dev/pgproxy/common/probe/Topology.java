package dev.pgproxy.common.probe;

import java.util.Collections;
import java.util.List;

/**
 * Where a server stands among the others, and what it keeps for one that has to rejoin.
 *
 * @param addresses {@code ip:port} that its name resolved to; none when that is not known
 * @param upstream {@code host:port} that a standby receives WAL from, in the standby's own words; empty when there
 *     is none, or it is not shown
 * @param upstreamAddresses {@code ip:port} of its upstream; none when they mean something else on this host
 * @param namedAddresses the same for all servers that its primary_conninfo names
 * @param rewindable whether pg_rewind could work on it: data checksums, or {@code wal_log_hints}
 * @param keepsWal whether it keeps WAL beyond its last checkpoint, or archives it
 * @param lostSlots replication slots whose WAL is gone, or will be at the next checkpoint
 */
public record Topology(
        List<String> addresses,
        String upstream,
        List<String> upstreamAddresses,
        List<String> namedAddresses,
        boolean rewindable,
        boolean keepsWal,
        List<String> lostSlots) {

    /** Whether a standby receives WAL from this server; false when that is not known. */
    public boolean receivesFrom(Topology server) {
        return !Collections.disjoint(upstreamAddresses, server.addresses);
    }

    /** Whether a standby may connect to this server, by its primary_conninfo; true when that is not known. */
    public boolean names(Topology server) {
        return namedAddresses.isEmpty()
                || server.addresses.isEmpty()
                || !Collections.disjoint(namedAddresses, server.addresses);
    }
}
