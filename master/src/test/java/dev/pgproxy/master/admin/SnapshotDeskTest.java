package dev.pgproxy.master.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.ViewSet;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.view.View;
import dev.pgproxy.master.supervisor.ChildLink;
import dev.pgproxy.testkit.loop.StillPoller;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class SnapshotDeskTest {

    private static final int CHUNK_BYTES = 16 * 1024;
    private static final long NUMBER = 7;

    private static final class PlayedChild implements ChildLink {

        private final String name;
        private final List<ControlMessage> received = new ArrayList<>();
        private boolean hasRoom = true;

        private PlayedChild(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public boolean hasRoom() {
            return hasRoom;
        }

        @Override
        public void send(ControlMessage message) {
            received.add(message);
        }
    }

    private final PlayedChild endless = new PlayedChild("pool-1");
    private final PlayedChild modest = new PlayedChild("pool-2");
    private final PlayedChild admin = new PlayedChild("admin");
    private final StillPoller poller = new StillPoller();
    private long nowNs;
    private final EventLoop loop = new EventLoop(poller, () -> nowNs);
    private final SnapshotDesk desk = new SnapshotDesk(loop, views -> List.of());

    private long begin() {
        desk.poolWorkerReady(endless);
        desk.poolWorkerReady(modest);
        desk.adminWorkerReady(admin);
        int views = ViewSet.encode(EnumSet.of(View.CONNECTION));
        desk.take(new ControlMessage.TakeSnapshot(NUMBER, views), 0, false);
        return ((ControlMessage.ReportState) endless.received.get(0)).snapshotId();
    }

    private void send(PlayedChild worker, long request, long bytes) {
        for (long sent = 0; sent < bytes; sent += CHUNK_BYTES) {
            desk.onRows(worker, new ControlMessage.ReportRows(request, new byte[CHUNK_BYTES]));
        }
    }

    private void runTimers() {
        nowNs += 1_000_000_000;
        loop.tick();
    }

    private long rowBytes() {
        return admin.received.stream()
                .filter(ControlMessage.ReportRows.class::isInstance)
                .mapToLong(message -> ((ControlMessage.ReportRows) message).chunk().length)
                .sum();
    }

    @Test
    void goesOnWithoutAWorkerThatHasMoreThanCanWait() {
        long request = begin();
        admin.hasRoom = false;
        send(modest, request, CHUNK_BYTES);
        send(endless, request, 4 * SnapshotDesk.MAX_WAITING_BYTES);
        desk.onEnd(endless, new ControlMessage.ReportEnd(request));
        desk.onEnd(modest, new ControlMessage.ReportEnd(request));
        assertEquals(0, rowBytes());
        admin.hasRoom = true;
        runTimers();
        assertTrue(rowBytes() <= SnapshotDesk.MAX_WAITING_BYTES, rowBytes() + " bytes waited");
        assertEquals(
                new ControlMessage.SnapshotComplete(NUMBER, List.of("pool-1")),
                admin.received.get(admin.received.size() - 1));
    }

    @Test
    void passesOnAnyAmountThatIsTaken() {
        long request = begin();
        long bytes = 2 * SnapshotDesk.MAX_WAITING_BYTES;
        send(endless, request, bytes);
        desk.onEnd(endless, new ControlMessage.ReportEnd(request));
        desk.onEnd(modest, new ControlMessage.ReportEnd(request));
        assertEquals(bytes, rowBytes());
        assertEquals(
                new ControlMessage.SnapshotComplete(NUMBER, List.of()), admin.received.get(admin.received.size() - 1));
    }
}
