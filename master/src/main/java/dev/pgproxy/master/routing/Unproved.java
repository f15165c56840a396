package dev.pgproxy.master.routing;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Clients that could have been asked for a proof of who they are and have not given it yet, both here and at workers. They give way to
 * others: first those of the largest group, in order of arrival. The strangers of one neighbour are a group. Where the proxy knows how to
 * ask for the password, the clients of one neighbour with one user name are a group, so a flood with one name costs no other.
 */
final class Unproved {

    /** Small clients that may make room for one larger client. */
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

    private static final class Members {
        private final TreeMap<Long, RoutedClient> here = new TreeMap<>();
        private final TreeMap<Long, RoutedClient> atWorkers = new TreeMap<>();

        private int size() {
            return here.size() + atWorkers.size();
        }

        /** The first few by arrival. */
        private List<RoutedClient> first(boolean evenAtWorkers) {
            Stream<RoutedClient> few = here.values().stream().limit(MAX_AT_ONCE);
            return evenAtWorkers
                    ? Stream.concat(few, atWorkers.values().stream().limit(MAX_AT_ONCE))
                            .sorted(Comparator.comparingLong(RoutedClient::sessionId))
                            .limit(MAX_AT_ONCE)
                            .toList()
                    : few.toList();
        }
    }

    private final Map<Long, Group> groupOf = new HashMap<>();
    private final Map<Group, Members> groups = new LinkedHashMap<>();

    /** It waits in the master. */
    void addHere(RoutedClient client) {
        members(client).here.put(client.sessionId(), client);
    }

    /** It was sent to a worker. */
    void addAtWorker(RoutedClient client) {
        members(client).atWorkers.put(client.sessionId(), client);
    }

    private Members members(RoutedClient client) {
        remove(client.sessionId());
        Group group = Group.of(client);
        groupOf.put(client.sessionId(), group);
        return groups.computeIfAbsent(group, key -> new Members());
    }

    void remove(long sessionId) {
        Group group = groupOf.remove(sessionId);
        if (group != null) {
            groups.computeIfPresent(group, (key, members) -> {
                members.here.remove(sessionId);
                members.atWorkers.remove(sessionId);
                return members.size() == 0 ? null : members;
            });
        }
    }

    /**
     * The clients that give way first.
     *
     * @param bytes that they must take together, at least
     * @param evenAtWorkers whether clients at workers can be chosen
     * @return empty if the first {@link #MAX_AT_ONCE} clients of the largest group take less
     */
    List<RoutedClient> first(int bytes, boolean evenAtWorkers) {
        @Nullable Members most = null;
        for (Members members : groups.values()) {
            boolean canGiveWay = evenAtWorkers || !members.here.isEmpty();
            if (canGiveWay && (most == null || members.size() > most.size())) {
                most = members;
            }
        }
        List<RoutedClient> chosen = new ArrayList<>();
        int sum = 0;
        for (RoutedClient client : most == null ? List.<RoutedClient>of() : most.first(evenAtWorkers)) {
            chosen.add(client);
            sum += client.weight();
            if (sum >= bytes) {
                return chosen;
            }
        }
        return List.of();
    }
}
