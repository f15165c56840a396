package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ServerHoldsTest {

    private static final Endpoint ONE = new Endpoint.Tcp("one", 5432);
    private static final Endpoint TWO = new Endpoint.Tcp("two", 5432);

    private final ServerHolds holds = new ServerHolds(ONE);

    @Test
    void anOperatorsPauseIsForOneServer() {
        holds.pause(TWO);
        assertTrue(holds.isHeld(TWO));
        assertFalse(holds.isHeld(ONE));
        assertEquals(Set.of(TWO), holds.paused());
        assertTrue(holds.resume(TWO));
        assertFalse(holds.resume(TWO));
        assertFalse(holds.isHeld(TWO));
    }

    @Test
    void theHoldOfThePrimaryIsForWhicheverServerThatIs() {
        holds.holdPrimary(true);
        assertTrue(holds.isHeldPrimary(ONE));
        holds.primaryIs(TWO);
        assertFalse(holds.isHeld(ONE));
        assertTrue(holds.isHeld(TWO));
        holds.holdPrimary(false);
        assertFalse(holds.isHeld(TWO));
    }

    @Test
    void aResumeDoesNotEndTheHoldOfThePrimary() {
        holds.holdPrimary(true);
        holds.pause(ONE);
        holds.resume(ONE);
        assertTrue(holds.isHeld(ONE));
        assertFalse(holds.isPaused(ONE));
    }
}
