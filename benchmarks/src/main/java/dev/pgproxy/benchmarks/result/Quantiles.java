package dev.pgproxy.benchmarks.result;

import java.util.Arrays;
import java.util.Collection;

/** Quantiles of values that were all kept, so that none is estimated. */
public final class Quantiles {

    private final double[] sorted;

    private Quantiles(double[] sorted) {
        this.sorted = sorted;
    }

    /** @throws IllegalArgumentException when there are no values */
    public static Quantiles of(Collection<Double> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("no values to take a quantile of");
        }
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return new Quantiles(sorted);
    }

    /** The median; of an even number of values the mean of the middle two. */
    public double median() {
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /**
     * The smallest value that this share of all values does not exceed (the nearest rank).
     *
     * @param share above 0, at most 1
     */
    public double at(double share) {
        return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
    }

    public double least() {
        return sorted[0];
    }

    public double greatest() {
        return sorted[sorted.length - 1];
    }
}
