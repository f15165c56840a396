package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ChangeOfPrimaryTest {

    private static final Endpoint STANDBY = new Endpoint.Tcp("standby", 5432);
    private static final Endpoint OTHER = new Endpoint.Tcp("other", 5432);

    private final ChangeOfPrimary change = new ChangeOfPrimary();

    @Test
    void thereIsACandidateExactlyWhileItIsUnderWay() {
        assertEquals(Optional.empty(), change.candidate());
        change.proceed(Phase.QUIESCING, STANDBY);
        change.proceed(Phase.CATCHING_UP);
        assertEquals(Optional.of(STANDBY), change.candidate());
        assertTrue(change.isTo(STANDBY));
        change.end();
        assertEquals(Optional.empty(), change.candidate());
        assertTrue(change.isIn(Phase.WATCHING));
        assertFalse(change.isTo(STANDBY));
    }

    @Test
    void itContinuesWithNoOtherServer() {
        change.proceed(Phase.INTENDING, STANDBY);
        IllegalStateException failure =
                assertThrows(IllegalStateException.class, () -> change.proceed(Phase.PROMOTING, OTHER));
        assertEquals("a change of the primary to standby:5432 cannot continue with other:5432", failure.getMessage());
        assertTrue(change.isTo(STANDBY) && change.isIn(Phase.INTENDING));
    }

    @Test
    void theLastStepMayAdoptAServerThatWasPromotedElsewhere() {
        change.proceed(Phase.PROMOTING, STANDBY);
        change.proceed(Phase.FINISHING, OTHER);
        assertTrue(change.isTo(OTHER));
        change.end();
    }

    @Test
    void itCannotBeCalledOffOnceTheStandbyMayHaveBeenTold() {
        change.proceed(Phase.PROMOTING, STANDBY);
        assertThrows(IllegalStateException.class, change::end);
        assertTrue(change.isTo(STANDBY));
    }

    @Test
    void onlyItsEndLeadsBackToWatching() {
        change.proceed(Phase.QUIESCING, STANDBY);
        assertThrows(IllegalArgumentException.class, () -> change.proceed(Phase.WATCHING, STANDBY));
        change.end();
        assertThrows(IllegalStateException.class, () -> change.proceed(Phase.CATCHING_UP));
    }
}
