package dev.pgproxy.poolworker.bad;

/** Code that no simulated clock can reach. */
public final class ReadsTheTime {
    private ReadsTheTime() {}

    static long now() {
        return System.nanoTime();
    }
}
