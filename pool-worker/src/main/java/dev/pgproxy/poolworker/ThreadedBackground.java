package dev.pgproxy.poolworker;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.poolworker.session.Background;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** One thread beside the event loop. */
final class ThreadedBackground implements Background {

    private static final int MAX_WAITING = 256;
    private static final long KEEP_ALIVE_SECONDS = 10;

    private final EventLoop loop;
    private final ThreadPoolExecutor executor;

    ThreadedBackground(EventLoop loop) {
        this.loop = loop;
        this.executor = new ThreadPoolExecutor(
                1, 1, KEEP_ALIVE_SECONDS, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_WAITING), task -> {
                    Thread thread = new Thread(task, "background");
                    thread.setDaemon(true);
                    return thread;
                });
        this.executor.allowCoreThreadTimeOut(true);
    }

    @Override
    public boolean compute(BooleanSupplier work, Consumer<Boolean> then) {
        try {
            executor.execute(() -> {
                boolean result = work.getAsBoolean();
                try {
                    loop.post(() -> then.accept(result));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }
}
