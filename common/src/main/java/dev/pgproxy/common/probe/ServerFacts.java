package dev.pgproxy.common.probe;

/**
 * What a server reports about itself.
 *
 * @param inRecovery whether it is a standby
 * @param systemId what all servers that were copied from one another have in common
 * @param timeline that it writes, or that its WAL receiver receives
 * @param writtenLsn byte position up to which it has WAL: written by a primary, received by a standby
 * @param replayedLsn byte position up to which it shows data
 * @param lagSeconds age of the last transaction that a standby has replayed; 0 when it has replayed all that it has
 *     received, negative when unknown
 * @param receiver the state of a standby's WAL receiver
 * @param topology where it stands among the others
 */
public record ServerFacts(
        boolean inRecovery,
        long systemId,
        int timeline,
        long writtenLsn,
        long replayedLsn,
        double lagSeconds,
        WalReceiver receiver,
        Topology topology) {

    private static final int HALF_BITS = 32;
    private static final long LOW_HALF = 0xffff_ffffL;

    /**
     * A standby's link to the server that it follows.
     *
     * @param streaming whether it is connected
     * @param silentMs time since it last heard from that server
     * @param longestSilenceMs longest silence of a server that is alive, since the receiver asks it to answer; 0 when it does not ask
     */
    public record WalReceiver(boolean streaming, long silentMs, long longestSilenceMs) {

        /** Time for an answer to arrive, on top of the time after which it is asked for. */
        private static final long MARGIN_MS = 2_000;

        /** No receiver, or one that is not connected. */
        public static final WalReceiver DOWN = new WalReceiver(false, 0, 0);

        /** Whether the server that it follows is alive, as far as the standby can tell. */
        public boolean hearsItsServer() {
            return streaming && (longestSilenceMs == 0 || silentMs <= longestSilenceMs + MARGIN_MS);
        }
    }

    /** A byte position as PostgreSQL writes it. */
    public static String lsn(long bytes) {
        return Long.toHexString(bytes >>> HALF_BITS).toUpperCase(java.util.Locale.ROOT)
                + "/"
                + Long.toHexString(bytes & LOW_HALF).toUpperCase(java.util.Locale.ROOT);
    }
}
