package dev.pgproxy.testkit.process;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for a condition, with a timeout whose message says what was waited for. */
public final class Await {

    /**
     * How long a test waits for what must happen, where nothing else bounds it: enough for a host that gives the test a thirtieth of a
     * core. A passing test does not wait this long.
     */
    public static final Duration PATIENCE = Duration.ofSeconds(90);

    private static final long POLL_MS = 10;

    private Await() {}

    /**
     * Polls until the condition holds.
     *
     * @param what completes the sentence "timed out waiting for ..."
     * @throws AssertionError when it does not hold in time, with the last exception that it threw, if any
     */
    public static void until(String what, Duration atMost, Callable<Boolean> condition) {
        long startNs = System.nanoTime();
        Exception last = null;
        while (System.nanoTime() - startNs - atMost.toNanos() < 0) {
            try {
                if (condition.call()) {
                    return;
                }
                last = null;
                Thread.sleep(POLL_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting for " + what, e);
            } catch (Exception e) {
                last = e;
                pause();
            }
        }
        throw new AssertionError("timed out waiting for " + what + " (" + atMost + ")", last);
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
