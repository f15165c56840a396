package dev.pgproxy.master.accept;

import dev.pgproxy.common.protocol.StartupParameters;

/**
 * What a client costs the master in memory, in bytes, from its first packet to the end of its session. How much its packet has is the
 * client's to choose, so clients are counted by this as well as by their number.
 */
public final class ClientWeight {

    /** Objects, timers, registrations and entries in maps. */
    private static final int FIXED_BYTES = 1_024;
    /** The packet on its way in, what it says, and the key of its pool. */
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
