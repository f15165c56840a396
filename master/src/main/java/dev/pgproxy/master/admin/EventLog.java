package dev.pgproxy.master.admin;

import dev.pgproxy.common.log.LogLine;
import dev.pgproxy.common.view.RowWriter;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The last events of all processes. */
final class EventLog {

    /** Events that are remembered. */
    static final int MAX_EVENTS = 1_000;

    private static final Pattern NAME = Pattern.compile("event=(\\S+).*", Pattern.DOTALL);

    private static final Set<String> CHATTER = Set.of("operator_logged_in", "connection", "disconnection");

    private record Entry(long id, String process, LogLine line) {}

    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private long nextId = 1;

    /** @param process which logged it */
    void add(String process, LogLine line) {
        if (isChatter(line)) {
            return;
        }
        if (entries.size() == MAX_EVENTS) {
            entries.remove();
        }
        entries.add(new Entry(nextId++, process, line));
    }

    /** What comes with each login would push out what operators look for; the log has it. */
    private static boolean isChatter(LogLine line) {
        Matcher matcher = NAME.matcher(line.text());
        return matcher.matches() && CHATTER.contains(matcher.group(1));
    }

    void write(RowWriter out) {
        for (Entry entry : entries) {
            LogLine line = entry.line();
            Matcher matcher = NAME.matcher(line.text());
            out.int8(entry.id()).timestamptz(line.atMicros()).text(entry.process());
            out.text(line.level().toLowerCase(Locale.ROOT));
            out.textOrNull(matcher.matches() ? matcher.group(1) : null);
            out.longText(line.text());
            out.endRow();
        }
    }
}
