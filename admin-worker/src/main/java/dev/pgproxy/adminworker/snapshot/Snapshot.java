package dev.pgproxy.adminworker.snapshot;

import dev.pgproxy.common.view.View;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The rows of some tables at one moment. Immutable; compared by identity. */
public final class Snapshot {

    private final Map<View, List<@Nullable Object[]>> rows;
    private final List<String> missing;

    /** @param missing processes that did not answer in time, whose rows are missing */
    Snapshot(Map<View, List<@Nullable Object[]>> rows, List<String> missing) {
        this.rows = new EnumMap<>(View.class);
        this.rows.putAll(rows);
        this.missing = missing;
    }

    /** For statements that read no table. */
    public static Snapshot empty() {
        return new Snapshot(Map.of(), List.of());
    }

    /** In the order of the table's columns. */
    public List<@Nullable Object[]> rows(View view) {
        return rows.getOrDefault(view, List.of());
    }

    public List<String> missing() {
        return missing;
    }
}
