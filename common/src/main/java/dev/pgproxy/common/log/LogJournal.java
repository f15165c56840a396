package dev.pgproxy.common.log;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The latest lines of this process's log that the master has not fetched yet. Lines below INFO are not kept. If they are not fetched, the
 * oldest are dropped; the log itself has them. Thread-safe.
 */
public final class LogJournal {

    /** Lines that are kept at once. */
    public static final int MAX_LINES = 1_000;

    /** The chars that are kept of a long line: no more of it is ever shown. */
    static final int MAX_LINE_CHARS = 2_000;

    /** Lines that come with each login: they would push out what operators look for. The log has them. */
    private static final List<String> CHATTER =
            List.of("event=operator_logged_in ", "event=connection ", "event=disconnection ");

    private final ArrayDeque<LogLine> lines = new ArrayDeque<>();

    LogJournal() {}

    synchronized void add(LogLine line) {
        if (CHATTER.stream().anyMatch(line.text()::startsWith)) {
            return;
        }
        if (lines.size() == MAX_LINES) {
            lines.remove();
        }
        String text = line.text();
        boolean fits = text.length() <= MAX_LINE_CHARS;
        lines.add(fits ? line : new LogLine(line.atMicros(), line.level(), text.substring(0, MAX_LINE_CHARS) + "..."));
    }

    /** Takes the oldest lines out, at most this many. */
    public synchronized List<LogLine> take(int most) {
        List<LogLine> taken = new ArrayList<>();
        while (taken.size() < most && !lines.isEmpty()) {
            taken.add(lines.remove());
        }
        return taken;
    }
}
