package dev.pgproxy.master.routing;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Clients who had the chance to prove who they are and have not yet. They give way to others: first those of the largest group, in order
 * of arrival. Strangers of one neighbour are a group, and so are those from there who name the same user, where the proxy knows how to ask
 * for the password: who floods with one name costs no other.
 */
final class Unproved {

    private record Group(String neighbour, Optional<String> user) {
        private static Group of(RoutedClient client) {
            return new Group(
                    client.neighbour(),
                    client.standing() == Standing.STRANGER
                            ? Optional.empty()
                            : Optional.of(client.key().parameters().serverUser()));
        }
    }

    private final Map<Long, Group> groupOf = new HashMap<>();
    private final Map<Group, TreeMap<Long, RoutedClient>> groups = new HashMap<>();

    void add(RoutedClient client) {
        remove(client.id());
        Group group = Group.of(client);
        groupOf.put(client.id(), group);
        groups.computeIfAbsent(group, key -> new TreeMap<>()).put(client.id(), client);
    }

    void remove(long clientId) {
        Group group = groupOf.remove(clientId);
        if (group != null) {
            groups.computeIfPresent(group, (key, clients) -> {
                clients.remove(clientId);
                return clients.isEmpty() ? null : clients;
            });
        }
    }

    /** Who gives way first; null when there is nobody. */
    @Nullable
    RoutedClient first() {
        TreeMap<Long, RoutedClient> most = new TreeMap<>();
        for (TreeMap<Long, RoutedClient> clients : groups.values()) {
            if (clients.size() > most.size()) {
                most = clients;
            }
        }
        return most.isEmpty() ? null : most.firstEntry().getValue();
    }
}
