package dev.pgproxy.common.loop;

import org.jspecify.annotations.Nullable;

/** A timer that can be restarted, with one pending task at most: a new start replaces the one before. */
public final class Deadline {

    private final Scheduler scheduler;
    private Scheduler.@Nullable Timer timer;

    public Deadline(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** Runs the task after this many milliseconds, in place of a pending one. */
    public void start(long delayMs, Runnable task) {
        stop();
        timer = scheduler.afterMs(delayMs, task);
    }

    /** Cancels the pending task. */
    public void stop() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }
}
