package dev.pgproxy.master.supervisor;

/**
 * The pings of one child, and how long the last one has gone unanswered. Only time in which the master itself was running counts: while
 * the whole host was suspended, no child could answer.
 */
final class Heartbeat {

    /** If more periods than these pass between two checks, the master itself was stopped meanwhile. */
    private static final int MOST_PERIODS = 2;

    private long sequence;
    private boolean unanswered;
    private long unansweredNs;

    /** Whether the next ping is due: the last one was answered. */
    boolean isDue() {
        return !unanswered;
    }

    /** A ping is sent now. @return its number */
    long send() {
        unanswered = true;
        unansweredNs = 0;
        return ++sequence;
    }

    /** The ping with this number was answered. */
    void answered(long toSequence) {
        unanswered &= toSequence != sequence;
    }

    /** A new process fills the slot. */
    void reset() {
        unanswered = false;
    }

    /**
     * Counts the time that has passed.
     *
     * @param elapsedNs since the last check
     * @param periodNs planned between two checks
     * @return how long the last ping has been unanswered
     */
    long passed(long elapsedNs, long periodNs) {
        unansweredNs += Math.min(elapsedNs, MOST_PERIODS * periodNs);
        return unansweredNs;
    }
}
