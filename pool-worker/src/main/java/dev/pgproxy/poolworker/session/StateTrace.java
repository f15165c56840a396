package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.protocol.FrontendMessage;
import java.nio.ByteBuffer;

/**
 * Notes from what a client sends whether its session may hold what no catalog of the server shows: parameters that an application
 * has made up ({@code myapp.user}), which row level security may depend on, and a statement without a name that was not used yet.
 * What could not be read counts as such.
 */
final class StateTrace {

    private static final byte[] SESSION = {'s', 'e', 's', 's', 'i', 'o', 'n'};
    private static final byte[] CONFIG = {'_', 'c', 'o', 'n', 'f', 'i', 'g'};
    private static final int SET_LENGTH = 3;

    private boolean mayHaveParameters;
    private boolean statementUnused;

    /** A message of the client passes; not all of its body need be there. */
    void onFrontend(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        switch (type) {
            case FrontendMessage.QUERY -> {
                statementUnused = false;
                look(buffer, bodyStart, bodyBytes);
            }
            case FrontendMessage.PARSE -> {
                statementUnused = true;
                look(buffer, bodyStart, bodyBytes);
            }
            case FrontendMessage.BIND -> statementUnused = false;
            case FrontendMessage.FUNCTION_CALL -> mayHaveParameters = true;
            default -> {}
        }
    }

    private void look(ByteBuffer buffer, int start, int bytes) {
        mayHaveParameters =
                mayHaveParameters || start + bytes > buffer.limit() || setsParameter(buffer, start, start + bytes);
    }

    /** Why nobody can tell what the session holds; empty when there is no reason. */
    String obstacle() {
        if (mayHaveParameters) {
            return "may have set parameters of the application's own";
        }
        return statementUnused ? "has prepared a statement" : "";
    }

    /** Whether there is a call of set_config, or a SET of a name with a dot in it. */
    private static boolean setsParameter(ByteBuffer text, int start, int end) {
        for (int at = start; at + SET_LENGTH < end; at++) {
            if (lower(text, at) == 's'
                    && lower(text, at + 1) == 'e'
                    && lower(text, at + 2) == 't'
                    && (continues(text, at + SET_LENGTH, end, CONFIG)
                            || ((at == start || endsName(text.get(at - 1)))
                                    && hasDottedName(text, at + SET_LENGTH, end)))) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasDottedName(ByteBuffer text, int start, int end) {
        int at = skipSpace(text, start, end);
        if (at == start) {
            return false; // A longer word.
        }
        if (continues(text, at, end, SESSION)) {
            at = skipSpace(text, at + SESSION.length, end);
        }
        while (at < end && !endsName(text.get(at))) {
            if (text.get(at) == '.') {
                return true;
            }
            at++;
        }
        int next = skipSpace(text, at, end);
        return next < end && text.get(next) == '.';
    }

    private static boolean endsName(byte character) {
        return character <= ' ' || character == '=' || character == ';' || character == '(' || character == '/';
    }

    private static int skipSpace(ByteBuffer text, int start, int end) {
        int at = start;
        while (at < end && text.get(at) > 0 && text.get(at) <= ' ') {
            at++;
        }
        return at;
    }

    private static boolean continues(ByteBuffer text, int start, int end, byte[] word) {
        if (start + word.length > end) {
            return false;
        }
        for (int i = 0; i < word.length; i++) {
            if (lower(text, start + i) != word[i]) {
                return false;
            }
        }
        return true;
    }

    private static int lower(ByteBuffer text, int at) {
        int character = text.get(at);
        return character >= 'A' && character <= 'Z' ? character + ('a' - 'A') : character;
    }
}
