package dev.pgproxy.poolworker;

import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.report.StateReport;
import dev.pgproxy.poolworker.report.Totals;
import java.util.ArrayDeque;

/** Reports the state that an operator asks for, without keeping clients waiting. */
final class StateReports implements SnapshotMessages.AtPoolWorker {

    /** How long a report waits for a master that reads too slowly. */
    private static final long REPORT_PAUSE_MS = 1;

    private final ArrayDeque<ControlMessage.ToMaster> reports = new ArrayDeque<>();

    private boolean reportPlanned;

    private final EventLoop loop;
    private final MasterContact master;
    private final Sessions sessions;
    private final BackendPool pool;
    private final Totals totals;
    private final Counters counters;
    private final int pid;

    /** @param pid of this process */
    StateReports(
            EventLoop loop,
            MasterContact master,
            Sessions sessions,
            BackendPool pool,
            Totals totals,
            Counters counters,
            int pid) {
        this.loop = loop;
        this.master = master;
        this.sessions = sessions;
        this.pool = pool;
        this.totals = totals;
        this.counters = counters;
        this.pid = pid;
    }

    /** Ends a period of the averages that {@link #onReportState} shows. */
    void endPeriod() {
        totals.endPeriod(loop.clock().nanoTime());
    }

    @Override
    public void onReportState(SnapshotMessages.ReportState message) {
        long snapshotId = message.snapshotId();
        StateReport report = new StateReport(pid, loop.clock().nanoTime(), message.nowMicros());
        for (byte[] chunk : report.chunks(message.views(), sessions.all(), pool.snapshot(), totals, counters)) {
            reports.add(new SnapshotMessages.ReportRows(snapshotId, chunk));
        }
        reports.add(new SnapshotMessages.ReportEnd(snapshotId));
        sendReports();
    }

    /** Clients come first: messages about them must not wait behind a long report. */
    private void sendReports() {
        while (!reports.isEmpty() && master.link().hasRoom()) {
            master.link().send(reports.remove());
        }
        if (!reports.isEmpty() && !master.isGone() && !reportPlanned) {
            reportPlanned = true;
            loop.scheduler().afterMs(REPORT_PAUSE_MS, () -> {
                reportPlanned = false;
                sendReports();
            });
        }
    }
}
