package dev.pgproxy.master.routing;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Clients who had the chance to prove who they are and have not yet, wherever they are. They give way to others: first those of the largest group, in order
 * of arrival. Strangers of one neighbour are a group, and so are those from there who name the same user, where the proxy knows how to ask
 * for the password: who floods with one name costs no other.
 */
final class Unproved {

    /** Small ones that make room for one larger client. */
    private static final int MAX_AT_ONCE = 4;

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

    /**
     * Who gives way first.
     *
     * @param bytes what they are to take together, at least
     * @param may who can be chosen
     * @return nobody when those of the largest group who came first, {@link #MAX_AT_ONCE} of them, take less
     */
    List<RoutedClient> first(int bytes, Predicate<RoutedClient> may) {
        TreeMap<Long, RoutedClient> most = new TreeMap<>();
        for (TreeMap<Long, RoutedClient> clients : groups.values()) {
            if (clients.size() > most.size() && clients.values().stream().anyMatch(may)) {
                most = clients;
            }
        }
        List<RoutedClient> chosen = new ArrayList<>();
        int sum = 0;
        for (RoutedClient client : most.values()) {
            if (!may.test(client)) {
                continue;
            }
            chosen.add(client);
            sum += client.weight();
            if (sum >= bytes) {
                return chosen;
            }
            if (chosen.size() == MAX_AT_ONCE) {
                break;
            }
        }
        return List.of();
    }
}
