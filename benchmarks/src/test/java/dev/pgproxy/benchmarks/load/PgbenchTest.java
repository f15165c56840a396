package dev.pgproxy.benchmarks.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class PgbenchTest {

    @Test
    void readsTheSummary() {
        assertEquals(new Pgbench(70_541, 17_631.43), Pgbench.parse("""
                        transaction type: <builtin: select only>
                        number of clients: 8
                        duration: 4 s
                        number of transactions actually processed: 70541
                        number of failed transactions: 0 (0.000%)
                        latency average = 0.453 ms
                        initial connection time = 9.713 ms
                        tps = 17631.43 (without initial connection time)
                        """));
    }

    @Test
    void readsTheSummaryOfOneConnectionForEachTransaction() {
        assertEquals(new Pgbench(1_204, 601.2), Pgbench.parse("""
                        number of transactions actually processed: 1204
                        average connection time = 9.713 ms
                        tps = 601.2 (including reconnection times)
                        """));
    }

    /** Before version 14 it printed two rates, and the first one was not what it is now. */
    @Test
    void theSummaryOfAnOldVersionIsRefused() {
        assertThrows(IllegalStateException.class, () -> Pgbench.parse("""
                        number of transactions actually processed: 1204
                        tps = 601.2 (including connections establishing)
                        tps = 602.3 (excluding connections establishing)
                        """));
    }

    @Test
    void aSummaryWithoutARateIsNone() {
        assertThrows(IllegalStateException.class, () -> Pgbench.parse("number of transactions actually processed: 0"));
    }
}
