package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HealthTest {

    @Test
    void aPrimaryDiesAfterItWasSuspectedAndMayComeBackAtAnyTime() {
        assertDoesNotThrow(() -> {
            Health.ALIVE.checkNext(Health.SUSPECT);
            Health.SUSPECT.checkNext(Health.ALIVE);
            Health.SUSPECT.checkNext(Health.DOWN);
            Health.DOWN.checkNext(Health.ALIVE);
        });
    }

    @Test
    void aPrimaryThatWasNeverSuspectedIsNotDown() {
        IllegalStateException failure =
                assertThrows(IllegalStateException.class, () -> Health.ALIVE.checkNext(Health.DOWN));
        assertEquals("the primary's health cannot go from ALIVE to DOWN", failure.getMessage());
        assertThrows(IllegalStateException.class, () -> Health.DOWN.checkNext(Health.SUSPECT));
    }

    @ParameterizedTest
    @EnumSource
    void noHealthFollowsItself(Health each) {
        assertThrows(IllegalStateException.class, () -> each.checkNext(each));
    }
}
