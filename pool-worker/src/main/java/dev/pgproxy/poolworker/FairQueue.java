package dev.pgproxy.poolworker;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Work of many, of whom none is to wait for all that another one brings: those who have something to do take turns, and nobody has all
 * places at once. Not thread-safe.
 *
 * @param <T> a piece of work
 */
final class FairQueue<T> {

    /** Whose work it is: the role that a client wants to be, and where it comes from. */
    record Party(String role, String address) {}

    private final int places;
    private final int mostWaiting;
    private final int mostOfOne;
    /** Those who have work waiting, the one whose turn is next first. */
    private final LinkedHashMap<Party, ArrayDeque<T>> waiting = new LinkedHashMap<>();

    private final Map<String, Integer> runningByRole = new HashMap<>();
    private int running;
    private int size;

    /**
     * @param places pieces of work that can be done at once, at least 2: one role has one less
     * @param mostWaiting pieces that may wait
     * @param mostOfOne of them of one party
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

    /** A piece of work that is begun now, and whose it is. */
    record Begun<T>(Party party, T work) {}

    /** Takes what can be begun; null when there is nothing, or no place for it. {@link #ended} is to follow. */
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
                    waiting.put(party, own); // Behind all others.
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
