package dev.pgproxy.common.loop;

import java.util.Comparator;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** Timers of one event loop, earliest first. Cancelling removes a timer at once, so that it keeps nothing alive. */
public final class Scheduler {

    /** A task that has not run yet; {@link #cancel} is idempotent and does nothing after it ran. */
    public final class Timer {
        private final long deadlineNs;
        private final long sequence;
        private final Runnable task;

        private Timer(long deadlineNs, long sequence, Runnable task) {
            this.deadlineNs = deadlineNs;
            this.sequence = sequence;
            this.task = task;
        }

        public void cancel() {
            timers.remove(this);
        }
    }

    private final Clock clock;
    // nanoTime may wrap, so deadlines are compared by difference; they lie far less than 292 years apart.
    private final TreeSet<Timer> timers =
            new TreeSet<>(Comparator.<Timer>comparingLong(timer -> timer.deadlineNs - origin())
                    .thenComparingLong(t -> t.sequence));
    private final long originNs;
    private long nextSequence;

    Scheduler(Clock clock) {
        this.clock = clock;
        this.originNs = clock.nanoTime();
    }

    private long origin() {
        return originNs;
    }

    /** Runs the task once on the loop's thread, not before this many milliseconds have passed. */
    public Timer afterMs(long delayMs, Runnable task) {
        Timer timer = new Timer(clock.nanoTime() + TimeUnit.MILLISECONDS.toNanos(delayMs), nextSequence++, task);
        timers.add(timer);
        return timer;
    }

    /** Runs the task at this interval in milliseconds, counted from the end of one run to the start of the next, for the life of the loop. */
    public void everyMs(long periodMs, Runnable task) {
        afterMs(periodMs, () -> {
            task.run();
            everyMs(periodMs, task);
        });
    }

    /** @return nanoseconds until the next timer is due, 0 when one is due now, -1 when there is none */
    long untilNextNs(long nowNs) {
        return timers.isEmpty() ? -1 : Math.max(0, timers.first().deadlineNs - nowNs);
    }

    /**
     * Runs what is due now; timers set by these tasks wait for the next round, even when already due.
     *
     * @return how late the latest of them was, in nanoseconds
     */
    long runDue(long nowNs) {
        long longestDelayNs = 0;
        long newSequences = nextSequence;
        while (!timers.isEmpty()) {
            Timer timer = timers.first();
            if (timer.deadlineNs - nowNs > 0 || timer.sequence >= newSequences) {
                break;
            }
            timers.remove(timer);
            longestDelayNs = Math.max(longestDelayNs, nowNs - timer.deadlineNs);
            timer.task.run();
        }
        return longestDelayNs;
    }
}
