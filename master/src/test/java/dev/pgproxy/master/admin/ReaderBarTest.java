package dev.pgproxy.master.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReaderBarTest {

    private static final long START_NS = Long.MIN_VALUE + 5;

    private final ReaderBar bar = new ReaderBar();

    private static long at(long seconds) {
        return START_NS + TimeUnit.SECONDS.toNanos(seconds);
    }

    @Test
    void keepsReadersOutForAMinuteAndTwiceAsLongTheNextTime() {
        assertEquals(0, bar.waitMs(at(0)));
        assertEquals(60_000, bar.ranAway(at(0)));
        assertEquals(1_000, bar.waitMs(at(59)));
        assertEquals(0, bar.waitMs(at(60)));
        assertEquals(120_000, bar.ranAway(at(70)));
        for (int i = 0; i < 10; i++) {
            bar.ranAway(at(200));
        }
        assertEquals(3_600_000, bar.ranAway(at(200)), "never longer than an hour");
        assertEquals(60_000, bar.ranAway(at(200 + 2 * 3_600 + 1)), "forgotten after an hour without");
    }
}
