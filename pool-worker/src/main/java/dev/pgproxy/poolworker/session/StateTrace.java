package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.protocol.FrontendMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/**
 * Notes from what a client sends whether its session may hold what no catalog of the server shows: parameters that an application
 * has made up ({@code myapp.user}), which row level security may depend on, a library that was loaded, a backup that was begun, a
 * replication origin, and a statement without a name that was not used yet. What could not be read counts as such.
 */
final class StateTrace {

    private static final byte[] SET = {'s', 'e', 't'};
    private static final byte[] LOAD = {'l', 'o', 'a', 'd'};

    /** Functions that give a session what no catalog shows to everybody. */
    private static final List<byte[]> ATTACHING = Stream.of(
                    "pg_backup_start", "pg_start_backup", "pg_replication_origin_session_setup")
            .map(name -> name.getBytes(StandardCharsets.US_ASCII))
            .toList();

    private static final byte[] SESSION = {'s', 'e', 's', 's', 'i', 'o', 'n'};
    private static final byte[] CONFIG = {'_', 'c', 'o', 'n', 'f', 'i', 'g'};

    private boolean mayHaveParameters;
    private boolean isAttached;
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
        if (start + bytes > buffer.limit()) {
            mayHaveParameters = true;
        } else if (!mayHaveParameters) {
            scan(buffer, start, start + bytes);
        }
    }

    /** Why nobody can tell what the session holds; empty when there is no reason. */
    String obstacle() {
        if (mayHaveParameters) {
            return "may have set parameters of the application's own";
        }
        if (isAttached) {
            return "has loaded a library, begun a backup, or set up a replication origin";
        }
        return statementUnused ? "has prepared a statement" : "";
    }

    private void scan(ByteBuffer text, int start, int end) {
        for (int at = start; at < end; at++) {
            boolean beginsWord = at == start || !isWord(text.get(at - 1));
            switch (lower(text, at)) {
                case 's' -> mayHaveParameters |= setsParameter(text, at, end, beginsWord);
                case 'l' -> isAttached |= beginsWord && loadsLibrary(text, at, end);
                case 'p' -> isAttached |= beginsWord && attaches(text, at, end);
                default -> {}
            }
        }
    }

    /** Whether there is a call of set_config, or a SET of a name with a dot in it. */
    private static boolean setsParameter(ByteBuffer text, int at, int end, boolean beginsWord) {
        return continues(text, at, end, SET)
                && (continues(text, at + SET.length, end, CONFIG)
                        || (beginsWord && hasDottedName(text, at + SET.length, end)));
    }

    private static boolean hasDottedName(ByteBuffer text, int start, int end) {
        int at = skipSpace(text, start, end);
        if (at == start && at < end && isWord(text.get(at))) {
            return false; // A longer word.
        }
        if (continues(text, at, end, SESSION)) {
            at = skipSpace(text, at + SESSION.length, end);
        }
        if (beginsComment(text, at, end)) {
            return true; // Nobody needs to know what is behind it.
        }
        boolean isQuoted = at < end && text.get(at) == '"';
        at += isQuoted ? 1 : 0;
        while (at < end && (isQuoted ? text.get(at) != '"' : isWord(text.get(at)) || text.get(at) == '.')) {
            if (text.get(at) == '.') {
                return true;
            }
            at++;
        }
        int next = skipSpace(text, isQuoted ? at + 1 : at, end);
        return (next < end && text.get(next) == '.') || beginsComment(text, next, end);
    }

    /** LOAD and a string, in any of the ways that strings are written. */
    private static boolean loadsLibrary(ByteBuffer text, int start, int end) {
        if (!continues(text, start, end, LOAD)) {
            return false;
        }
        int at = skipSpace(text, start + LOAD.length, end);
        boolean isEscaped = at + 1 < end && lower(text, at) == 'e' && text.get(at + 1) == '\'';
        return isEscaped || beginsComment(text, at, end) || (at < end && (text.get(at) == '\'' || text.get(at) == '$'));
    }

    private static boolean beginsComment(ByteBuffer text, int at, int end) {
        return at + 1 < end
                && ((text.get(at) == '/' && text.get(at + 1) == '*')
                        || (text.get(at) == '-' && text.get(at + 1) == '-'));
    }

    /** Of a name without quotes; bytes of other alphabets may be letters. */
    private static boolean isWord(byte character) {
        return character < 0 || character == '_' || character == '$' || Character.isLetterOrDigit(character);
    }

    private static int skipSpace(ByteBuffer text, int start, int end) {
        int at = start;
        while (at < end && text.get(at) > 0 && text.get(at) <= ' ') {
            at++;
        }
        return at;
    }

    private static boolean attaches(ByteBuffer text, int start, int end) {
        for (byte[] function : ATTACHING) {
            int behind = start + function.length;
            if (continues(text, start, end, function) && (behind >= end || !isWord(text.get(behind)))) {
                return true;
            }
        }
        return false;
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
