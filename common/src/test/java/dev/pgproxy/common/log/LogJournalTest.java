package dev.pgproxy.common.log;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class LogJournalTest {

    private final LogJournal journal = new LogJournal();

    @Test
    void forgetsTheOldestWhenNobodyFetches() {
        for (int i = 0; i < LogJournal.MAX_LINES + 5; i++) {
            journal.add(new LogLine(i, "INFO", "line " + i));
        }
        List<LogLine> taken = journal.take(Integer.MAX_VALUE);
        assertEquals(LogJournal.MAX_LINES, taken.size());
        assertEquals("line 5", taken.get(0).text());
        assertEquals(List.of(), journal.take(1));
    }

    @Test
    void leavesOutWhatComesWithEachLogin() {
        journal.add(new LogLine(1, "INFO", "event=connection peer=127.0.0.1:1"));
        journal.add(new LogLine(2, "INFO", "event=operator_logged_in peer=127.0.0.1"));
        journal.add(new LogLine(3, "INFO", "event=connection_refused peer=127.0.0.1:1"));
        assertEquals(1, journal.take(5).size());
    }

    @Test
    void keepsTheBeginningOfALongLine() {
        journal.add(new LogLine(1, "INFO", "x".repeat(1_000_000)));
        journal.add(new LogLine(2, "INFO", "y".repeat(LogJournal.MAX_LINE_CHARS)));
        List<LogLine> taken = journal.take(2);
        assertEquals("x".repeat(LogJournal.MAX_LINE_CHARS) + "...", taken.get(0).text());
        assertEquals("y".repeat(LogJournal.MAX_LINE_CHARS), taken.get(1).text());
    }
}
