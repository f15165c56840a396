package dev.pgproxy.benchmarks.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.benchmarks.peer.PeerKind;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {

    /** pgbouncer's values double from one run to the next: another machine. */
    private static Measurements run(Figure figure, double machine, double... ratios) {
        Measurements run = new Measurements();
        for (int i = 0; i < ratios.length; i++) {
            run.add(figure, PeerKind.YARDSTICK, i + 1, machine);
            run.add(figure, PeerKind.PGPROXY_1, i + 1, machine * ratios[i]);
        }
        return run;
    }

    @Test
    void namesWhatBecameWorseInEveryRoundWhateverTheMachine() {
        List<Comparison.Change> changes = Comparison.of(
                        run(Figure.SELECT_8_CPU, 10, 1.0, 1.1, 1.05), run(Figure.SELECT_8_CPU, 20, 1.2, 1.3, 1.25))
                .changes();
        assertEquals(1, changes.size());
        assertTrue(changes.get(0).isWorse());
        assertEquals(
                "pgproxy, 1 worker, CPU of the proxy for each transaction, pgbench -S -c 8: 1.05 -> 1.25 x pgbouncer, worse",
                changes.get(0).toString());
    }

    @Test
    void moreIsBetterForARate() {
        Comparison better =
                Comparison.of(run(Figure.SELECT_8_TPS, 10, 1.0, 1.1, 1.0), run(Figure.SELECT_8_TPS, 10, 1.2, 1.3, 1.2));
        assertEquals(1, better.changes().size());
        assertFalse(better.isWorse());
    }

    private static void assertNoise(double[] before, double[] now) {
        Comparison comparison = Comparison.of(run(Figure.SELECT_8_CPU, 10, before), run(Figure.SELECT_8_CPU, 10, now));
        assertEquals(List.of(), comparison.changes());
        assertEquals(1, comparison.compared());
    }

    @Test
    void roundsThatOverlapAreNoise() {
        assertNoise(new double[] {1.0, 1.3, 1.0}, new double[] {1.29, 1.5, 1.6});
    }

    @Test
    void aChangeThatNobodyWouldActOnIsNone() {
        assertNoise(new double[] {1.0, 1.0, 1.0}, new double[] {1.02, 1.02, 1.02});
    }

    private static void assertLeft(Measurements before, Measurements now) {
        Comparison comparison = Comparison.of(before, now);
        assertEquals(List.of(Figure.SELECT_8_CPU), comparison.left());
        assertEquals(0, comparison.compared());
    }

    @Test
    void withTooFewRoundsTheNoiseIsNotKnown() {
        assertLeft(run(Figure.SELECT_8_CPU, 10, 1.0, 1.0, 1.0), run(Figure.SELECT_8_CPU, 10, 2.0, 2.0));
    }

    @Test
    void aYardstickOfZeroMeasuresNothing() {
        assertLeft(run(Figure.SELECT_8_CPU, 10, 1.0, 1.0, 1.0), run(Figure.SELECT_8_CPU, 0, 1.0, 1.0, 1.0));
    }

    @Test
    void whatOnlyOneOfThemMeasuredIsNotCompared() {
        Comparison comparison =
                Comparison.of(run(Figure.SELECT_8_CPU, 10, 1.0, 1.0, 1.0), run(Figure.START, 10, 2.0, 2.0, 2.0));
        assertEquals(new Comparison(List.of(), 0, List.of()), comparison);
    }
}
