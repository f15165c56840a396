package dev.pgproxy.master.admin;

import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.ViewSet;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.view.View;
import dev.pgproxy.master.supervisor.ChildLink;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Gathers rows for the admin-worker, which asks for one snapshot after the other: its own at once, those of the pool-workers as
 * they come. Rows are passed on unread, and only as fast as the admin-worker takes them.
 */
final class SnapshotDesk {

    /** A worker that has not answered by then is left out, and named. */
    static final long GATHER_MS = 2_000;

    /** How long rows wait for an admin-worker that is behind with its reading. */
    private static final long FORWARD_PAUSE_MS = 2;

    /** Rows that may wait for the admin-worker; a snapshot that has more is incomplete. */
    static final long MAX_WAITING_BYTES = 64L * 1024 * 1024;

    /** Tables whose rows pool-workers know. */
    private static final Set<View> OF_WORKERS = EnumSet.of(View.CONNECTION, View.STARTUPMSG, View.STATS);

    private static final class Gathering {
        /** The admin-worker's number of it. */
        private final long id;

        /** Ours: a worker may still send what an earlier admin-worker had asked for. */
        private final long request;

        private final Set<ChildLink> unanswered;
        private final ArrayDeque<ControlMessage> waiting = new ArrayDeque<>();
        private final Scheduler.Timer timer;
        private final List<String> missing = new ArrayList<>();
        private long waitingBytes;
        private boolean serversAwaited;

        private Gathering(
                long id, long request, Collection<ChildLink> asked, boolean serversAwaited, Scheduler.Timer timer) {
            this.id = id;
            this.request = request;
            this.unanswered = new HashSet<>(asked);
            this.serversAwaited = serversAwaited;
            this.timer = timer;
        }
    }

    private final EventLoop loop;
    private final Function<Set<View>, List<byte[]>> ownRows;
    private final List<ChildLink> poolWorkers = new ArrayList<>();
    private @Nullable ChildLink adminWorker;
    private @Nullable Gathering current;
    private Set<View> serverRows = Set.of();
    private boolean forwardPlanned;
    private long nextRequest = 1;

    /** @param ownRows the master's own rows of some tables, as chunks */
    SnapshotDesk(EventLoop loop, Function<Set<View>, List<byte[]>> ownRows) {
        this.loop = loop;
        this.ownRows = ownRows;
    }

    void poolWorkerReady(ChildLink worker) {
        poolWorkers.add(worker);
    }

    void poolWorkerGone(ChildLink worker) {
        poolWorkers.remove(worker);
        if (current != null && current.unanswered.remove(worker)) {
            current.missing.add(worker.name());
            proceed();
        }
    }

    void adminWorkerReady(ChildLink worker) {
        adminWorker = worker;
    }

    void adminWorkerGone() {
        adminWorker = null;
        drop();
    }

    /**
     * Begins a snapshot; one that was under way is given up.
     *
     * @param nowMicros the time that its rows tell, in microseconds since 1970
     * @param awaitServers whether {@link #serversLookedAt} is to come before the rows of servers are written
     */
    void take(ControlMessage.TakeSnapshot request, long nowMicros, boolean awaitServers) {
        drop();
        Set<View> views = ViewSet.decode(request.views());
        Set<View> ofWorkers = EnumSet.copyOf(OF_WORKERS);
        ofWorkers.retainAll(views);
        long number = nextRequest++;
        Gathering begun = new Gathering(
                request.snapshotId(),
                number,
                ofWorkers.isEmpty() ? List.of() : poolWorkers,
                awaitServers,
                loop.scheduler().afterMs(GATHER_MS, () -> timedOut(number)));
        current = begun;
        for (ChildLink worker : begun.unanswered) {
            worker.send(new ControlMessage.ReportState(number, ViewSet.encode(ofWorkers), nowMicros));
        }
        Set<View> now = EnumSet.copyOf(views);
        serverRows = Set.of();
        if (awaitServers && now.remove(View.SERVER)) {
            serverRows = EnumSet.of(View.SERVER);
        }
        addOwn(begun, now);
        proceed();
    }

    private void addOwn(Gathering gathering, Set<View> views) {
        ownRows.apply(views).forEach(chunk -> add(gathering, new ControlMessage.ReportRows(gathering.id, chunk)));
    }

    private void add(Gathering gathering, ControlMessage.ReportRows rows) {
        gathering.waiting.add(rows);
        gathering.waitingBytes += rows.chunk().length;
    }

    void onRows(ChildLink worker, ControlMessage.ReportRows rows) {
        Gathering gathering = current;
        if (gathering == null || gathering.request != rows.snapshotId() || !gathering.unanswered.contains(worker)) {
            return; // It was late, and the snapshot went without it.
        }
        if (gathering.waitingBytes + rows.chunk().length > MAX_WAITING_BYTES) {
            gathering.unanswered.remove(worker);
            gathering.missing.add(worker.name());
        } else {
            add(gathering, new ControlMessage.ReportRows(gathering.id, rows.chunk()));
        }
        proceed();
    }

    void onEnd(ChildLink worker, ControlMessage.ReportEnd end) {
        if (current != null && current.request == end.snapshotId() && current.unanswered.remove(worker)) {
            proceed();
        }
    }

    /** What there is to know of the servers is known. */
    void serversLookedAt() {
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
            serversLookedAt();
            proceed();
        }
    }

    private void proceed() {
        Gathering gathering = current;
        ChildLink receiver = adminWorker;
        if (gathering == null || receiver == null) {
            return;
        }
        while (!gathering.waiting.isEmpty() && receiver.hasRoom()) {
            ControlMessage next = gathering.waiting.remove();
            if (next instanceof ControlMessage.ReportRows rows) {
                gathering.waitingBytes -= rows.chunk().length;
            }
            receiver.send(next);
        }
        if (!gathering.waiting.isEmpty()) {
            forwardLater();
        } else if (gathering.unanswered.isEmpty() && !gathering.serversAwaited) {
            receiver.send(new ControlMessage.SnapshotComplete(gathering.id, gathering.missing));
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
