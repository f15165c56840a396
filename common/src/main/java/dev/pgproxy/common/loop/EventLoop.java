package dev.pgproxy.common.loop;

import java.util.ArrayDeque;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Runs everything of a process on one thread, so that its state needs no locks:
 *
 * <pre>
 *   poll (handlers of ready transports) -> due timers -> tasks posted by other threads -> end-of-tick tasks -> poll ...
 * </pre>
 */
public final class EventLoop {

    /** Tasks from other threads that may wait at once; when the queue is full, the posting thread blocks, never the loop. */
    private static final int POSTED_TASKS = 1024;

    private final Poller poller;
    private final Clock clock;
    private final Scheduler scheduler;
    private final ArrayBlockingQueue<Runnable> posted = new ArrayBlockingQueue<>(POSTED_TASKS);
    private final ArrayDeque<Runnable> endOfTick = new ArrayDeque<>();
    private boolean stopped;

    /** Since when everything that becomes ready waits for the end of the turn. */
    private long busySinceNs;

    private long longestDelayNs;

    public EventLoop(Poller poller, Clock clock) {
        this.poller = poller;
        this.clock = clock;
        this.scheduler = new Scheduler(clock);
        this.busySinceNs = clock.nanoTime();
    }

    public Scheduler scheduler() {
        return scheduler;
    }

    public Clock clock() {
        return clock;
    }

    /**
     * Hands a task to the loop from another thread.
     *
     * @throws InterruptedException when interrupted while the queue is full
     */
    public void post(Runnable task) throws InterruptedException {
        posted.put(task);
        poller.wakeUp();
    }

    /** Runs the task when the current tick has handled all else; for writes that are better batched. */
    public void atEndOfTick(Runnable task) {
        endOfTick.add(task);
    }

    /** Runs until {@link #stop}. */
    public void run() {
        busySinceNs = clock.nanoTime(); // What was done before this is no delay of the loop.
        while (!stopped) {
            tick();
        }
    }

    /** Whether {@link #stop} was called. */
    public boolean isStopped() {
        return stopped;
    }

    /** One round. Waits only when nothing is due. */
    public void tick() {
        boolean workIsWaiting = !posted.isEmpty() || !endOfTick.isEmpty();
        long restingNs = clock.nanoTime();
        longestDelayNs = Math.max(longestDelayNs, restingNs - busySinceNs);
        long waitedNs = poller.poll(workIsWaiting ? 0 : scheduler.untilNextNs(restingNs));
        busySinceNs = restingNs + waitedNs;
        longestDelayNs = Math.max(longestDelayNs, scheduler.runDue(clock.nanoTime()));
        for (int i = 0; i < POSTED_TASKS; i++) {
            @Nullable Runnable task = posted.poll();
            if (task == null) {
                break;
            }
            task.run();
        }
        // Tasks may add more tasks: these run in the next tick, or two of them could starve the poll.
        for (int i = endOfTick.size(); i > 0; i--) {
            endOfTick.remove().run();
        }
    }

    /**
     * The longest that anything may have waited for the loop since the last call, in nanoseconds: how long a turn took, or how late a timer
     * was.
     */
    public long takeLongestDelayNs() {
        long longest = longestDelayNs;
        longestDelayNs = 0;
        return longest;
    }

    /** Ends {@link #run} after the current tick. */
    public void stop() {
        stopped = true;
    }
}
