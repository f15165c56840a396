package dev.pgproxy.benchmarks.result;

import dev.pgproxy.benchmarks.peer.PeerKind;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Holds a run against an earlier one. Two runs may be on different machines, or on one machine under different conditions, so only ratios
 * to the yardstick of the same round are compared. A figure has become worse when every round of this run is worse than every round of the
 * earlier one, and the median by more than {@link #TOLERANCE}. With five rounds each, chance alone does that to one figure in 126 for the
 * worse or the better, so a figure that is named deserves a second run before anybody acts on it.
 *
 * @param changes what changed by more than the noise, in the order of the tables
 * @param compared how many figures of pgproxy were compared
 * @param left those that both runs have, but that cannot be compared: too few rounds, or a yardstick of 0
 */
public record Comparison(List<Change> changes, int compared, List<Figure> left) {

    /** Rounds below which the noise is not known. */
    public static final int MIN_ROUNDS = 3;

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

    /** Compares what both runs measured of pgproxy. */
    public static Comparison of(Measurements earlier, Measurements now) {
        List<Change> changes = new ArrayList<>();
        Set<Figure> left = EnumSet.noneOf(Figure.class);
        int compared = 0;
        for (Figure figure : Figure.values()) {
            for (PeerKind peer : PeerKind.values()) {
                if (!peer.isOurs()
                        || earlier.rounds(figure, peer).isEmpty()
                        || now.rounds(figure, peer).isEmpty()) {
                    continue;
                }
                List<Double> before = earlier.ratios(figure, peer, PeerKind.YARDSTICK);
                List<Double> after = now.ratios(figure, peer, PeerKind.YARDSTICK);
                if (Math.min(before.size(), after.size()) < MIN_ROUNDS) {
                    left.add(figure);
                } else {
                    compared++;
                    addIfChanged(figure, peer, Quantiles.of(before), Quantiles.of(after), changes);
                }
            }
        }
        return new Comparison(changes, compared, List.copyOf(left));
    }

    /** Whether a figure became worse. */
    public boolean isWorse() {
        return changes.stream().anyMatch(Change::isWorse);
    }

    private static void addIfChanged(
            Figure figure, PeerKind peer, Quantiles before, Quantiles after, List<Change> changes) {
        boolean apart = after.least() > before.greatest() || after.greatest() < before.least();
        if (apart && Math.abs(after.median() / before.median() - 1) > TOLERANCE) {
            changes.add(new Change(figure, peer, before.median(), after.median()));
        }
    }
}
