package dev.pgproxy.master.supervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class HeartbeatTest {

    private static final long PERIOD_NS = TimeUnit.SECONDS.toNanos(1);

    private final Heartbeat heartbeat = new Heartbeat();

    @Test
    void countsFromThePingToItsAnswer() {
        assertTrue(heartbeat.isDue());
        long first = heartbeat.send();
        assertFalse(heartbeat.isDue());
        assertEquals(PERIOD_NS, heartbeat.passed(PERIOD_NS, PERIOD_NS));
        assertEquals(2 * PERIOD_NS, heartbeat.passed(PERIOD_NS, PERIOD_NS));
        heartbeat.answered(first);
        assertTrue(heartbeat.isDue());
        heartbeat.send();
        heartbeat.answered(first);
        assertFalse(heartbeat.isDue(), "the answer was to the ping before");
        assertEquals(PERIOD_NS, heartbeat.passed(PERIOD_NS, PERIOD_NS));
    }

    @Test
    void aPauseOfTheMastersOwnIsNoChildsFault() {
        heartbeat.send();
        assertEquals(2 * PERIOD_NS, heartbeat.passed(TimeUnit.HOURS.toNanos(1), PERIOD_NS));
        assertEquals(3 * PERIOD_NS, heartbeat.passed(PERIOD_NS, PERIOD_NS));
    }
}
