package dev.pgproxy.poolworker.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class QueryProgressTest {

    private final QueryProgress progress = new QueryProgress();

    /** Plays a conversation: client messages after {@code >}, server messages after {@code <}, Z with its status behind. */
    private QueryProgress play(String conversation) {
        boolean client = true;
        for (int i = 0; i < conversation.length(); i++) {
            char c = conversation.charAt(i);
            if (c == '>' || c == '<') {
                client = c == '>';
            } else if (client) {
                progress.onFrontend((byte) c);
            } else if (c == 'Z') {
                progress.onReadyForQuery((byte) conversation.charAt(++i));
            } else {
                progress.onBackend((byte) c);
            }
        }
        return progress;
    }

    @Test
    void simpleQueriesAreCounted() {
        assertTrue(play(">QQ<TDCZI").isRunning());
        assertFalse(play("<TDCZI").isRunning());
        assertTrue(progress.isQuiet());
    }

    @Test
    void transactionStatusIsTheLastOne() {
        assertTrue(play(">Q<CZT").isInTransaction());
        assertTrue(play(">Q<EZE").isInTransaction());
        assertFalse(play(">Q<CZI").isInTransaction());
    }

    @Test
    void pipelinedSequencesAreCountedBySync() {
        assertTrue(play(">PBDESPBDES<12TDCZI").isRunning());
        assertTrue(play("<12TDCZI").isQuiet());
    }

    @Test
    void sequenceWithoutSyncIsOpen() {
        assertFalse(play(">PH<1").isResettable());
        assertTrue(play(">S<ZI").isQuiet());
    }

    @Test
    void copyInOfASimpleQuery() {
        assertFalse(play(">Q<G").isResettable());
        assertTrue(play(">ddc<CZI").isQuiet());
    }

    @Test
    void syncInsideCopyOfTheExtendedProtocolIsNotAnswered() {
        // As libpq does it: Sync right behind Execute, and another one behind CopyDone.
        assertTrue(play(">PBDES<12nG>ddcS<CZI").isQuiet());
    }

    @Test
    void failedCopyOfTheExtendedProtocolNeedsItsSync() {
        assertFalse(play(">PBDES<12nG>d<E").isResettable());
        assertTrue(play(">cS<ZI").isQuiet());
    }

    @Test
    void copyOutEndsWithItsDone() {
        assertFalse(play(">Q<Hddd").isResettable());
        assertTrue(play("<cCZI").isQuiet());
    }

    @Test
    void whatCannotBeCountedIsDoubtful() {
        for (String conversation : new String[] {">PQ<E", "<ZI", ">Q<W"}) {
            QueryProgress fresh = new QueryProgressTest().play(conversation);
            assertFalse(fresh.isResettable(), conversation);
        }
    }

    @Test
    void functionCallsAreAnsweredLikeQueries() {
        assertEquals(true, play(">F").isRunning());
        assertTrue(play("<VZI").isQuiet());
    }
}
