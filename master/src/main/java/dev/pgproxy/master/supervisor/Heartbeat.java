package dev.pgproxy.master.supervisor;

/**
 * The pings of one child, and for how long one has gone unanswered. Only time counts in which the master was at work itself: after a pause of
 * the whole host, in which everybody was stopped, nobody can have answered.
 */
final class Heartbeat {

    /** More periods than these between two looks, and the master was stopped itself meanwhile. */
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

    /** An answer came to the ping of this number. */
    void answered(long toSequence) {
        unanswered &= toSequence != sequence;
    }

    /** Another process fills the slot. */
    void reset() {
        unanswered = false;
    }

    /**
     * Time has passed.
     *
     * @param elapsedNs since the last look
     * @param periodNs between two looks, as planned
     * @return for how long the last ping is unanswered
     */
    long passed(long elapsedNs, long periodNs) {
        unansweredNs += Math.min(elapsedNs, MOST_PERIODS * periodNs);
        return unansweredNs;
    }
}
