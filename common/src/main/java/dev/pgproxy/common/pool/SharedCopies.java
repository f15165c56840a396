package dev.pgproxy.common.pool;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * One copy of each value that many sessions have alike: pool keys, startup packets, addresses.
 *
 * @param <T> a value that never changes, with {@code equals} and {@code hashCode}
 */
public final class SharedCopies<T> {

    /** Values that are remembered; above it the one that was used longest ago is forgotten, and is kept by its users alone. */
    private static final int MAX_VALUES = 1_000;

    /** Of one value; strangers choose what is in them, and a longer one is kept by its users alone. */
    private static final int MAX_BYTES = 512;

    private final ToIntFunction<T> bytes;
    private final Map<T, T> values = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<T, T> eldest) {
            return size() > MAX_VALUES;
        }
    };

    /** @param bytes that a value takes, about */
    public SharedCopies(ToIntFunction<T> bytes) {
        this.bytes = bytes;
    }

    /** Such copies of texts. */
    public static SharedCopies<String> ofTexts() {
        return new SharedCopies<>(String::length);
    }

    /** Such copies of pool keys. */
    public static SharedCopies<PoolKey> ofKeys() {
        return new SharedCopies<>(key -> key.parameters().bytes());
    }

    /** The copy that all share who have a value like this. */
    public T of(T value) {
        if (bytes.applyAsInt(value) > MAX_BYTES) {
            return value;
        }
        T known = values.putIfAbsent(value, value);
        return known == null ? value : known;
    }
}
