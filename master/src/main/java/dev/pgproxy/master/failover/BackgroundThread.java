package dev.pgproxy.master.failover;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Runs tasks on a thread of its own, since a disk can hang. */
public final class BackgroundThread implements Background {

    /** Bound on the tasks that wait while a disk hangs. */
    private static final int MAX_TASKS = 64;

    private final ThreadPoolExecutor executor =
            new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_TASKS), task -> {
                Thread thread = new Thread(task, "failover");
                thread.setDaemon(true);
                return thread;
            });

    @Override
    public boolean run(Runnable task) {
        try {
            executor.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
