package dev.pgproxy.common.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class EventThrottleTest {

    @Test
    void countsWhatItLeavesOutAndSaysSoWithTheNextLine() {
        EventThrottle throttle = new EventThrottle();
        for (int i = 0; i < EventThrottle.MAX_LINES; i++) {
            assertTrue(throttle.allows(i));
        }
        for (int i = 0; i < 500; i++) {
            assertFalse(throttle.allows(EventThrottle.PERIOD_NS - 1));
        }
        assertEquals(
                "event=refused suppressed=500 peer=x",
                Event.of("refused")
                        .limitedBy(throttle, EventThrottle.PERIOD_NS)
                        .with("peer", "x")
                        .toString());
        assertEquals(
                "event=refused peer=x",
                Event.of("refused")
                        .limitedBy(throttle, EventThrottle.PERIOD_NS)
                        .with("peer", "x")
                        .toString());
    }
}
