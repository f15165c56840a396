package dev.pgproxy.benchmarks.load;

import java.util.concurrent.TimeUnit;

/** Leaves a peer alone, for it to settle or to be watched. */
public final class Pause {

    private Pause() {}

    /** Waits this long. */
    public static void seconds(int seconds) {
        try {
            TimeUnit.SECONDS.sleep(seconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a peer is left alone", e);
        }
    }
}
