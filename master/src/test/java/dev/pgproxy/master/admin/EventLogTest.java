package dev.pgproxy.master.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.log.LogLine;
import dev.pgproxy.common.view.RowReader;
import dev.pgproxy.common.view.RowWriter;
import dev.pgproxy.common.view.View;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EventLogTest {

    @Test
    void keepsTheLastAndTheirOrdinals() {
        EventLog log = new EventLog();
        int added = 10 * EventLog.MAX_EVENTS;
        for (int i = 1; i <= added; i++) {
            log.add("pool-1", new LogLine(i, "INFO", "event=tried number=" + i));
        }
        RowWriter out = new RowWriter(View.EVENT);
        log.write(out);
        List<Object> ordinals = new ArrayList<>();
        for (byte[] chunk : out.chunks()) {
            RowReader in = new RowReader(chunk);
            for (@Nullable Object @Nullable [] row = in.next(); row != null; row = in.next()) {
                ordinals.add(String.valueOf(row[0]));
            }
        }
        assertEquals(EventLog.MAX_EVENTS, ordinals.size());
        assertEquals(Long.toString(added - EventLog.MAX_EVENTS + 1L), ordinals.get(0));
        assertEquals(Long.toString(added), ordinals.get(ordinals.size() - 1));
    }
}
