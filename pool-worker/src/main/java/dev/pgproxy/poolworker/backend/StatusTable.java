package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.pool.SharedCopies;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a worker's sessions begin with: the parameters that servers report, and what the start of the session
 * depended on. Most sessions have the same, and share one copy.
 */
public final class StatusTable {

    /** Sets of parameters that are remembered; beyond that the least recently used one is forgotten, and kept only by its users. */
    private static final int MAX_SETS = 1_000;

    private record Content(List<ByteBuffer> messages) {}

    private final Map<Content, Statuses> sets = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Content, Statuses> eldest) {
            return size() > MAX_SETS;
        }
    };

    private final SharedCopies<Map<String, String>> ignored =
            new SharedCopies<>(parameters -> parameters.entrySet().stream()
                    .mapToInt(parameter ->
                            parameter.getKey().length() + parameter.getValue().length())
                    .sum());

    private final SharedCopies<String> fingerprints = SharedCopies.ofTexts();

    /** The copy shared by all sessions with the same startup parameters that do not split pools. */
    Map<String, String> sharedIgnored(Map<String, String> own) {
        return ignored.of(own);
    }

    /** The copy shared by all sessions whose role had the same fingerprint. */
    String sharedFingerprint(String own) {
        return fingerprints.of(own);
    }

    /**
     * The copy shared by all sessions with the same messages in the same order.
     *
     * @param own ParameterStatus messages by the name of the parameter
     */
    Statuses shared(Map<String, byte[]> own) {
        Content content =
                new Content(own.values().stream().map(ByteBuffer::wrap).toList());
        return sets.computeIfAbsent(content, key -> new Statuses(own));
    }
}
