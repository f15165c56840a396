package dev.pgproxy.master.admin;

import dev.pgproxy.common.log.LogLine;
import dev.pgproxy.common.view.RowWriter;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The most recent events of all processes. */
public final class EventLog {

    /** Events to keep. */
    static final int MAX_EVENTS = 1_000;

    private static final Pattern NAME = Pattern.compile("event=(\\S+).*", Pattern.DOTALL);

    private record Entry(long id, String process, LogLine line) {}

    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private long nextId = 1;

    /** @param process that logged the line */
    public void add(String process, LogLine line) {
        if (entries.size() == MAX_EVENTS) {
            entries.remove();
        }
        entries.add(new Entry(nextId++, process, line));
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
