package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.pool.PoolKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Clients that wait for a place, a line for each server. Those of one pool key can be served by the same backends, so only the
 * first of each key need be looked at; of these, the one that arrived first comes first. Leaving from the middle costs little.
 */
final class WaitingLine {

    /** The clients of one server: all by key, and the first of each key by arrival. */
    private static final class Line {
        private final Map<PoolKey, TreeMap<Long, RoutedClient>> byKey = new HashMap<>();
        private final TreeMap<Long, RoutedClient> heads = new TreeMap<>();
        private int size;
    }

    private final Map<ServerAddress, Line> lines = new HashMap<>();

    void add(RoutedClient client) {
        Line line = lines.computeIfAbsent(client.key().server(), server -> new Line());
        TreeMap<Long, RoutedClient> alike = line.byKey.computeIfAbsent(client.key(), key -> new TreeMap<>());
        if (!alike.isEmpty()) {
            line.heads.remove(alike.firstKey());
        }
        alike.put(client.id(), client);
        line.heads.put(alike.firstKey(), alike.firstEntry().getValue());
        line.size++;
    }

    /** @return whether the client was waiting */
    boolean remove(RoutedClient client) {
        Line line = lines.get(client.key().server());
        TreeMap<Long, RoutedClient> alike = line == null ? null : line.byKey.get(client.key());
        if (line == null || alike == null || alike.remove(client.id()) == null) {
            return false;
        }
        line.size--;
        line.heads.remove(client.id());
        if (alike.isEmpty()) {
            line.byKey.remove(client.key());
        } else {
            line.heads.put(alike.firstKey(), alike.firstEntry().getValue());
        }
        return true;
    }

    /** The first client of its key that arrived after this one; null when there is none. */
    @Nullable
    RoutedClient headAfter(ServerAddress server, long clientId) {
        Line line = lines.get(server);
        Map.Entry<Long, RoutedClient> next = line == null ? null : line.heads.higherEntry(clientId);
        return next == null ? null : next.getValue();
    }

    List<ServerAddress> servers() {
        return List.copyOf(lines.keySet());
    }

    List<RoutedClient> all() {
        return lines.values().stream()
                .flatMap(line -> line.byKey.values().stream())
                .flatMap(alike -> alike.values().stream())
                .toList();
    }

    int size() {
        return lines.values().stream().mapToInt(line -> line.size).sum();
    }
}
