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

    /** As they are now; for who ends none of them meanwhile. */
    public Collection<Session> all() {
        return Collections.unmodifiableCollection(byId.values());
    }

    List<Session> snapshot() {
        return List.copyOf(byId.values());
    }

    /** Those whose client is served by this server. */
    List<Session> of(Endpoint server) {
        return byId.values().stream()
                .filter(session -> session.key().server().equals(server))
                .toList();
    }
}
