package dev.pgproxy.poolworker;

import dev.pgproxy.common.log.Event;
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

    /** Whoever waits for an answer must get one, whatever happens here. */
    private static boolean isTrue(BooleanSupplier work) {
        try {
            return work.getAsBoolean();
        } catch (RuntimeException e) {
            Event.of("background_failed")
                    .message("a computation failed and counts as a no")
                    .error(e);
            return false;
        }
    }

    @Override
    public boolean compute(BooleanSupplier work, Consumer<Boolean> then) {
        try {
            executor.execute(() -> {
                boolean result = isTrue(work);
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
