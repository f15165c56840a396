package dev.pgproxy.poolworker.backend;

import java.io.ByteArrayOutputStream;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parameters that a server reports, which many sessions share. They cannot be changed, and are for one thread. */
final class Statuses {

    private final Map<String, byte[]> messages;
    private byte @Nullable [] inOnePiece;

    /** @param messages ParameterStatus by the name of the parameter, in the order in which clients get them */
    Statuses(Map<String, byte[]> messages) {
        this.messages = Collections.unmodifiableMap(new LinkedHashMap<>(messages));
    }

    Map<String, byte[]> messages() {
        return messages;
    }

    /** All messages one after the other, put together once: each client of a warm backend is sent them. */
    byte[] inOnePiece() {
        byte[] all = inOnePiece;
        if (all == null) {
            ByteArrayOutputStream pieces = new ByteArrayOutputStream();
            messages.values().forEach(pieces::writeBytes);
            all = pieces.toByteArray();
            inOnePiece = all;
        }
        return all;
    }
}
