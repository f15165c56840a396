package dev.pgproxy.adminworker.snapshot;

import dev.pgproxy.common.view.View;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Snapshots for tests. */
public final class Snapshots {

    private Snapshots() {}

    /** A snapshot with rows of one table only. */
    @SafeVarargs
    @SuppressWarnings("varargs")
    public static Snapshot of(View view, @Nullable Object[]... rows) {
        Map<View, List<@Nullable Object[]>> all = new EnumMap<>(View.class);
        all.put(view, List.of(rows));
        return new Snapshot(all, List.of());
    }
}
