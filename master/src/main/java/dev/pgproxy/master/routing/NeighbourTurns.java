package dev.pgproxy.master.routing;

import java.util.LinkedHashMap;
import java.util.Map;

/** When strangers of each neighbour had a place the last time: whose was longest ago is next, so a crowd from one place keeps out no other. */
final class NeighbourTurns {

    /** Neighbours that are remembered; above it the one that was served longest ago is forgotten, and is as one that never was. */
    private static final int MAX_REMEMBERED = 10_000;

    private final Map<String, Long> servedAt = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > MAX_REMEMBERED;
        }
    };

    private long served;

    /** A stranger of this neighbour has a place now. */
    void served(String neighbour) {
        servedAt.remove(neighbour);
        servedAt.put(neighbour, ++served);
    }

    /** Negative when the first is to be served before the second. */
    int compare(RoutedClient one, RoutedClient other) {
        int byTurn =
                Long.compare(servedAt.getOrDefault(one.neighbour(), 0L), servedAt.getOrDefault(other.neighbour(), 0L));
        return byTurn != 0 ? byTurn : Long.compare(one.sessionId(), other.sessionId());
    }
}
