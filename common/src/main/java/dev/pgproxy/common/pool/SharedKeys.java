package dev.pgproxy.common.pool;

import java.util.LinkedHashMap;
import java.util.Map;

/** One copy of each pool key, however many clients have it. */
public final class SharedKeys {

    /** Keys that are remembered; above it the one that was used longest ago is forgotten, and is kept by its users alone. */
    private static final int MAX_KEYS = 1_000;

    /** Of the parameters of a key; strangers choose what is in them, and a longer one is kept by its users alone. */
    private static final int MAX_BYTES = 512;

    private final Map<PoolKey, PoolKey> keys = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<PoolKey, PoolKey> eldest) {
            return size() > MAX_KEYS;
        }
    };

    /** The copy that all share who have a key like this. */
    public PoolKey of(PoolKey key) {
        if (key.parameters().bytes() > MAX_BYTES) {
            return key;
        }
        PoolKey known = keys.putIfAbsent(key, key);
        return known == null ? key : known;
    }
}
