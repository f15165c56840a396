package dev.pgproxy.poolworker.backend;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the servers of a worker report of their parameters: most sessions of a server have the same, and share one copy of it. */
public final class StatusTable {

    /** Sets of parameters that are remembered; above it the one that was used longest ago is forgotten, and is kept by its users alone. */
    private static final int MAX_SETS = 1_000;

    private record Content(List<ByteBuffer> messages) {}

    private final Map<Content, Map<String, byte[]>> sets = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Content, Map<String, byte[]>> eldest) {
            return size() > MAX_SETS;
        }
    };

    /**
     * The copy that all share who have the same messages in the same order. It cannot be changed.
     *
     * @param own ParameterStatus messages by the name of the parameter
     */
    Map<String, byte[]> shared(Map<String, byte[]> own) {
        Content content =
                new Content(own.values().stream().map(ByteBuffer::wrap).toList());
        return sets.computeIfAbsent(content, key -> Collections.unmodifiableMap(new LinkedHashMap<>(own)));
    }
}
