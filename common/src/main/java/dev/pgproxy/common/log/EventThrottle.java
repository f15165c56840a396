package dev.pgproxy.common.log;

import java.util.concurrent.TimeUnit;

/** Bounds how often one kind of event is logged that strangers can bring about: a full disk is what some of them want. Not thread-safe. */
public final class EventThrottle {

    /** Lines of the kind in a period; the rest is counted. */
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

    /** Lines that were left out since this was last asked. */
    long takeSuppressed() {
        long count = suppressed;
        suppressed = 0;
        return count;
    }
}
