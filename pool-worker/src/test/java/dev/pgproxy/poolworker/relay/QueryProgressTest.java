package dev.pgproxy.poolworker.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class QueryProgressTest {

    private final QueryProgress progress = new QueryProgress();

    /** Plays a conversation: client messages after {@code >}, server messages after {@code <}, Z followed by its status. */
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

    private static void assertQuiet(QueryProgress progress) {
        assertFalse(progress.isRunning());
        assertTrue(progress.isResettable());
    }

    @Test
    void simpleQueriesAreCounted() {
        assertTrue(play(">QQ<TDCZI").isRunning());
        assertFalse(play("<TDCZI").isRunning());
        assertQuiet(progress);
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
        assertQuiet(play("<12TDCZI"));
    }

    @Test
    void sequenceWithoutSyncIsOpen() {
        assertFalse(play(">PH<1").isResettable());
        assertQuiet(play(">S<ZI"));
    }

    @Test
    void copyInOfASimpleQuery() {
        assertFalse(play(">Q<G").isResettable());
        assertQuiet(play(">ddc<CZI"));
    }

    @Test
    void syncInsideCopyOfTheExtendedProtocolIsNotAnswered() {
        // As libpq does it: Sync right after Execute, and another one after CopyDone.
        assertQuiet(play(">PBDES<12nG>ddcS<CZI"));
    }

    @Test
    void failedCopyOfTheExtendedProtocolNeedsItsSync() {
        assertFalse(play(">PBDES<12nG>d<E").isResettable());
        assertQuiet(play(">cS<ZI"));
    }

    @Test
    void copyOutEndsWithItsDone() {
        assertFalse(play(">Q<Hddd").isResettable());
        assertQuiet(play("<cCZI"));
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
        assertQuiet(play("<VZI"));
    }
}
