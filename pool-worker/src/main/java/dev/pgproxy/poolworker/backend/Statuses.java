package dev.pgproxy.poolworker.backend;

import java.io.ByteArrayOutputStream;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** The parameters that a server reports, which many sessions share. They cannot be changed. */
final class Statuses {

    private final Map<String, byte[]> messages;
    private final byte[] inOnePiece;

    /** @param messages ParameterStatus by the name of the parameter, in the order in which clients get them */
    Statuses(Map<String, byte[]> messages) {
        this.messages = Collections.unmodifiableMap(new LinkedHashMap<>(messages));
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        messages.values().forEach(all::writeBytes);
        inOnePiece = all.toByteArray();
    }

    Map<String, byte[]> messages() {
        return messages;
    }

    /** All messages one after the other, since each client of a warm backend is sent them at once. */
    byte[] inOnePiece() {
        return inOnePiece;
    }
}
