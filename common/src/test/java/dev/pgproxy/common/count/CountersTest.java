package dev.pgproxy.common.count;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pgproxy.common.view.RowReader;
import dev.pgproxy.common.view.RowWriter;
import dev.pgproxy.common.view.View;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CountersTest {

    private final Counters counters = new Counters();

    private List<@Nullable Object[]> rows() {
        RowWriter out = new RowWriter(View.COUNTER);
        counters.write(out, 77);
        List<@Nullable Object[]> rows = new ArrayList<>();
        for (byte[] chunk : out.chunks()) {
            RowReader in = new RowReader(chunk);
            for (@Nullable Object[] row = in.next(); row != null; row = in.next()) {
                rows.add(row);
            }
        }
        return rows;
    }

    @Test
    void eachFigureIsARow() {
        Counter seen = counters.counter("things_seen", "things that were seen");
        counters.add("things_there", "things that are there now", () -> 5);
        seen.increment();
        seen.add(2);
        List<@Nullable Object[]> rows = rows();
        assertEquals(2, rows.size());
        assertArrayEquals(new Object[] {77, "things_seen", 3L, "things that were seen"}, rows.get(0));
        assertArrayEquals(new Object[] {77, "things_there", 5L, "things that are there now"}, rows.get(1));
    }

    @Test
    void aNameIsTakenOnce() {
        counters.counter("things", "");
        assertThrows(IllegalArgumentException.class, () -> counters.counter("things", ""));
        assertThrows(IllegalArgumentException.class, () -> counters.counter("Things seen", ""));
    }
}
