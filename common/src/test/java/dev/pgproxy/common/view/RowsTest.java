package dev.pgproxy.common.view;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.channel.ControlFrame;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RowsTest {

    @Test
    void rowsComeBackAsTheyWere() {
        RowWriter out = new RowWriter(View.STARTUPMSG);
        out.int4(7).int8(Long.MIN_VALUE).bool(true).text("é 名").endRow();
        out.nothing().nothing().nothing().nothing().endRow();
        RowReader in = new RowReader(out.chunks().get(0));
        assertEquals(View.STARTUPMSG, in.view());
        assertArrayEquals(new Object[] {7, Long.MIN_VALUE, true, "é 名"}, in.next());
        assertArrayEquals(new @Nullable Object[4], in.next());
        assertEquals(null, in.next());
    }

    @Test
    void theLongestRowsOfEveryTableFitAMessage() {
        String longest = "名".repeat(10_000);
        for (View view : View.values()) {
            RowWriter out = new RowWriter(view);
            for (int row = 0; row < 10; row++) {
                for (Column column : view.columns()) {
                    switch (column.type()) {
                        case INT4 -> out.int4(1);
                        case INT8 -> out.int8(2);
                        case FLOAT8 -> out.float8(3.5);
                        case BOOL -> out.bool(false);
                        case TEXT -> out.text(longest);
                        case TIMESTAMPTZ -> out.timestamptz(4);
                    }
                }
                out.endRow();
            }
            int rows = 0;
            for (byte[] chunk : out.chunks()) {
                assertTrue(chunk.length + 100 < ControlFrame.MAX_PAYLOAD_BYTES, view + ": " + chunk.length);
                RowReader in = new RowReader(chunk);
                while (in.next() != null) {
                    rows++;
                }
            }
            assertEquals(10, rows, view.name());
        }
    }

    @Test
    void aRowThatIsNotOfItsTableIsRefused() {
        assertThrows(IllegalStateException.class, () -> new RowWriter(View.STARTUPMSG).text("no pid"));
        assertThrows(
                IllegalStateException.class,
                () -> new RowWriter(View.STARTUPMSG).int4(1).endRow());
    }

    @Test
    void aDamagedChunkIsRefused() {
        RowWriter out = new RowWriter(View.STARTUPMSG);
        out.int4(7).int8(8).bool(true).text("text").endRow();
        byte[] whole = out.chunks().get(0);
        for (int length = 2; length < whole.length; length++) {
            RowReader cut = new RowReader(Arrays.copyOf(whole, length));
            assertThrows(IllegalArgumentException.class, () -> assertNotNull(cut.next()));
        }
        assertThrows(IllegalArgumentException.class, () -> new RowReader(new byte[] {99}));
        assertNotNull(new RowReader(whole).next());
    }
}
