package dev.pgproxy.master.admin;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.view.View;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Gathers rows for the admin-worker, which asks for one snapshot after the other: the master's own at once, those of the
 * children as they arrive. Rows are passed on unread, and only as fast as the admin-worker takes them.
 */
public final class SnapshotDesk implements SnapshotMessages.AtMaster<Worker>, WorkerRegistry.Listener {

    /** A worker that has not answered after this time is left out, and named as missing. */
    static final long GATHER_MS = 2_000;

    /** How long forwarding pauses when the admin-worker is behind with reading. */
    private static final long FORWARD_PAUSE_MS = 2;

    /** Bytes of rows that may wait for the admin-worker; a snapshot with more is incomplete. */
    static final long MAX_WAITING_BYTES = 64L * 1024 * 1024;

    /** Tables of which each pool-worker has rows. */
    private static final Set<View> OF_POOL_WORKERS =
            EnumSet.of(View.CONNECTION, View.STARTUPMSG, View.STATS, View.COUNTER);

    /** Tables of which the task-worker and the admin-worker have rows. */
    private static final Set<View> OF_OTHERS = EnumSet.of(View.COUNTER);

    private static final class Gathering {
        /** The admin-worker's number of this snapshot. */
        private final long id;

        /** Our number: a worker may still send what an earlier admin-worker asked for. */
        private final long request;

        private final Set<Worker> unanswered;
        private final ArrayDeque<ControlMessage> waiting = new ArrayDeque<>();
        private final Scheduler.Timer timer;
        private final List<String> missing = new ArrayList<>();
        private long waitingBytes;
        private boolean serversAwaited;

        private Gathering(
                long id, long request, Collection<Worker> asked, boolean serversAwaited, Scheduler.Timer timer) {
            this.id = id;
            this.request = request;
            this.unanswered = new LinkedHashSet<>(asked);
            this.serversAwaited = serversAwaited;
            this.timer = timer;
        }
    }

    private final EventLoop loop;
    private final InstantSource wallClock;
    private final WorkerRegistry workers;
    private final OwnTables own;
    private @Nullable Gathering current;
    private Set<View> serverRows = Set.of();
    private boolean forwardPlanned;
    private long nextRequest = 1;

    public SnapshotDesk(EventLoop loop, InstantSource wallClock, WorkerRegistry workers, OwnTables own) {
        this.loop = loop;
        this.wallClock = wallClock;
        this.workers = workers;
        this.own = own;
        workers.listen(this);
    }

    @Override
    public void workerGone(Worker worker) {
        if (worker.kind() == ChildKind.ADMIN) {
            drop();
        } else if (current != null && current.unanswered.remove(worker)) {
            current.missing.add(worker.name());
            proceed();
        }
    }

    private long nowMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, wallClock.instant());
    }

    /** Begins a snapshot; one that is under way is abandoned. */
    @Override
    public void onTakeSnapshot(Worker asker, SnapshotMessages.TakeSnapshot request) {
        boolean awaitServers = own.refresh(request.views());
        long nowMicros = nowMicros();
        drop();
        Set<View> views = request.views();
        long number = nextRequest++;
        Gathering begun = new Gathering(
                request.snapshotId(),
                number,
                workers.all().stream()
                        .filter(worker -> !rowsOf(worker, views).isEmpty())
                        .toList(),
                awaitServers,
                loop.scheduler().afterMs(GATHER_MS, () -> timedOut(number)));
        current = begun;
        for (Worker worker : begun.unanswered) {
            worker.send(new SnapshotMessages.ReportState(number, rowsOf(worker, views), nowMicros));
        }
        Set<View> now = EnumSet.copyOf(views);
        serverRows = Set.of();
        if (awaitServers && now.remove(View.SERVER)) {
            serverRows = EnumSet.of(View.SERVER);
        }
        addOwn(begun, now);
        proceed();
    }

    /** Those of the tables of which this child has rows. */
    private static Set<View> rowsOf(Worker worker, Set<View> views) {
        Set<View> rows = EnumSet.copyOf(
                switch (worker.kind()) {
                    case POOL -> OF_POOL_WORKERS;
                    case TASK, ADMIN -> OF_OTHERS;
                });
        rows.retainAll(views);
        return rows;
    }

    private void addOwn(Gathering gathering, Set<View> views) {
        own.rows(views, nowMicros())
                .forEach(chunk -> add(gathering, new SnapshotMessages.ReportRows(gathering.id, chunk)));
    }

    private void add(Gathering gathering, SnapshotMessages.ReportRows rows) {
        gathering.waiting.add(rows);
        gathering.waitingBytes += rows.chunk().length;
    }

    @Override
    public void onReportRows(Worker worker, SnapshotMessages.ReportRows rows) {
        Gathering gathering = current;
        if (gathering == null || gathering.request != rows.snapshotId() || !gathering.unanswered.contains(worker)) {
            return; // It is late, and the snapshot was sent without it.
        }
        if (gathering.waitingBytes + rows.chunk().length > MAX_WAITING_BYTES) {
            gathering.unanswered.remove(worker);
            gathering.missing.add(worker.name());
        } else {
            add(gathering, new SnapshotMessages.ReportRows(gathering.id, rows.chunk()));
        }
        proceed();
    }

    @Override
    public void onReportEnd(Worker worker, SnapshotMessages.ReportEnd end) {
        if (current != null && current.request == end.snapshotId() && current.unanswered.remove(worker)) {
            proceed();
        }
    }

    /** The servers have been probed; their rows can be written. */
    public void serversProbed() {
        Gathering gathering = current;
        if (gathering != null && gathering.serversAwaited) {
            gathering.serversAwaited = false;
            if (!serverRows.isEmpty()) {
                addOwn(gathering, serverRows);
            }
            proceed();
        }
    }

    private void timedOut(long request) {
        Gathering gathering = current;
        if (gathering != null && gathering.request == request) {
            gathering.unanswered.forEach(worker -> gathering.missing.add(worker.name()));
            gathering.unanswered.clear();
            serversProbed();
            proceed();
        }
    }

    private void proceed() {
        Gathering gathering = current;
        Worker receiver = workers.adminWorker();
        if (gathering == null || receiver == null) {
            return;
        }
        while (!gathering.waiting.isEmpty() && receiver.hasRoom()) {
            ControlMessage next = gathering.waiting.remove();
            if (next instanceof SnapshotMessages.ReportRows rows) {
                gathering.waitingBytes -= rows.chunk().length;
            }
            receiver.send(next);
        }
        if (!gathering.waiting.isEmpty()) {
            forwardLater();
        } else if (gathering.unanswered.isEmpty() && !gathering.serversAwaited) {
            receiver.send(new SnapshotMessages.SnapshotComplete(gathering.id, gathering.missing));
            drop();
        }
    }

    private void forwardLater() {
        if (!forwardPlanned) {
            forwardPlanned = true;
            loop.scheduler().afterMs(FORWARD_PAUSE_MS, () -> {
                forwardPlanned = false;
                proceed();
            });
        }
    }

    private void drop() {
        if (current != null) {
            current.timer.cancel();
            current = null;
        }
    }
}
