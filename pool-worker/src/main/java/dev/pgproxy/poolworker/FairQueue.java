package dev.pgproxy.poolworker;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A queue of work from many parties that take turns, so that none has to wait for all the work of another. No role
 * can occupy all places at once. Not thread-safe.
 *
 * @param <T> a piece of work
 */
final class FairQueue<T> {

    /** Whose work it is: the role that a client logs in as, and the client's address. */
    record Party(String role, String address) {}

    private final int places;
    private final int mostWaiting;
    private final int mostOfOne;
    /** Parties with waiting work, the one whose turn is next first. */
    private final LinkedHashMap<Party, ArrayDeque<T>> waiting = new LinkedHashMap<>();

    private final Map<String, Integer> runningByRole = new HashMap<>();
    private int running;
    private int size;

    /**
     * @param places pieces of work that can run at once, at least 2; one role can occupy all but one
     * @param mostWaiting pieces that may wait
     * @param mostOfOne pieces of one party that may wait
     */
    FairQueue(int places, int mostWaiting, int mostOfOne) {
        this.places = places;
        this.mostWaiting = mostWaiting;
        this.mostOfOne = mostOfOne;
    }

    /** @return false when too much waits already */
    boolean add(Party party, T work) {
        ArrayDeque<T> own = waiting.get(party);
        if (size >= mostWaiting || (own != null && own.size() >= mostOfOne)) {
            return false;
        }
        waiting.computeIfAbsent(party, key -> new ArrayDeque<>()).add(work);
        size++;
        return true;
    }

    /** A piece of work that starts now, and its party. */
    record Begun<T>(Party party, T work) {}

    /** Takes the next piece of work that can start; null when none waits or no place is free. {@link #ended} must follow. */
    @Nullable
    Begun<T> next() {
        Iterator<Map.Entry<Party, ArrayDeque<T>>> parties = waiting.entrySet().iterator();
        while (running < places && parties.hasNext()) {
            Map.Entry<Party, ArrayDeque<T>> entry = parties.next();
            Party party = entry.getKey();
            if (runningByRole.getOrDefault(party.role(), 0) < places - 1) {
                ArrayDeque<T> own = entry.getValue();
                T work = own.remove();
                parties.remove();
                if (!own.isEmpty()) {
                    waiting.put(party, own); // After all others.
                }
                size--;
                running++;
                runningByRole.merge(party.role(), 1, Integer::sum);
                return new Begun<>(party, work);
            }
        }
        return null;
    }

    /** A piece of work of this party is done. */
    void ended(Party party) {
        running--;
        runningByRole.merge(party.role(), -1, (a, b) -> a + b == 0 ? null : a + b);
    }
}
