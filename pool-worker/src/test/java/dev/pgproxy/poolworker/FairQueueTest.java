package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class FairQueueTest {

    private static final FairQueue.Party GREEDY = new FairQueue.Party("greedy", "10.0.0.1");
    private static final FairQueue.Party OTHER = new FairQueue.Party("other", "10.0.0.2");

    private final FairQueue<Integer> queue = new FairQueue<>(2, 10, 6);

    private int begin() {
        FairQueue.Begun<Integer> begun = queue.next();
        assertNotNull(begun);
        return begun.work();
    }

    @Test
    void oneRoleNeverHasAllPlaces() {
        for (int i = 1; i <= 3; i++) {
            assertTrue(queue.add(GREEDY, i));
        }
        assertEquals(1, begin());
        assertNull(queue.next());
        assertTrue(queue.add(OTHER, 100));
        assertEquals(100, begin());
        queue.ended(GREEDY);
        assertEquals(2, begin());
        assertNull(queue.next());
    }

    @Test
    void addressesOfOneRoleTakeTurns() {
        FairQueue.Party elsewhere = new FairQueue.Party("greedy", "10.0.0.9");
        for (int i = 1; i <= 3; i++) {
            queue.add(GREEDY, i);
        }
        queue.add(elsewhere, 100);
        assertEquals(1, begin());
        queue.ended(GREEDY);
        assertEquals(100, begin());
        queue.ended(elsewhere);
        assertEquals(2, begin());
    }

    @Test
    void whatMayWaitHasBounds() {
        for (int i = 0; i < 6; i++) {
            assertTrue(queue.add(GREEDY, i));
        }
        assertFalse(queue.add(GREEDY, 6));
        for (int i = 0; i < 4; i++) {
            assertTrue(queue.add(OTHER, i));
        }
        assertFalse(queue.add(new FairQueue.Party("third", "10.0.0.3"), 0));
    }
}
