package dev.pgproxy.benchmarks.load;

import dev.pgproxy.benchmarks.result.Figure;

/** Takes what a load found. */
@FunctionalInterface
public interface Findings {

    /** @param value in the unit of the figure's chart */
    void found(Figure figure, double value);
}
