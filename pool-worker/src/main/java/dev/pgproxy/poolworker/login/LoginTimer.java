package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.loop.Deadline;
import dev.pgproxy.common.loop.EventLoop;
import java.util.concurrent.TimeUnit;

/** Bounds the time of a login, not counting the client's wait for a place. */
public final class LoginTimer {

    private final EventLoop loop;
    private final Runnable whenOver;
    private final Deadline deadline;
    private long leftMs;
    private long sinceNs;

    /** @param whenOver run when the time is up */
    LoginTimer(EventLoop loop, Runnable whenOver) {
        this.loop = loop;
        this.whenOver = whenOver;
        this.deadline = new Deadline(loop.scheduler());
    }

    void start(long mostMs) {
        leftMs = mostMs;
        sinceNs = loop.clock().nanoTime();
        deadline.start(leftMs, whenOver);
    }

    /** Stops counting until {@link #resume}. */
    void pause() {
        stop();
        long spentMs = TimeUnit.NANOSECONDS.toMillis(loop.clock().nanoTime() - sinceNs);
        leftMs = Math.max(1, leftMs - spentMs);
    }

    /** @param mostMs bound on the rest, however much was left */
    void resume(long mostMs) {
        start(Math.min(leftMs, mostMs));
    }

    void stop() {
        deadline.stop();
    }
}
