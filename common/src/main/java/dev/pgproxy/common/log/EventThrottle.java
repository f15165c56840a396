package dev.pgproxy.common.log;

import java.util.concurrent.TimeUnit;

/** Limits how often an event that strangers can cause is logged: some of them want to fill the disk. Not thread-safe. */
public final class EventThrottle {

    /** Lines per period; the rest are counted. */
    static final int MAX_LINES = 10;

    static final long PERIOD_NS = TimeUnit.SECONDS.toNanos(10);

    private boolean begun;
    private long periodNs;
    private int lines;
    private long suppressed;

    /** Whether one more line may be logged now. */
    boolean allows(long nowNs) {
        if (!begun || nowNs - periodNs >= PERIOD_NS) {
            begun = true;
            periodNs = nowNs;
            lines = 0;
        }
        if (lines >= MAX_LINES) {
            suppressed++;
            return false;
        }
        lines++;
        return true;
    }

    /** Lines that were suppressed since the last call. */
    long takeSuppressed() {
        long count = suppressed;
        suppressed = 0;
        return count;
    }
}
