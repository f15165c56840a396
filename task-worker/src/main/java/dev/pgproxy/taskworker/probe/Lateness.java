package dev.pgproxy.taskworker.probe;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How long this process kept its threads from reading what a server had sent in time: because it was computing (the driver's classes are
 * loaded at the first probe), waiting for a processor, or suspended. Timeouts that expired meanwhile say nothing about the server.
 */
public final class Lateness {

    /** How often the process checks whether it was suspended. */
    private static final long BEAT_MS = 20;

    private final AtomicLong stoodStillNs = new AtomicLong();

    /** When the current beat should end, so that an overdue beat counts before it ends. */
    private volatile long beatDueNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(BEAT_MS);

    /** Starts to monitor the process. */
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

    /** How long threads were kept from their work until now, at most, in nanoseconds; only differences are meaningful. */
    long nowNs() {
        return computedNs() + stoodStillNs.get() + Math.max(0, System.nanoTime() - beatDueNs);
    }

    /** CPU time of all threads: the driver connects on a thread of its own. */
    private static long computedNs() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean process
                ? Math.max(0, process.getProcessCpuTime())
                : 0;
    }
}
