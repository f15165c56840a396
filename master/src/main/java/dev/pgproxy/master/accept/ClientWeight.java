package dev.pgproxy.master.accept;

import dev.pgproxy.common.protocol.StartupParameters;

/**
 * What a client costs the master in memory, in bytes, from its first packet to the end of its session. The client chooses the length of
 * its packet, so the master limits this cost as well as the number of clients.
 */
public final class ClientWeight {

    /** Objects, timers, registrations and entries in maps. */
    private static final int FIXED_BYTES = 1_024;
    /** The packet as received, its parameters, and the pool key. */
    private static final int COPIES = 3;

    private ClientWeight() {}

    /** Of a client whose packet has this length. */
    public static int of(int packetBytes) {
        return FIXED_BYTES + COPIES * packetBytes;
    }

    /** Of a client with these parameters. */
    public static int of(StartupParameters parameters) {
        return of(parameters.bytes());
    }
}
