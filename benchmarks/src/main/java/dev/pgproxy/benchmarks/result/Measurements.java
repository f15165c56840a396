package dev.pgproxy.benchmarks.result;

import dev.pgproxy.benchmarks.peer.PeerKind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;

/** The values of one run: of each figure, for each peer, in each round. */
public final class Measurements {

    private final Map<Figure, Map<PeerKind, SortedMap<Integer, Double>>> values = new EnumMap<>(Figure.class);

    /** @param round counted from 1 */
    public void add(Figure figure, PeerKind peer, int round, double value) {
        values.computeIfAbsent(figure, any -> new EnumMap<>(PeerKind.class))
                .computeIfAbsent(peer, any -> new TreeMap<>())
                .put(round, value);
    }

    /** The peers that were measured, in the order of the tables. */
    public List<PeerKind> peers() {
        return List.of(PeerKind.values()).stream()
                .filter(kind -> values.values().stream().anyMatch(each -> each.containsKey(kind)))
                .toList();
    }

    /** The charts of which at least one figure was measured, in the order of the tables. */
    public List<Figure.Chart> charts() {
        return List.of(Figure.Chart.values()).stream()
                .filter(chart -> chart.figures().stream().anyMatch(values::containsKey))
                .toList();
    }

    /** The values by round; empty when the figure was not measured for this peer. */
    public SortedMap<Integer, Double> rounds(Figure figure, PeerKind peer) {
        return values.getOrDefault(figure, Map.of()).getOrDefault(peer, new TreeMap<>());
    }

    /** The median of all rounds; empty when the figure was not measured for this peer. */
    public OptionalDouble median(Figure figure, PeerKind peer) {
        return median(rounds(figure, peer).values());
    }

    /** One peer's value by another's of the same figure or its yardstick, in each round in which both were measured and the other's is not 0. */
    public List<Double> ratios(Figure figure, PeerKind peer, PeerKind to) {
        SortedMap<Integer, Double> yardstick = rounds(figure.yardstick(), to);
        List<Double> ratios = new ArrayList<>();
        rounds(figure, peer).forEach((round, value) -> {
            double divisor = yardstick.getOrDefault(round, 0.0);
            if (divisor != 0) {
                ratios.add(value / divisor);
            }
        });
        return ratios;
    }

    /** The median of {@link #ratios}; empty when there are none. */
    public OptionalDouble ratio(Figure figure, PeerKind peer, PeerKind to) {
        return median(ratios(figure, peer, to));
    }

    private static OptionalDouble median(Collection<Double> values) {
        return values.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(Quantiles.of(values).median());
    }
}
