package dev.pgproxy.common.pool;

import java.util.LinkedHashMap;
import java.util.Map;

/** A map that forgets the entry that was not used for the longest time when it has too many: strangers choose what is in it. */
final class RecentlyUsed<K, V> extends LinkedHashMap<K, V> {

    private static final long serialVersionUID = 1L;

    private static final float USUAL_LOAD = 0.75f;

    /** Entries that are remembered. */
    static final int MAX_ENTRIES = 1_000;

    /** Bytes or characters of one entry; a larger one is not to be kept. */
    static final int MAX_SIZE = 512;

    RecentlyUsed() {
        super(MAX_ENTRIES / 16, USUAL_LOAD, true);
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > MAX_ENTRIES;
    }
}
