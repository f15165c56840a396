package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PhaseTest {

    @Test
    void aWholeSwitchoverIsAWay() {
        assertDoesNotThrow(() -> {
            Phase.WATCHING.checkNext(Phase.QUIESCING);
            Phase.QUIESCING.checkNext(Phase.CATCHING_UP);
            Phase.CATCHING_UP.checkNext(Phase.INTENDING);
            Phase.INTENDING.checkNext(Phase.FENCING);
            Phase.FENCING.checkNext(Phase.PROMOTING);
            Phase.PROMOTING.checkNext(Phase.FINISHING);
            Phase.FINISHING.checkNext(Phase.WATCHING);
        });
    }

    @Test
    void nobodyIsPromotedBeforeTheDecisionIsDurable() {
        for (Phase early : Set.of(Phase.QUIESCING, Phase.CATCHING_UP)) {
            IllegalStateException failure =
                    assertThrows(IllegalStateException.class, () -> early.checkNext(Phase.PROMOTING));
            assertEquals("a change of the primary cannot go from " + early + " to PROMOTING", failure.getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FENCING", "PROMOTING"})
    void thereIsNoWayBackOnceTheDecisionIsDurable(Phase durable) {
        for (Phase early : Set.of(Phase.WATCHING, Phase.QUIESCING, Phase.CATCHING_UP, Phase.INTENDING)) {
            assertThrows(IllegalStateException.class, () -> durable.checkNext(early));
        }
    }

    @ParameterizedTest
    @EnumSource
    void noPhaseFollowsItself(Phase each) {
        assertThrows(IllegalStateException.class, () -> each.checkNext(each));
    }
}
