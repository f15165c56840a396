package dev.pgproxy.master.routing;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Clients who had the chance to prove who they are and have not yet, by neighbour and in order of arrival. They give way to others. */
final class Unproved {

    private final Map<Long, RoutedClient> clients = new HashMap<>();
    private final Map<String, TreeMap<Long, RoutedClient>> byNeighbour = new HashMap<>();

    void add(RoutedClient client) {
        clients.put(client.id(), client);
        byNeighbour
                .computeIfAbsent(client.neighbour(), neighbour -> new TreeMap<>())
                .put(client.id(), client);
    }

    void remove(long clientId) {
        RoutedClient client = clients.remove(clientId);
        if (client != null) {
            byNeighbour.computeIfPresent(client.neighbour(), (neighbour, ofNeighbour) -> {
                ofNeighbour.remove(clientId);
                return ofNeighbour.isEmpty() ? null : ofNeighbour;
            });
        }
    }

    /** Who gives way first: of the neighbour with most of them, the one that came first. Null when there is nobody. */
    @Nullable
    RoutedClient first() {
        TreeMap<Long, RoutedClient> most = new TreeMap<>();
        for (TreeMap<Long, RoutedClient> ofNeighbour : byNeighbour.values()) {
            if (ofNeighbour.size() > most.size()) {
                most = ofNeighbour;
            }
        }
        return most.isEmpty() ? null : most.firstEntry().getValue();
    }
}
