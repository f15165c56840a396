package dev.pgproxy.taskworker.notice;

import dev.pgproxy.common.ipc.Notice;

/** A notice as JSON (RFC 8259). */
final class Json {

    private static final int FIRST_PRINTABLE = 0x20;

    private Json() {}

    static String of(Notice notice) {
        return "{\"event\":" + string(notice.kind().label())
                + ",\"alarm\":" + notice.kind().isAlarm()
                + ",\"server\":" + string(notice.server().toString())
                + ",\"message\":" + string(notice.message())
                + ",\"hint\":" + string(notice.hint())
                + ",\"time\":" + string(notice.at())
                + ",\"text\":" + string(text(notice))
                + "}";
    }

    /** What chat programs show of a webhook. */
    private static String text(Notice notice) {
        return "pgproxy: " + notice.kind().label() + ": " + notice.server() + ": " + notice.message()
                + (notice.hint().isEmpty() ? "" : "\n" + notice.hint());
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
