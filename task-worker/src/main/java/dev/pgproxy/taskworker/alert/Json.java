package dev.pgproxy.taskworker.alert;

import dev.pgproxy.common.ipc.Alert;

/** An alert as JSON (RFC 8259). */
final class Json {

    private static final int FIRST_PRINTABLE = 0x20;

    private Json() {}

    static String of(Alert alert) {
        return "{\"event\":" + string(alert.kind().label())
                + ",\"alarm\":" + alert.kind().isAlarm()
                + ",\"server\":" + string(alert.server().toString())
                + ",\"message\":" + string(alert.message())
                + ",\"hint\":" + string(alert.hint())
                + ",\"time\":" + string(alert.at())
                + ",\"text\":" + string(text(alert))
                + "}";
    }

    /** The text that chat programs show of a webhook. */
    private static String text(Alert alert) {
        return "pgproxy: " + alert.kind().label() + ": " + alert.server() + ": " + alert.message()
                + (alert.hint().isEmpty() ? "" : "\n" + alert.hint());
    }

    private static String string(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            if (character == '"' || character == '\\') {
                out.append('\\').append(character);
            } else if (character < FIRST_PRINTABLE || Character.isSurrogate(character)) {
                out.append(String.format("\\u%04x", (int) character));
            } else {
                out.append(character);
            }
        }
        return out.append('"').toString();
    }
}
