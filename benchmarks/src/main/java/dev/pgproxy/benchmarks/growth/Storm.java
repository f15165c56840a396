package dev.pgproxy.benchmarks.growth;

import dev.pgproxy.benchmarks.result.Quantiles;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Clients that all connected at once: how long each waited, and whether they were let in in the order in which they came. */
final class Storm {

    private final List<Double> waitsMs = new ArrayList<>();
    private final List<Double> overtakers = new ArrayList<>();

    /** The places, in the order in which they came, of the clients that are in. */
    private final BitSet in = new BitSet();

    /**
     * Notes clients that were seen to be in at the same time, so that none of them overtook another.
     *
     * @param places of each in the order in which they came, from 0
     * @param waitsMs of each, in the same order
     */
    void letIn(List<Integer> places, List<Double> waitsMs) {
        for (int place : places) {
            overtakers.add((double) in.get(place, Math.max(place, in.length())).cardinality());
        }
        places.forEach(in::set);
        this.waitsMs.addAll(waitsMs);
    }

    int countIn() {
        return in.cardinality();
    }

    /** How long each client waited for its ReadyForQuery since it began to connect, in ms. */
    Quantiles waitsMs() {
        return Quantiles.of(waitsMs);
    }

    /** How many of those who came later were let in before a client. */
    Quantiles overtakers() {
        return Quantiles.of(overtakers);
    }
}
