package dev.pgproxy.common.ipc;

import dev.pgproxy.common.view.View;
import java.util.List;
import java.util.Set;

/**
 * The tables of pg_proxy, as of one moment. The master passes the rows on without reading them.
 *
 * <pre>
 *   admin-worker: TakeSnapshot -> ReportState to every child that has rows -> ReportRows ..., ReportEnd
 *                 <- ReportRows ..., SnapshotComplete
 * </pre>
 */
@SuppressWarnings("ArrayRecordComponent") // Rows are never compared.
public final class SnapshotMessages {

    private SnapshotMessages() {}

    /** The master's side. */
    public interface AtMaster<S> {
        void onTakeSnapshot(S worker, TakeSnapshot message);

        void onReportRows(S worker, ReportRows message);

        void onReportEnd(S worker, ReportEnd message);
    }

    /** A pool-worker's side. */
    public interface AtPoolWorker {
        void onReportState(ReportState message);
    }

    /** The task-worker's side. */
    public interface AtTaskWorker {
        void onReportState(ReportState message);
    }

    /** The admin-worker's side. It asks, and is asked for its own rows like the others. */
    public interface AtAdminWorker {
        void onReportState(ReportState message);

        void onReportRows(ReportRows message);

        void onSnapshotComplete(SnapshotComplete message);
    }

    /** Collect the rows of these tables from every process that has some. */
    public record TakeSnapshot(long snapshotId, Set<View> views) implements ControlMessage.FromAdminWorker {
        @Override
        public <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            desks.snapshots().onTakeSnapshot(worker, this);
        }
    }

    /**
     * Send your rows of these tables, as of now, and then {@link ReportEnd}.
     *
     * @param nowMicros the time that stands for now in the rows, in microseconds since 1970
     */
    public record ReportState(long snapshotId, Set<View> views, long nowMicros)
            implements ControlMessage.ToPoolWorker, ControlMessage.ToTaskWorker, ControlMessage.ToAdminWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.snapshots().onReportState(this);
        }

        @Override
        public void dispatchTo(ControlMessage.TaskWorkerDesks desks) {
            desks.snapshots().onReportState(this);
        }

        @Override
        public void dispatchTo(ControlMessage.AdminWorkerDesks desks) {
            desks.snapshots().onReportState(this);
        }
    }

    /** Rows of one table, as {@link dev.pgproxy.common.view.RowWriter} writes them. */
    public record ReportRows(long snapshotId, byte[] chunk)
            implements ControlMessage.FromPoolWorker,
                    ControlMessage.FromTaskWorker,
                    ControlMessage.FromAdminWorker,
                    ControlMessage.ToAdminWorker {
        @Override
        public <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            desks.snapshots().onReportRows(worker, this);
        }

        @Override
        public void dispatchTo(ControlMessage.AdminWorkerDesks desks) {
            desks.snapshots().onReportRows(this);
        }
    }

    /** All rows of this worker were sent. */
    public record ReportEnd(long snapshotId)
            implements ControlMessage.FromPoolWorker, ControlMessage.FromTaskWorker, ControlMessage.FromAdminWorker {
        @Override
        public <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            desks.snapshots().onReportEnd(worker, this);
        }
    }

    /** All rows were sent, except those of processes that did not answer in time. */
    public record SnapshotComplete(long snapshotId, List<String> missing) implements ControlMessage.ToAdminWorker {
        @Override
        public void dispatchTo(ControlMessage.AdminWorkerDesks desks) {
            desks.snapshots().onSnapshotComplete(this);
        }
    }
}
