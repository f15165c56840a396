package dev.pgproxy.taskworker.probe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How long this process kept a thread from hearing what a server had said in time: because the thread had to compute (the driver's classes
 * are loaded at the first look), waited for a processor, or because the whole process stood still. Time limits that ran out meanwhile say
 * nothing of the server.
 */
public final class Lateness {

    /** How often the process looks whether it stands still. */
    private static final long BEAT_MS = 20;

    /** Of the kernel, for the thread that reads it: nanoseconds on a processor, and nanoseconds in wait for one. */
    private static final Path SCHEDULE = Path.of("/proc/thread-self/schedstat");

    private final AtomicLong stoodStillNs = new AtomicLong();

    /** When the last beat should have ended, so that one that lasts can be told. */
    private volatile long beatDueNs;

    /** Begins to watch the process. */
    public static Lateness watch() {
        Lateness lateness = new Lateness();
        Thread thread = new Thread(lateness::beat, "lateness");
        thread.setDaemon(true);
        lateness.beatDueNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(BEAT_MS);
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

    /** What the calling thread was kept from its work until now, in nanoseconds; only differences mean something. */
    long nowNs() {
        return ofThread() + stoodStillNs.get() + Math.max(0, System.nanoTime() - beatDueNs);
    }

    private static long ofThread() {
        try {
            String[] numbers = Files.readString(SCHEDULE).strip().split(" ", -1);
            return numbers.length < 2 ? 0 : Long.parseLong(numbers[0]) + Long.parseLong(numbers[1]);
        } catch (IOException | NumberFormatException e) {
            return 0; // A kernel without it: what stands still is seen all the same.
        }
    }
}
