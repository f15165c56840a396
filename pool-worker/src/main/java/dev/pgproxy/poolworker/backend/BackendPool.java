package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.pool.PoolKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All backends of a worker, and which of them the next client of a pool key can get. */
public final class BackendPool {

    private final Map<Long, Backend> all = new HashMap<>();
    private final Map<PoolKey, ArrayDeque<Backend>> idle = new HashMap<>();
    private final Map<PoolKey, ArrayDeque<Backend>> resetting = new HashMap<>();

    /** Adds a backend that is about to connect. */
    public void add(Backend backend) {
        all.put(backend.id(), backend);
    }

    public @Nullable Backend byId(long id) {
        return all.get(id);
    }

    /** All backends, in no particular order; a copy, so that backends may be closed while iterating over it. */
    public List<Backend> snapshot() {
        return new ArrayList<>(all.values());
    }

    public boolean isEmpty() {
        return all.isEmpty();
    }

    /** Takes the most recently used idle backend, whose caches are the warmest; null when there is none. */
    public @Nullable Backend takeIdle(PoolKey key) {
        return takeLast(idle, key);
    }

    /** Takes a backend whose reset is under way and that no session has reserved yet; null when there is none. */
    public @Nullable Backend takeResetting(PoolKey key) {
        return takeLast(resetting, key);
    }

    /** The backend's reset has begun. */
    public void resetting(Backend backend) {
        resetting.computeIfAbsent(backend.key(), key -> new ArrayDeque<>()).add(backend);
    }

    /** The backend's reset succeeded, and no session had reserved it. */
    public void idle(Backend backend) {
        remove(resetting, backend);
        idle.computeIfAbsent(backend.key(), key -> new ArrayDeque<>()).add(backend);
    }

    /** The backend was given up. */
    public void closing(Backend backend) {
        remove(idle, backend);
        remove(resetting, backend);
    }

    /** The backend is closed. */
    public void remove(Backend backend) {
        all.remove(backend.id());
        closing(backend);
    }

    private static @Nullable Backend takeLast(Map<PoolKey, ArrayDeque<Backend>> backends, PoolKey key) {
        ArrayDeque<Backend> ofKey = backends.get(key);
        if (ofKey == null) {
            return null;
        }
        Backend last = ofKey.removeLast();
        if (ofKey.isEmpty()) {
            backends.remove(key);
        }
        return last;
    }

    private static void remove(Map<PoolKey, ArrayDeque<Backend>> backends, Backend backend) {
        ArrayDeque<Backend> ofKey = backends.get(backend.key());
        if (ofKey != null && ofKey.remove(backend) && ofKey.isEmpty()) {
            backends.remove(backend.key());
        }
    }
}
