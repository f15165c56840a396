package dev.pgproxy.adminworker.snapshot;

import dev.pgproxy.common.child.CounterReport;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.view.RowReader;
import dev.pgproxy.common.view.View;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gets snapshots from the master, one at a time. A request that arrives while one is under way waits for the next and shares it: more
 * requests do not keep the workers busier.
 */
public final class SnapshotSource implements SnapshotMessages.AtAdminWorker {

    /** The master answers sooner than this, whatever its workers do. */
    private static final long TIMEOUT_MS = 5_000;

    /** Tables whose counts come from another table. */
    private static final Set<View> COUNTED = EnumSet.of(View.PROCESS, View.SERVER, View.POOL);

    private record Asker(Set<View> views, Consumer<Snapshot> answer) {}

    private final EventLoop loop;
    private final Consumer<ControlMessage> master;
    private final CounterReport own;
    private final Map<View, List<@Nullable Object[]>> arriving = new EnumMap<>(View.class);
    private List<Asker> served = new ArrayList<>();
    private List<Asker> waiting = new ArrayList<>();
    private Scheduler.@Nullable Timer timer;
    private long currentId;

    /**
     * @param master takes messages to the master
     * @param counters of this process
     */
    public SnapshotSource(EventLoop loop, Consumer<ControlMessage> master, Counters counters) {
        this.loop = loop;
        this.master = master;
        this.own = new CounterReport(counters, master);
    }

    /** Requests these tables, as of this call or later. The answer arrives on the loop's thread. */
    public void request(Set<View> views, Consumer<Snapshot> answer) {
        Set<View> needed = EnumSet.copyOf(views);
        if (needed.stream().anyMatch(COUNTED::contains)) {
            needed.add(View.CONNECTION);
        }
        waiting.add(new Asker(needed, answer));
        if (served.isEmpty()) {
            begin();
        }
    }

    private void begin() {
        if (waiting.isEmpty()) {
            return;
        }
        served = waiting;
        waiting = new ArrayList<>();
        arriving.clear();
        Set<View> views = EnumSet.noneOf(View.class);
        served.forEach(asker -> views.addAll(asker.views()));
        long id = ++currentId;
        timer = loop.scheduler().afterMs(TIMEOUT_MS, () -> complete(id, List.of("master")));
        master.accept(new SnapshotMessages.TakeSnapshot(id, views));
    }

    /** The master asks for this process's own rows, which take the same way as all others. */
    @Override
    public void onReportState(SnapshotMessages.ReportState message) {
        own.onReportState(message);
    }

    /** Rows have arrived. */
    @Override
    public void onReportRows(SnapshotMessages.ReportRows message) {
        if (message.snapshotId() != currentId || served.isEmpty()) {
            return;
        }
        RowReader in = new RowReader(message.chunk());
        List<@Nullable Object[]> rows = arriving.computeIfAbsent(in.view(), key -> new ArrayList<>());
        for (@Nullable Object[] row = in.next(); row != null; row = in.next()) {
            rows.add(row);
        }
    }

    /** All rows have arrived. */
    @Override
    public void onSnapshotComplete(SnapshotMessages.SnapshotComplete message) {
        complete(message.snapshotId(), message.missing());
    }

    private void complete(long id, List<String> missing) {
        if (id != currentId || served.isEmpty()) {
            return;
        }
        if (timer != null) {
            timer.cancel();
        }
        Counts.complete(arriving);
        Snapshot snapshot = new Snapshot(arriving, missing);
        arriving.clear();
        List<Asker> answered = served;
        served = new ArrayList<>();
        answered.forEach(asker -> asker.answer().accept(snapshot));
        begin();
    }
}
