package dev.pgproxy.adminworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.adminworker.sql.QueryResult;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PortalTest {

    private final Portal portal = new Portal(new Prepared(null, List.of(), null, 1), List.of(), List.of(), 100);
    private final List<byte[]> client = new ArrayList<>();

    private void run(int rows) {
        List<byte[]> all = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            all.add(new byte[] {(byte) i});
        }
        portal.ran(new QueryResult(List.of(), all, rows));
    }

    @Test
    void rowsAreFetchedInPartsAndInOrder() {
        run(5);
        assertEquals(2, portal.send(2, client::add));
        assertEquals(2, portal.send(2, client::add));
        assertEquals(1, portal.send(2, client::add));
        assertEquals(
                List.of(0, 1, 2, 3, 4), client.stream().map(row -> (int) row[0]).toList());
        assertEquals(0, portal.send(2, client::add));
    }

    @Test
    void allRowsAtOnceLeaveNone() {
        run(3);
        assertEquals(3, portal.send(0, client::add));
        assertEquals(0, portal.send(0, client::add));
    }

    @Test
    void itsMemoryIsThatOfTheRowsUntilAllAreSent() {
        assertEquals(100, portal.heldBytes());
        run(1_000);
        assertTrue(portal.heldBytes() > 1_000);
        portal.send(0, client::add);
        assertEquals(100, portal.heldBytes());
    }

    @Test
    void beforeItHasRunItHasNoRows() {
        assertFalse(portal.hasRun());
        assertThrows(IllegalStateException.class, () -> portal.send(0, client::add));
        run(0);
        assertTrue(portal.hasRun());
        assertEquals(0, portal.send(0, client::add));
    }
}
