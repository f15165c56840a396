package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ServerAddress;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Clients that wait for a place, in order of arrival, a line for each server. Leaving from the middle costs nothing. */
final class WaitingLine {

    private final Map<ServerAddress, LinkedHashMap<Long, RoutedClient>> lines = new HashMap<>();

    void add(RoutedClient client) {
        lines.computeIfAbsent(client.key().server(), server -> new LinkedHashMap<>())
                .put(client.id(), client);
    }

    /** @return whether the client was waiting */
    boolean remove(RoutedClient client) {
        LinkedHashMap<Long, RoutedClient> line = lines.get(client.key().server());
        return line != null && line.remove(client.id()) != null;
    }

    @Nullable
    RoutedClient first(ServerAddress server) {
        LinkedHashMap<Long, RoutedClient> line = lines.get(server);
        return line == null || line.isEmpty() ? null : line.values().iterator().next();
    }

    List<ServerAddress> servers() {
        return List.copyOf(lines.keySet());
    }

    List<RoutedClient> all() {
        return lines.values().stream().flatMap(line -> line.values().stream()).toList();
    }

    int size() {
        return lines.values().stream().mapToInt(Map::size).sum();
    }
}
