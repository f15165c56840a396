package dev.pgproxy.benchmarks.growth;

import dev.pgproxy.benchmarks.result.Quantiles;
import java.util.ArrayList;
import java.util.List;

/** Clients that all connected at once: how long each waited, and whether they were served in the order in which they came. */
final class Storm {

    private final List<Double> waitsMs = new ArrayList<>();
    private final List<Double> overtakers = new ArrayList<>();

    /** Of each place in the line of those who came, whether that client is in. */
    private final List<Boolean> in = new ArrayList<>();

    /** Takes the places of clients that were seen to be in at the same time, so that none of them overtook another. */
    void serve(List<Integer> places, double waitMs) {
        for (int place : places) {
            while (in.size() <= place) {
                in.add(false);
            }
            waitsMs.add(waitMs);
            overtakers.add((double) in.subList(place + 1, in.size()).stream()
                    .filter(served -> served)
                    .count());
        }
        for (int place : places) {
            in.set(place, true);
        }
    }

    int served() {
        return waitsMs.size();
    }

    /** How long the clients waited for their ReadyForQuery, since the first of them began to connect, in ms. */
    Quantiles waitsMs() {
        return Quantiles.of(waitsMs);
    }

    /** How many of those who came later were served before a client. */
    Quantiles overtakers() {
        return Quantiles.of(overtakers);
    }
}
