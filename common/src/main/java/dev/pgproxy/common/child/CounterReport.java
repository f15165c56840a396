package dev.pgproxy.common.child;

import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.view.RowWriter;
import dev.pgproxy.common.view.View;
import java.util.function.Consumer;

/** Reports the figures of a process that has no rows of another table. */
public final class CounterReport implements SnapshotMessages.AtTaskWorker {

    private final Counters counters;
    private final Consumer<ControlMessage> master;

    /** @param master takes the rows */
    public CounterReport(Counters counters, Consumer<ControlMessage> master) {
        this.counters = counters;
        this.master = master;
    }

    @Override
    public void onReportState(SnapshotMessages.ReportState message) {
        if (message.views().contains(View.COUNTER)) {
            RowWriter out = new RowWriter(View.COUNTER);
            counters.write(out, (int) ProcessHandle.current().pid());
            out.chunks().forEach(chunk -> master.accept(new SnapshotMessages.ReportRows(message.snapshotId(), chunk)));
        }
        master.accept(new SnapshotMessages.ReportEnd(message.snapshotId()));
    }
}
