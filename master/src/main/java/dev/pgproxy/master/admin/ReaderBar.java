package dev.pgproxy.master.admin;

import java.util.concurrent.TimeUnit;

/**
 * Keeps readers of pg_proxy out for a while after a reader's statement has cost operators their sessions: otherwise one reader could
 * keep every operator out. The time doubles, up to a bound, until it has not happened for a while.
 */
final class ReaderBar {

    private static final long FIRST_NS = TimeUnit.MINUTES.toNanos(1);
    private static final long MOST_NS = TimeUnit.HOURS.toNanos(1);

    private long barNs;
    private long untilNs;

    /**
     * A statement of a reader could not be stopped.
     *
     * @return how long readers are kept out, in milliseconds
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
