package dev.pgproxy.master.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.view.View;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.loop.StillPoller;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SnapshotDeskTest {

    private static final int CHUNK_BYTES = 16 * 1024;
    private static final long NUMBER = 7;

    private final PlayedWorker endless = new PlayedWorker(ChildKind.POOL, 1);
    private final PlayedWorker modest = new PlayedWorker(ChildKind.POOL, 2);
    private final PlayedWorker admin = new PlayedWorker(ChildKind.ADMIN, 1);
    private final StillPoller poller = new StillPoller();
    private long nowNs;
    private final EventLoop loop = new EventLoop(poller, () -> nowNs);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final SnapshotDesk desk =
            new SnapshotDesk(loop, InstantSource.fixed(Instant.EPOCH), workers, new NoTables());

    /** The master has nothing to show. */
    private static final class NoTables implements OwnTables {
        @Override
        public boolean refresh(Set<View> views) {
            return false;
        }

        @Override
        public List<byte[]> rows(Set<View> views, long nowMicros) {
            return List.of();
        }
    }

    private long begin() {
        workers.ready(endless);
        workers.ready(modest);
        workers.ready(admin);
        desk.onTakeSnapshot(admin, new SnapshotMessages.TakeSnapshot(NUMBER, EnumSet.of(View.CONNECTION)));
        return ((SnapshotMessages.ReportState) endless.received().get(0)).snapshotId();
    }

    private void send(PlayedWorker worker, long request, long bytes) {
        for (long sent = 0; sent < bytes; sent += CHUNK_BYTES) {
            desk.onReportRows(worker, new SnapshotMessages.ReportRows(request, new byte[CHUNK_BYTES]));
        }
    }

    private void runTimers() {
        nowNs += 1_000_000_000;
        loop.tick();
    }

    private long rowBytes() {
        return admin.received().stream()
                .filter(SnapshotMessages.ReportRows.class::isInstance)
                .mapToLong(message -> ((SnapshotMessages.ReportRows) message).chunk().length)
                .sum();
    }

    @Test
    void goesOnWithoutAWorkerThatHasMoreThanCanWait() {
        long request = begin();
        admin.hasRoom(false);
        send(modest, request, CHUNK_BYTES);
        send(endless, request, 4 * SnapshotDesk.MAX_WAITING_BYTES);
        desk.onReportEnd(endless, new SnapshotMessages.ReportEnd(request));
        desk.onReportEnd(modest, new SnapshotMessages.ReportEnd(request));
        assertEquals(0, rowBytes());
        admin.hasRoom(true);
        runTimers();
        assertTrue(rowBytes() <= SnapshotDesk.MAX_WAITING_BYTES, rowBytes() + " bytes waited");
        assertEquals(
                new SnapshotMessages.SnapshotComplete(NUMBER, List.of("pool-1")),
                admin.received().get(admin.received().size() - 1));
    }

    @Test
    void passesOnAnyAmountThatIsTaken() {
        long request = begin();
        long bytes = 2 * SnapshotDesk.MAX_WAITING_BYTES;
        send(endless, request, bytes);
        desk.onReportEnd(endless, new SnapshotMessages.ReportEnd(request));
        desk.onReportEnd(modest, new SnapshotMessages.ReportEnd(request));
        assertEquals(bytes, rowBytes());
        assertEquals(
                new SnapshotMessages.SnapshotComplete(NUMBER, List.of()),
                admin.received().get(admin.received().size() - 1));
    }

    private static List<Set<View>> asked(PlayedWorker worker) {
        return worker.received().stream()
                .filter(SnapshotMessages.ReportState.class::isInstance)
                .map(message -> ((SnapshotMessages.ReportState) message).views())
                .toList();
    }

    @Test
    void asksEachChildForTheTablesOfWhichItHasRows() {
        PlayedWorker task = new PlayedWorker(ChildKind.TASK, 1);
        workers.ready(task);
        begin();
        assertEquals(List.of(), asked(task));
        desk.onTakeSnapshot(
                admin, new SnapshotMessages.TakeSnapshot(NUMBER, EnumSet.of(View.COUNTER, View.STATS, View.CONFIG)));
        assertEquals(EnumSet.of(View.COUNTER, View.STATS), asked(modest).get(1));
        assertEquals(List.of(EnumSet.of(View.COUNTER)), asked(task));
        assertEquals(List.of(EnumSet.of(View.COUNTER)), asked(admin));
    }

    @Test
    void namesAnyChildThatDiesBeforeItHasAnswered() {
        PlayedWorker task = new PlayedWorker(ChildKind.TASK, 1);
        workers.ready(task);
        workers.ready(admin);
        desk.onTakeSnapshot(admin, new SnapshotMessages.TakeSnapshot(NUMBER, EnumSet.of(View.COUNTER)));
        long request = ((SnapshotMessages.ReportState) task.received().get(0)).snapshotId();
        desk.onReportEnd(admin, new SnapshotMessages.ReportEnd(request));
        workers.gone(task);
        assertEquals(
                new SnapshotMessages.SnapshotComplete(NUMBER, List.of(task.name())),
                admin.received().get(admin.received().size() - 1));
    }
}
