package dev.pgproxy.taskworker.probe;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How long this process kept its threads from hearing what a server had said in time: because it had to compute (the driver's classes are
 * loaded at the first look), waited for a processor, or stood still. Time limits that ran out meanwhile say nothing of the server.
 */
public final class Lateness {

    /** How often the process looks whether it stands still. */
    private static final long BEAT_MS = 20;

    private final AtomicLong stoodStillNs = new AtomicLong();

    /** When the last beat should have ended, so that one that lasts can be told. */
    private volatile long beatDueNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(BEAT_MS);

    /** Begins to watch the process. */
    public static Lateness watch() {
        Lateness lateness = new Lateness();
        Thread thread = new Thread(lateness::beat, "lateness");
        thread.setDaemon(true);
        thread.start();
        return lateness;
    }

    private void beat() {
        try {
            while (true) {
                long dueNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(BEAT_MS);
                beatDueNs = dueNs;
                TimeUnit.MILLISECONDS.sleep(BEAT_MS);
                stoodStillNs.addAndGet(Math.max(0, System.nanoTime() - dueNs));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What all threads were kept from their work until now, in nanoseconds, or more; only differences mean something. */
    long nowNs() {
        return computedNs() + stoodStillNs.get() + Math.max(0, System.nanoTime() - beatDueNs);
    }

    /** By all threads: the driver connects on one of its own. */
    private static long computedNs() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean process
                ? Math.max(0, process.getProcessCpuTime())
                : 0;
    }
}
