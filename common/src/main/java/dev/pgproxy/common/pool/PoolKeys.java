package dev.pgproxy.common.pool;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.StartupPacket;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The pool keys of clients. Clients with equal packets get one and the same key, which is derived once. For one thread. */
public final class PoolKeys {

    private record Origin(Endpoint server, StartupPacket.Startup startup) {}

    private final SharedCopies<PoolKey> shared = SharedCopies.ofKeys();
    private final Map<Origin, PoolKey> derived = new RecentlyUsed<>();
    private List<String> derivedWith = List.of();

    /**
     * The key of a client on a server.
     *
     * @param ignored names of parameters in which clients of one pool may differ
     */
    public PoolKey of(Endpoint server, StartupPacket.Startup startup, List<String> ignored) {
        if (startup.parameters().bytes() > RecentlyUsed.MAX_SIZE) {
            return shared.of(PoolKey.of(server, startup, ignored)); // What makes it large may be ignored.
        }
        if (!derivedWith.equals(ignored)) {
            derived.clear();
            derivedWith = ignored;
        }
        Origin origin = new Origin(server, startup);
        @Nullable PoolKey known = derived.get(origin);
        if (known == null) {
            known = shared.of(PoolKey.of(server, startup, ignored));
            derived.put(origin, known);
        }
        return known;
    }
}
