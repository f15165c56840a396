package dev.pgproxy.benchmarks.result;

import dev.pgproxy.benchmarks.peer.PeerKind;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds a run against an earlier one. Two runs meet different machines, or a machine in different moods, so only ratios to the yardstick
 * of the same round are compared. A figure has become worse when every round of this run is worse than every round of the earlier one,
 * and the median by more than {@link #TOLERANCE}: with five rounds each, chance alone does that once in 252 times.
 */
public final class Comparison {

    /** A change of the median that nobody would act on, as a share. */
    static final double TOLERANCE = 0.03;

    /**
     * A figure that is worse than before, or better.
     *
     * @param before median ratio to the yardstick in the earlier run
     * @param now the same in this run
     */
    public record Change(Figure figure, PeerKind peer, double before, double now) {

        public boolean isWorse() {
            return figure.isWorse(now, before);
        }

        @Override
        public String toString() {
            return peer.title() + ", " + figure.chart().title() + ", " + figure.title() + ": "
                    + Numbers.ratio(before) + " -> " + Numbers.ratio(now) + " x "
                    + PeerKind.YARDSTICK.title() + (isWorse() ? ", worse" : ", better");
        }
    }

    private Comparison() {}

    /** What changed by more than the noise, in the order of the tables. */
    public static List<Change> of(Measurements earlier, Measurements now) {
        List<Change> changes = new ArrayList<>();
        for (Figure figure : Figure.values()) {
            for (PeerKind peer : PeerKind.values()) {
                if (peer.isOurs()) {
                    List<Double> before = earlier.ratios(figure, peer, PeerKind.YARDSTICK);
                    List<Double> after = now.ratios(figure, peer, PeerKind.YARDSTICK);
                    if (!before.isEmpty() && !after.isEmpty()) {
                        addIfChanged(figure, peer, Quantiles.of(before), Quantiles.of(after), changes);
                    }
                }
            }
        }
        return changes;
    }

    private static void addIfChanged(
            Figure figure, PeerKind peer, Quantiles before, Quantiles after, List<Change> changes) {
        boolean apart = after.least() > before.greatest() || after.greatest() < before.least();
        if (apart && Math.abs(after.median() / before.median() - 1) > TOLERANCE) {
            changes.add(new Change(figure, peer, before.median(), after.median()));
        }
    }
}
