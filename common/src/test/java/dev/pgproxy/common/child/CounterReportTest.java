package dev.pgproxy.common.child;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.view.RowReader;
import dev.pgproxy.common.view.View;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CounterReportTest {

    private static final long SNAPSHOT = 7;

    private final Counters counters = new Counters();
    private final List<ControlMessage> sent = new ArrayList<>();
    private final CounterReport report = new CounterReport(counters, sent::add);

    private void ask(Set<View> views) {
        report.onReportState(new SnapshotMessages.ReportState(SNAPSHOT, views, 0));
    }

    @Test
    void theFiguresCarryThePidOfThisProcess() {
        counters.counter("things", "things that were seen").add(3);
        ask(EnumSet.of(View.COUNTER));
        assertEquals(2, sent.size());
        RowReader rows = new RowReader(((SnapshotMessages.ReportRows) sent.get(0)).chunk());
        int pid = (int) ProcessHandle.current().pid();
        assertArrayEquals(new Object[] {pid, "things", 3L, "things that were seen"}, rows.next());
        assertEquals(new SnapshotMessages.ReportEnd(SNAPSHOT), sent.get(1));
    }

    /** Without an end, the snapshot would wait for this process. */
    @Test
    void aReportOfOtherTablesOnlyEnds() {
        counters.counter("things", "things that were seen");
        ask(EnumSet.of(View.CONNECTION));
        assertEquals(List.of(new SnapshotMessages.ReportEnd(SNAPSHOT)), sent);
    }
}
