package dev.pgproxy.common.ipc;

import java.util.Map;

/**
 * What makes a session of another connection to a server the same for its client. Text is held one char per byte.
 *
 * @param pid the process id that the client was told at its login, for its cancels
 * @param secret the cancel key that it was told
 * @param statuses the parameters that it was told the values of
 * @param settings what it has set in the session, by name
 * @param clientKey what logs in to a server by SCRAM in the client's place; empty when its login was of another kind
 */
@SuppressWarnings("ArrayRecordComponent") // Compared nowhere; copying keys would only leave more of them in the heap.
public record Resumption(
        int pid, byte[] secret, Map<String, String> statuses, Map<String, String> settings, byte[] clientKey) {

    /** This much fits into a message beside the longest startup packet. */
    public static final int MAX_BYTES = 5_000;

    private static final int BYTES_PER_CHAR = 2;

    /** Two maps and two arrays, and the record. */
    private static final int FIXED_HELD_BYTES = 256;

    /** A node of a map and two texts of one byte per char. */
    private static final int ENTRY_HELD_BYTES = 160;

    /** A bound on its size in a message, in bytes. */
    public int maxBytes() {
        return 5 * Integer.BYTES + secret.length + clientKey.length + maxBytes(statuses) + maxBytes(settings);
    }

    /** What it takes in the memory of who keeps it, in bytes, about. */
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

    /** Without what would let somebody else in. */
    @Override
    public String toString() {
        return "Resumption[pid=" + pid + ", statuses=" + statuses.size() + ", settings=" + settings.size() + "]";
    }
}
