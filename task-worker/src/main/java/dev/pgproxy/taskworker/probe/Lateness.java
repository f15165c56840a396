package dev.pgproxy.taskworker.probe;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;

/**
 * How long this process kept its threads from reading what a server had sent in time: because it was computing (the driver's classes are
 * loaded at the first probe), waiting for a processor, or suspended. Timeouts that expired meanwhile say nothing about the server. While
 * no timeout runs, this costs nothing.
 */
public final class Lateness {

    /** How often the process checks whether it was suspended. */
    private static final long BEAT_MS = 20;

    /** While a timeout runs. */
    interface Watch extends AutoCloseable {

        /** How long threads were kept from their work since this began, at most, in nanoseconds. */
        long lostNs();

        @Override
        void close();
    }

    private final class OpenWatch implements Watch {

        private final long beforeNs = nowNs();

        @Override
        public long lostNs() {
            return nowNs() - beforeNs;
        }

        @Override
        public void close() {
            end();
        }
    }

    private int watches;
    private long stoodStillNs;

    /** When the current beat should end, so that an overdue beat counts before it ends. */
    private long beatDueNs;

    /** Starts the thread, which sleeps until someone waits. */
    public static Lateness start() {
        Lateness lateness = new Lateness();
        Thread thread = new Thread(lateness::beat, "lateness");
        thread.setDaemon(true);
        thread.start();
        return lateness;
    }

    /** From now on a timeout runs; to be closed when it does not any more. */
    synchronized Watch watch() {
        watches++;
        if (watches == 1) {
            beatDueNs = nextBeatNs();
            notifyAll();
        }
        return new OpenWatch();
    }

    private synchronized void end() {
        watches--;
    }

    private void beat() {
        try {
            while (true) {
                awaitWatch();
                TimeUnit.MILLISECONDS.sleep(BEAT_MS);
                note();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void awaitWatch() throws InterruptedException {
        while (watches == 0) {
            wait();
        }
    }

    private synchronized void note() {
        stoodStillNs += overdueNs();
        beatDueNs = nextBeatNs();
    }

    private static long nextBeatNs() {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(BEAT_MS);
    }

    private long overdueNs() {
        return Math.max(0, System.nanoTime() - beatDueNs);
    }

    private synchronized long nowNs() {
        return computedNs() + stoodStillNs + overdueNs();
    }

    /** CPU time of all threads: the driver connects on a thread of its own. */
    private static long computedNs() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean process
                ? Math.max(0, process.getProcessCpuTime())
                : 0;
    }
}
