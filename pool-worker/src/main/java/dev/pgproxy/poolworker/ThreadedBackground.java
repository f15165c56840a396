package dev.pgproxy.poolworker;

import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.poolworker.login.Background;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A few threads beside the event loop, on which clients take turns. Everything but the work itself runs on the loop's thread. */
final class ThreadedBackground implements Background {

    private static final int MAX_WAITING = 256;
    /** Waiting work of one role and address. */
    private static final int MAX_WAITING_OF_ONE = 64;

    private static final int MIN_THREADS = 2;
    private static final int MAX_THREADS = 4;
    private static final long KEEP_ALIVE_SECONDS = 10;

    private record Work(BooleanSupplier work, Consumer<Boolean> then) {}

    private final EventLoop loop;
    private final ThreadPoolExecutor executor;
    private final FairQueue<Work> queue;

    ThreadedBackground(EventLoop loop) {
        this.loop = loop;
        int threads =
                Math.max(MIN_THREADS, Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors()));
        this.queue = new FairQueue<>(threads, MAX_WAITING, MAX_WAITING_OF_ONE);
        // It is never given more tasks than it has threads.
        this.executor = new ThreadPoolExecutor(
                threads, threads, KEEP_ALIVE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(threads), task -> {
                    Thread thread = new Thread(task, "background");
                    thread.setDaemon(true);
                    return thread;
                });
        this.executor.allowCoreThreadTimeOut(true);
    }

    @Override
    public boolean compute(String role, String address, BooleanSupplier work, Consumer<Boolean> then) {
        boolean taken = queue.add(new FairQueue.Party(role, address), new Work(work, then));
        beginAll();
        return taken;
    }

    private void beginAll() {
        for (FairQueue.Begun<Work> begun = queue.next(); begun != null; begun = queue.next()) {
            FairQueue.Party party = begun.party();
            Work work = begun.work();
            executor.execute(() -> {
                boolean result = isTrue(work.work());
                try {
                    loop.post(() -> {
                        queue.ended(party);
                        beginAll();
                        work.then().accept(result);
                    });
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
    }

    /** Each question must get an answer, whatever goes wrong here. */
    private static boolean isTrue(BooleanSupplier work) {
        try {
            return work.getAsBoolean();
        } catch (RuntimeException e) {
            Event.of("background_failed")
                    .message("a password check failed unexpectedly, and counts as wrong")
                    .error(e);
            return false;
        }
    }
}
