package dev.pgproxy.master.admin;

import java.util.concurrent.TimeUnit;

/**
 * Keeps those out for a while who may only look at pg_proxy, when a statement of theirs has cost operators their sessions: else one of
 * them could keep every operator out. Each time it is twice as long, until nothing of the kind was seen for a while.
 */
final class ReaderBar {

    private static final long FIRST_NS = TimeUnit.MINUTES.toNanos(1);
    private static final long MOST_NS = TimeUnit.HOURS.toNanos(1);

    private long barNs;
    private long untilNs;

    /**
     * A statement of a reader could not be stopped.
     *
     * @return how long readers are kept out from now on, in milliseconds
     */
    long ranAway(long nowNs) {
        boolean isFirst = barNs == 0 || nowNs - untilNs > MOST_NS;
        barNs = isFirst ? FIRST_NS : Math.min(MOST_NS, 2 * barNs);
        untilNs = nowNs + barNs;
        return waitMs(nowNs);
    }

    /** How long readers are still kept out, in milliseconds. */
    long waitMs(long nowNs) {
        return barNs == 0 ? 0 : Math.max(0, TimeUnit.NANOSECONDS.toMillis(untilNs - nowNs));
    }
}
