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

    /** Which answer is next decides what a COPY belongs to. */
    @Test
    void answersArriveInTheOrderOfTheirQuestions() {
        play(">QPBESQQ<DCZI12CZICZI");
        play("<G");
        assertFalse(progress.isAtRest());
        assertQuiet(play(">dc<CZI"));
        assertTrue(progress.isAtRest());
    }

    @Test
    void aCopyWhoseStatementIsNotClearMakesTheStateDoubtful() {
        assertFalse(play(">QPBES<GCZI12CZI").isResettable());
        assertFalse(progress.isRunning());
    }

    @Test
    void manyAnswersAreCounted() {
        assertTrue(play(">" + "PBES".repeat(200) + "<" + "12CZI".repeat(199)).isRunning());
        assertQuiet(play("<12CZI"));
        play(">" + "Q".repeat(200) + "<" + "CZI".repeat(199) + "G");
        assertQuiet(play(">dc<CZI"));
    }

    /** More than can be told apart: the order of the last ones is not known. */
    @Test
    void tooManyAnswersOfBothKindsMakeTheStateDoubtful() {
        assertTrue(play(">" + "Q".repeat(64)).isResettable());
        assertFalse(play(">PBES").isResettable());
        play("<" + "CZI".repeat(64) + "12CZI");
        assertFalse(progress.isRunning());
    }

    @Test
    void bothKindsAreToldApartUpToABound() {
        play(">" + "QPBES".repeat(32) + "<" + "CZI12CZI".repeat(31) + "CZI12C");
        assertTrue(progress.isRunning());
        assertQuiet(play("<ZI>Q<G>dc<CZI"));
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
