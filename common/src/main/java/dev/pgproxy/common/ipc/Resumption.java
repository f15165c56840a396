package dev.pgproxy.common.ipc;

import java.util.Map;

/**
 * What a session needs to stay the same for its client on another connection to a server. Text is held one char per byte.
 *
 * @param pid the process id that the client was sent at its login, for its cancels
 * @param secret the cancel key that it was sent
 * @param statuses the parameters whose values it was sent
 * @param settings what it has set in the session, by name
 * @param clientKey the key that logs in to a server by SCRAM in the client's place; empty when its login was of another kind
 */
@SuppressWarnings("ArrayRecordComponent") // Compared nowhere; copying keys would only leave more of them in the heap.
public record Resumption(
        int pid, byte[] secret, Map<String, String> statuses, Map<String, String> settings, byte[] clientKey) {

    /** This much fits into a message besides the longest startup packet. */
    public static final int MAX_BYTES = 5_000;

    private static final int BYTES_PER_CHAR = 2;

    /** Two maps and two arrays, and the record. */
    private static final int FIXED_HELD_BYTES = 256;

    /** A node of a map and two texts of one byte per char. */
    private static final int ENTRY_HELD_BYTES = 160;

    /** An upper bound on its size in a message, in bytes. */
    public int maxBytes() {
        return 5 * Integer.BYTES + secret.length + clientKey.length + maxBytes(statuses) + maxBytes(settings);
    }

    /** Its approximate size in memory, in bytes. */
    public int heldBytes() {
        return FIXED_HELD_BYTES + secret.length + clientKey.length + heldBytes(statuses) + heldBytes(settings);
    }

    private static int heldBytes(Map<String, String> texts) {
        return texts.entrySet().stream()
                .mapToInt(text -> ENTRY_HELD_BYTES
                        + text.getKey().length()
                        + text.getValue().length())
                .sum();
    }

    private static int maxBytes(Map<String, String> texts) {
        return texts.entrySet().stream()
                .mapToInt(text -> 2 * Integer.BYTES
                        + BYTES_PER_CHAR
                                * (text.getKey().length() + text.getValue().length()))
                .sum();
    }

    /** Without what would let another client in. */
    @Override
    public String toString() {
        return "Resumption[pid=" + pid + ", statuses=" + statuses.size() + ", settings=" + settings.size() + "]";
    }
}
