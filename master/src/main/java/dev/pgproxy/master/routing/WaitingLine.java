package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.pool.PoolKey;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Clients that wait for a place, a line for each server. Those of one pool key, and at one worker if they are at one already, can be
 * served by the same backends, so only the first of each such kind need be looked at; of these, the one that arrived first comes
 * first. Kinds that count in the same scopes are held together, so that all who wait for one limit can be passed over at once.
 * Leaving from the middle costs little.
 */
final class WaitingLine {

    /** Whom the same backends can serve; slot 0 for those whom any worker may have. */
    private record Kind(PoolKey key, int slot) {
        private static Kind of(RoutedClient client) {
            return new Kind(client.key(), client.slot());
        }
    }

    /** The clients that count in the same scopes: all by kind, and the first of each kind by arrival. */
    private static final class Group {
        private final Map<Kind, TreeMap<Long, RoutedClient>> byKind = new HashMap<>();
        private final TreeMap<Long, RoutedClient> heads = new TreeMap<>();
    }

    private final PlaceLimits limits;
    private final Map<ServerAddress, Map<List<PlaceLimits.Scope>, Group>> lines = new HashMap<>();
    private int size;
    private long heldBytes;

    WaitingLine(PlaceLimits limits) {
        this.limits = limits;
    }

    private Map<List<PlaceLimits.Scope>, Group> line(ServerAddress server) {
        return lines.computeIfAbsent(server, key -> new HashMap<>());
    }

    void add(RoutedClient client) {
        Group group = line(client.key().server()).computeIfAbsent(client.scopes(limits), scopes -> new Group());
        TreeMap<Long, RoutedClient> alike = group.byKind.computeIfAbsent(Kind.of(client), kind -> new TreeMap<>());
        if (!alike.isEmpty()) {
            group.heads.remove(alike.firstKey());
        }
        alike.put(client.id(), client);
        heldBytes += bytes(client);
        group.heads.put(alike.firstKey(), alike.firstEntry().getValue());
        size++;
    }

    /** @return whether the client was waiting */
    boolean remove(RoutedClient client) {
        Map<List<PlaceLimits.Scope>, Group> line = line(client.key().server());
        List<PlaceLimits.Scope> scopes = client.scopes(limits);
        Group group = line.get(scopes);
        TreeMap<Long, RoutedClient> alike = group == null ? null : group.byKind.get(Kind.of(client));
        if (group == null || alike == null || alike.remove(client.id()) == null) {
            return false;
        }
        size--;
        heldBytes -= bytes(client);
        group.heads.remove(client.id());
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

    /** What a worker has is counted there. */
    private static int bytes(RoutedClient client) {
        return client.isAtWorker() ? 0 : client.weight();
    }

    boolean has(RoutedClient client) {
        Group group = line(client.key().server()).get(client.scopes(limits));
        TreeMap<Long, RoutedClient> alike = group == null ? null : group.byKind.get(Kind.of(client));
        return alike != null && alike.containsKey(client.id());
    }

    /** The first client of its kind that arrived after this one and counts in none of these scopes; null when there is none. */
    @Nullable
    RoutedClient headAfter(ServerAddress server, long clientId, Set<PlaceLimits.Scope> passedOver) {
        RoutedClient first = null;
        for (Map.Entry<List<PlaceLimits.Scope>, Group> group : line(server).entrySet()) {
            Map.Entry<Long, RoutedClient> next = Collections.disjoint(group.getKey(), passedOver)
                    ? group.getValue().heads.higherEntry(clientId)
                    : null;
            if (next != null && (first == null || next.getKey() < first.id())) {
                first = next.getValue();
            }
        }
        return first;
    }

    /**
     * The first stranger of the neighbour that was served longest ago.
     *
     * @param passedOver scopes in which nobody can be served now
     * @param turns of neighbours, see {@link NeighbourTurns}
     */
    @Nullable
    RoutedClient strangerInTurn(ServerAddress server, Set<PlaceLimits.Scope> passedOver, NeighbourTurns turns) {
        RoutedClient first = null;
        for (Map.Entry<List<PlaceLimits.Scope>, Group> group : line(server).entrySet()) {
            if (group.getKey().isEmpty()
                    || !group.getKey().get(0).isOfStrangers()
                    || !Collections.disjoint(group.getKey(), passedOver)) {
                continue;
            }
            RoutedClient head = group.getValue().heads.firstEntry().getValue();
            if (first == null || turns.compare(head, first) < 0) {
                first = head;
            }
        }
        return first;
    }

    /** The first client who has proved who it is and waits at this worker for a backend of this key; null when there is none. */
    @Nullable
    RoutedClient firstAt(int slot, PoolKey key) {
        Group group = line(key.server()).get(limits.scopes(key));
        TreeMap<Long, RoutedClient> alike = group == null ? null : group.byKind.get(new Kind(key, slot));
        return alike == null ? null : alike.firstEntry().getValue();
    }

    List<ServerAddress> servers() {
        return List.copyOf(lines.keySet());
    }

    List<RoutedClient> all() {
        return lines.values().stream()
                .flatMap(line -> line.values().stream())
                .flatMap(group -> group.byKind.values().stream())
                .flatMap(alike -> alike.values().stream())
                .toList();
    }

    /** Bytes that those who wait take, about. */
    long heldBytes() {
        return heldBytes;
    }

    int size() {
        return size;
    }
}
