package dev.pgproxy.common.pool;

import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * One copy of each value that many sessions have in common: pool keys, startup packets, addresses. A value that is forgotten, or too large
 * to be kept, is kept by its users only.
 *
 * @param <T> a value that never changes, with {@code equals} and {@code hashCode}
 */
public final class SharedCopies<T> {

    private final ToIntFunction<T> size;
    private final Map<T, T> values = new RecentlyUsed<>();

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
        if (size.applyAsInt(value) > RecentlyUsed.MAX_SIZE) {
            return value;
        }
        T known = values.putIfAbsent(value, value);
        return known == null ? value : known;
    }
}
