package dev.pgproxy.benchmarks.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.benchmarks.peer.PeerKind;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class MeasurementsTest {

    private final Measurements run = new Measurements();

    /** A machine that is slow in one round is slow for both. */
    @Test
    void aRatioIsOfValuesOfTheSameRound() {
        run.add(Figure.SELECT_8_TPS, PeerKind.PGBOUNCER, 1, 100);
        run.add(Figure.SELECT_8_TPS, PeerKind.PGBOUNCER, 2, 10);
        run.add(Figure.SELECT_8_TPS, PeerKind.PGPROXY_1, 1, 200);
        run.add(Figure.SELECT_8_TPS, PeerKind.PGPROXY_1, 2, 20);
        assertEquals(OptionalDouble.of(2), run.ratio(Figure.SELECT_8_TPS, PeerKind.PGPROXY_1, PeerKind.PGBOUNCER));
        assertEquals(OptionalDouble.of(110), run.median(Figure.SELECT_8_TPS, PeerKind.PGPROXY_1));
    }

    /** So that a slower one is noticed in a comparison. */
    @Test
    void aHandOverIsComparedWithALogin() {
        run.add(Figure.LOGIN_P50, PeerKind.PGBOUNCER, 1, 100);
        run.add(Figure.HAND_OVER, PeerKind.PGPROXY_1, 1, 50);
        assertEquals(OptionalDouble.of(0.5), run.ratio(Figure.HAND_OVER, PeerKind.PGPROXY_1, PeerKind.PGBOUNCER));
    }

    @Test
    void roundsThatTheOtherMissesOrWhereItIsZeroHaveNoRatio() {
        run.add(Figure.IDLE_CPU, PeerKind.PGBOUNCER, 1, 0);
        run.add(Figure.IDLE_CPU, PeerKind.PGPROXY_1, 1, 1);
        run.add(Figure.IDLE_CPU, PeerKind.PGPROXY_1, 2, 1);
        assertTrue(run.ratio(Figure.IDLE_CPU, PeerKind.PGPROXY_1, PeerKind.PGBOUNCER)
                .isEmpty());
    }

    @Test
    void namesThePeersThatWereMeasuredInTheirOrder() {
        run.add(Figure.IDLE_CPU, PeerKind.HAPROXY, 1, 0);
        run.add(Figure.START, PeerKind.DIRECT, 1, 0);
        assertEquals(List.of(PeerKind.DIRECT, PeerKind.HAPROXY), run.peers());
    }
}
