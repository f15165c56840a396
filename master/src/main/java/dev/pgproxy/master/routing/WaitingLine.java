package dev.pgproxy.master.routing;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Clients that wait for a place, in one line per server. Clients of one pool key (and of one worker, if they are at one already) can be
 * served by the same backends. So only the first client of each such kind need be considered, and of these the earliest arrival goes
 * first. Kinds that count in the same scopes are grouped, so that all clients that wait for one limit can be passed over at once.
 * Removal from the middle is cheap.
 */
final class WaitingLine {

    /** Clients that the same backends can serve; slot 0 for those that any worker may have. */
    private record Kind(PoolKey key, int slot) {
        private static Kind of(RoutedClient client) {
            return new Kind(client.key(), client.slot());
        }
    }

    /** The clients that count in the same scopes: all by kind, and the first of each kind by arrival. */
    private static final class Group {
        private final Map<Kind, TreeMap<Long, RoutedClient>> byKind = new LinkedHashMap<>();
        private final TreeMap<Long, RoutedClient> heads = new TreeMap<>();
    }

    /** Clients that wait for one server. Strangers are kept apart: each neighbour is a group, and most of the time none has a turn. */
    private static final class Line {
        private final Map<List<PlaceLimits.Scope>, Group> known = new LinkedHashMap<>();
        private final Map<List<PlaceLimits.Scope>, Group> strangers = new LinkedHashMap<>();

        private Map<List<PlaceLimits.Scope>, Group> groups(List<PlaceLimits.Scope> scopes) {
            return areOfStrangers(scopes) ? strangers : known;
        }

        private Stream<Group> all() {
            return Stream.concat(known.values().stream(), strangers.values().stream());
        }
    }

    private static boolean areOfStrangers(List<PlaceLimits.Scope> scopes) {
        return !scopes.isEmpty() && scopes.get(0).isOfStrangers();
    }

    private final PlaceLimits limits;
    private final Map<Endpoint, Line> lines = new HashMap<>();
    private int size;
    private long heldBytes;

    WaitingLine(PlaceLimits limits) {
        this.limits = limits;
    }

    private Line line(Endpoint server) {
        return lines.computeIfAbsent(server, key -> new Line());
    }

    void add(RoutedClient client) {
        List<PlaceLimits.Scope> scopes = client.scopes(limits);
        Group group = line(client.key().server()).groups(scopes).computeIfAbsent(scopes, key -> new Group());
        TreeMap<Long, RoutedClient> alike = group.byKind.computeIfAbsent(Kind.of(client), kind -> new TreeMap<>());
        if (!alike.isEmpty()) {
            group.heads.remove(alike.firstKey());
        }
        alike.put(client.sessionId(), client);
        heldBytes += bytes(client);
        group.heads.put(alike.firstKey(), alike.firstEntry().getValue());
        size++;
    }

    /** @return whether the client was waiting */
    boolean remove(RoutedClient client) {
        List<PlaceLimits.Scope> scopes = client.scopes(limits);
        Map<List<PlaceLimits.Scope>, Group> line = line(client.key().server()).groups(scopes);
        Group group = line.get(scopes);
        TreeMap<Long, RoutedClient> alike = group == null ? null : group.byKind.get(Kind.of(client));
        if (group == null || alike == null || alike.remove(client.sessionId()) == null) {
            return false;
        }
        size--;
        heldBytes -= bytes(client);
        group.heads.remove(client.sessionId());
        if (!alike.isEmpty()) {
            group.heads.put(alike.firstKey(), alike.firstEntry().getValue());
        } else {
            group.byKind.remove(Kind.of(client));
            if (group.byKind.isEmpty()) {
                line.remove(scopes);
            }
        }
        return true;
    }

    /** Clients at a worker are counted there. */
    private static int bytes(RoutedClient client) {
        return client.isAtWorker() ? 0 : client.weight();
    }

    /** Whether this very object waits: its client may have been routed again since, as another one. */
    boolean has(RoutedClient client) {
        List<PlaceLimits.Scope> scopes = client.scopes(limits);
        Group group = line(client.key().server()).groups(scopes).get(scopes);
        TreeMap<Long, RoutedClient> alike = group == null ? null : group.byKind.get(Kind.of(client));
        return alike != null && alike.get(client.sessionId()) == client;
    }

    /** The first client of its kind that arrived after this one and counts in none of these scopes; null when there is none. */
    @Nullable
    RoutedClient headAfter(Endpoint server, long sessionId, Set<PlaceLimits.Scope> passedOver) {
        Line line = line(server);
        RoutedClient known = headAfter(line.known, sessionId, passedOver);
        if (passedOver.contains(PlaceLimits.allStrangers(server))) {
            return known;
        }
        RoutedClient stranger = headAfter(line.strangers, sessionId, passedOver);
        return known == null || (stranger != null && stranger.sessionId() < known.sessionId()) ? stranger : known;
    }

    private static @Nullable RoutedClient headAfter(
            Map<List<PlaceLimits.Scope>, Group> groups, long sessionId, Set<PlaceLimits.Scope> passedOver) {
        RoutedClient first = null;
        for (Map.Entry<List<PlaceLimits.Scope>, Group> group : groups.entrySet()) {
            Map.Entry<Long, RoutedClient> next = Collections.disjoint(group.getKey(), passedOver)
                    ? group.getValue().heads.higherEntry(sessionId)
                    : null;
            if (next != null && (first == null || next.getKey() < first.sessionId())) {
                first = next.getValue();
            }
        }
        return first;
    }

    /**
     * The first stranger of the neighbour that was served longest ago.
     *
     * @param passedOver scopes in which no client can be served now
     * @param turns of neighbours, see {@link NeighbourTurns}
     */
    @Nullable
    RoutedClient strangerInTurn(Endpoint server, Set<PlaceLimits.Scope> passedOver, NeighbourTurns turns) {
        RoutedClient first = null;
        for (Map.Entry<List<PlaceLimits.Scope>, Group> group :
                line(server).strangers.entrySet()) {
            if (!Collections.disjoint(group.getKey(), passedOver)) {
                continue;
            }
            RoutedClient head = group.getValue().heads.firstEntry().getValue();
            if (first == null || turns.compare(head, first) < 0) {
                first = head;
            }
        }
        return first;
    }

    /** The first client that has proved who it is and waits at this worker for a backend of this key; null when there is none. */
    @Nullable
    RoutedClient firstAt(int slot, PoolKey key) {
        Group group = line(key.server()).known.get(limits.scopes(key));
        TreeMap<Long, RoutedClient> alike = group == null ? null : group.byKind.get(new Kind(key, slot));
        return alike == null ? null : alike.firstEntry().getValue();
    }

    List<Endpoint> servers() {
        return List.copyOf(lines.keySet());
    }

    List<RoutedClient> all() {
        return lines.values().stream()
                .flatMap(Line::all)
                .flatMap(group -> group.byKind.values().stream())
                .flatMap(alike -> alike.values().stream())
                .toList();
    }

    /** Approximate bytes that the clients that wait here take. */
    long heldBytes() {
        return heldBytes;
    }

    int size() {
        return size;
    }
}
