package dev.pgproxy.poolworker;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.poolworker.session.Session;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The sessions of this worker. */
public final class Sessions {

    private final Map<Long, Session> byId = new HashMap<>();

    void add(Session session) {
        byId.put(session.id(), session);
    }

    void remove(Session session) {
        byId.remove(session.id());
    }

    @Nullable
    Session byId(long id) {
        return byId.get(id);
    }

    /** A live view: do not end sessions while iterating over it. */
    public Collection<Session> all() {
        return Collections.unmodifiableCollection(byId.values());
    }

    List<Session> snapshot() {
        return List.copyOf(byId.values());
    }

    /** The sessions on this server. */
    List<Session> of(Endpoint server) {
        return byId.values().stream()
                .filter(session -> session.key().server().equals(server))
                .toList();
    }
}
