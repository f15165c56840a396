package dev.pgproxy.master.routing;

import java.util.LinkedHashMap;
import java.util.Map;

/** When each neighbour's strangers last got a place. The neighbour served longest ago is next, so a crowd from one keeps out no other. */
final class NeighbourTurns {

    /** Neighbours to remember; beyond this, the one served longest ago is forgotten and counts as never served. */
    private static final int MAX_REMEMBERED = 10_000;

    private final Map<String, Long> servedAt = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > MAX_REMEMBERED;
        }
    };

    private long served;

    /** A stranger of this neighbour has got a place. */
    void served(String neighbour) {
        servedAt.remove(neighbour);
        servedAt.put(neighbour, ++served);
    }

    /** Negative when the first client goes before the second. */
    int compare(RoutedClient one, RoutedClient other) {
        int byTurn =
                Long.compare(servedAt.getOrDefault(one.neighbour(), 0L), servedAt.getOrDefault(other.neighbour(), 0L));
        return byTurn != 0 ? byTurn : Long.compare(one.sessionId(), other.sessionId());
    }
}
