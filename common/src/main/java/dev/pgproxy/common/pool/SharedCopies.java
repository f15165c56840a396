package dev.pgproxy.common.pool;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * One copy of each value that many sessions have in common: pool keys, startup packets, addresses.
 *
 * @param <T> a value that never changes, with {@code equals} and {@code hashCode}
 */
public final class SharedCopies<T> {

    /** Values that are remembered; beyond it, the least recently used one is forgotten, and only its users keep it. */
    private static final int MAX_VALUES = 1_000;

    /** Size of one value; strangers choose the contents, and only its users keep a larger one. */
    private static final int MAX_SIZE = 512;

    private final ToIntFunction<T> size;
    private final Map<T, T> values = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<T, T> eldest) {
            return size() > MAX_VALUES;
        }
    };

    /** @param size of a value: bytes, characters or elements, whichever strangers choose */
    public SharedCopies(ToIntFunction<T> size) {
        this.size = size;
    }

    /** Shared copies of texts. */
    public static SharedCopies<String> ofTexts() {
        return new SharedCopies<>(String::length);
    }

    /** Shared copies of pool keys. */
    public static SharedCopies<PoolKey> ofKeys() {
        return new SharedCopies<>(key -> key.parameters().bytes());
    }

    /** The shared copy of this value. */
    public T of(T value) {
        if (size.applyAsInt(value) > MAX_SIZE) {
            return value;
        }
        T known = values.putIfAbsent(value, value);
        return known == null ? value : known;
    }
}
