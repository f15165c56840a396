package dev.pgproxy.common.log;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * Writes lines on a thread of its own, so that an unread pipe or a hanging disk holds up the log and nothing else. The caller waits until
 * its line is written, so that what it does next is not seen before the line is in the log. It waits only a moment, and not at all while
 * the writing hangs. Lines that do not fit meanwhile are counted, and the log says how many are missing once it has caught up.
 */
final class LineWriter {

    /** Where lines go. Called by one thread at a time; may block indefinitely. */
    interface Sink {
        void write(String lines);
    }

    /** Lines that may wait for a hanging sink. */
    static final int MAX_WAITING = 10_000;
    /** The most chars that they may have together. */
    static final int MAX_WAITING_CHARS = 2 * 1024 * 1024;

    /** How long a caller waits for its line to be written. */
    private static final long PATIENCE_MS = 250;

    private final Sink sink;
    private final ArrayDeque<String> waiting = new ArrayDeque<>();
    private int waitingChars;
    private long added;
    private long written;
    private long lost;
    private boolean hangs;

    LineWriter(Sink sink) {
        this.sink = sink;
        Thread thread = new Thread(this::run, "log");
        thread.setDaemon(true);
        thread.start();
    }

    /** Takes a line, including its terminator. */
    synchronized void write(String line) {
        if (waiting.size() >= MAX_WAITING || waitingChars + line.length() > MAX_WAITING_CHARS) {
            lost++;
            return;
        }
        waiting.add(line);
        waitingChars += line.length();
        added++;
        notifyAll();
        if (!hangs) {
            await(added, PATIENCE_MS);
        }
    }

    /** Waits until all lines taken so far are written, but at most this long. */
    synchronized void drain(long mostMs) {
        await(added, mostMs);
    }

    private void await(long count, long mostMs) {
        long sinceNs = System.nanoTime();
        long leftMs = mostMs;
        try {
            while (written < count && leftMs > 0) {
                wait(leftMs);
                leftMs = mostMs - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sinceNs);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // A thread that was told to stop does not wait for the log.
        }
        hangs |= written < count;
    }

    private void run() {
        try {
            while (true) {
                String line = next();
                try {
                    sink.write(line);
                } catch (RuntimeException | OutOfMemoryError e) {
                    countLost(); // The next line may find memory again.
                }
                done();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void countLost() {
        lost++;
    }

    private synchronized String next() throws InterruptedException {
        while (waiting.isEmpty()) {
            wait();
        }
        String line = waiting.remove();
        waitingChars -= line.length();
        return line;
    }

    private synchronized void done() {
        written++;
        if (waiting.isEmpty()) {
            hangs = false;
            if (lost > 0) {
                String line = Event.of("log_lines_lost")
                                .with("count", lost)
                                .message("log lines were lost: the log could not be written fast enough")
                        + System.lineSeparator();
                lost = 0;
                waiting.add(line);
                waitingChars += line.length();
                added++;
            }
        }
        notifyAll();
    }
}
