package dev.pgproxy.common.loop;

import org.jspecify.annotations.Nullable;

/** A timer that is started again and again, and runs one task at most: a new start takes the place of the one before. */
public final class Deadline {

    private final Scheduler scheduler;
    private Scheduler.@Nullable Timer timer;

    public Deadline(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** Runs the task after this many milliseconds, and what was to run before it not at all. */
    public void start(long delayMs, Runnable task) {
        stop();
        timer = scheduler.afterMs(delayMs, task);
    }

    /** Nothing runs any more. */
    public void stop() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }
}
