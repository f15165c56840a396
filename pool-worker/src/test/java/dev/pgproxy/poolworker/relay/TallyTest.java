package dev.pgproxy.poolworker.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class TallyTest {

    private final Tally session = new Tally();
    private final Tally total = new Tally();

    TallyTest() {
        session.countInto(total);
    }

    @Test
    void whatASessionCountsItsKindCountsToo() {
        Tally another = new Tally();
        another.countInto(total);
        session.fromClient(10);
        another.fromClient(5);
        session.fromServer(20);
        session.waited(7);
        assertEquals(2, total.sessions());
        assertEquals(15, total.clientBytes());
        assertEquals(20, total.serverBytes());
        assertEquals(7, total.waitNs());
        assertEquals(10, session.clientBytes());
    }

    @Test
    void aPipelineIsTimedFromItsFirstQueryToItsLastAnswer() {
        session.queryStarted(100);
        assertTrue(session.isRunning());
        session.queryAnswered(150, false, false);
        assertEquals(0, session.queryNs());
        session.queryAnswered(180, true, true);
        assertFalse(session.isRunning());
        assertEquals(80, total.queryNs());
        assertEquals(2, total.queries());
        assertEquals(1, total.transactions());
        assertEquals(180, session.endedNs());
    }

    @Test
    void anAnswerToNothingThatWasTimedTakesNoTime() {
        session.queryAnswered(150, true, true);
        assertEquals(1, session.queries());
        assertEquals(0, session.queryNs());
    }

    @Test
    void aCopyStaysAsItIs() {
        session.fromClient(10);
        Tally before = total.copy();
        session.fromClient(10);
        assertEquals(10, before.clientBytes());
        assertEquals(1, before.sessions());
        assertEquals(20, total.clientBytes());
    }
}
