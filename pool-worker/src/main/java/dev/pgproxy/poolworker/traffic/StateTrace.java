package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.protocol.FrontendMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;

/**
 * Notes from what a client sends whether its session may hold state that no catalog of the server shows: parameters of the
 * application's own ({@code myapp.user}), which row-level security may depend on; a loaded library; a backup that was begun; a
 * replication origin; an unnamed statement that has not been used yet. What could not be inspected counts as such.
 */
public final class StateTrace {

    private static final byte[] SET = {'s', 'e', 't'};
    private static final byte[] RESET = {'r', 'e', 's', 'e', 't'};
    private static final byte[] LOAD = {'l', 'o', 'a', 'd'};

    /** Functions that give a session state that no catalog shows to every user. */
    private static final byte[][] ATTACHING = Stream.of(
                    "pg_backup_start",
                    "pg_start_backup",
                    "pg_replication_origin_session_setup",
                    "dblink_connect",
                    "dblink_connect_u",
                    "setseed")
            .map(name -> name.getBytes(StandardCharsets.US_ASCII))
            .toArray(byte[][]::new);

    /** The second letter of all words that begin with a letter; 0 when none does. Nearly all of a text can be passed over by these two. */
    private static final byte[] SECOND_LETTER = new byte[Byte.MAX_VALUE + 1];

    static {
        Stream.concat(Stream.of(SET, RESET, LOAD), Stream.of(ATTACHING)).forEach(word -> {
            if (SECOND_LETTER[word[0]] != 0 && SECOND_LETTER[word[0]] != word[1]) {
                throw new IllegalStateException("two words begin with one letter and have another second one");
            }
            SECOND_LETTER[word[0]] = word[1];
            SECOND_LETTER[Character.toUpperCase(word[0])] = word[1];
        });
    }

    private static final byte[] SESSION = {'s', 'e', 's', 's', 'i', 'o', 'n'};
    private static final byte[] LOCAL = {'l', 'o', 'c', 'a', 'l'};
    private static final byte[] SEED = {'s', 'e', 'e', 'd'};
    private static final byte[] ESCAPED_NAME = {'u', '&'};
    private static final byte[] CONFIG = {'_', 'c', 'o', 'n', 'f', 'i', 'g'};

    private static final String ATTACHED =
            "has loaded a library, begun a backup, opened a connection by dblink, set up a replication origin, or set the seed of random()";

    private boolean isUnread;
    private boolean mayHaveParameters;
    /** Their values are gone with the transaction; all that is left is that they are empty now, not NULL. */
    private boolean hadParameters;

    private boolean isAttached;
    private boolean statementUnused;

    /** A message of the client passes; its body need not be complete. */
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

    /** A message passes that is too long to be inspected. */
    void onUnseen(byte type) {
        if (type == FrontendMessage.QUERY || type == FrontendMessage.PARSE) {
            isUnread = true;
        }
        statementUnused = type == FrontendMessage.PARSE;
    }

    private void look(ByteBuffer buffer, int start, int bytes) {
        if (!isUnread && !mayHaveParameters && !isAttached) {
            scan(buffer, start, start + bytes);
        }
    }

    /** What no reset undoes, or may not undo; empty for nothing. */
    public String leftover() {
        if (isUnread) {
            return "has sent a query of more than 16 KiB, which is not inspected";
        }
        if (mayHaveParameters) {
            return "may have set parameters of the application's own";
        }
        if (isAttached) {
            return ATTACHED;
        }
        return hadParameters ? "has set parameters of the application's own in a transaction" : "";
    }

    /** Why the state of the session cannot be known; empty when it can. */
    public String obstacle() {
        if (isUnread || mayHaveParameters || isAttached) {
            return leftover();
        }
        return statementUnused ? "has prepared a statement" : "";
    }

    private void scan(ByteBuffer text, int start, int end) {
        for (int at = start; at < end - 1; at++) {
            byte letter = text.get(at);
            if (letter > 0 && SECOND_LETTER[letter] != 0 && SECOND_LETTER[letter] == lower(text, at + 1)) {
                note(text, at, end, at == start || !isWord(text.get(at - 1)));
            }
        }
    }

    /** Notes what may begin here; only {@code set_config} counts within a word, too. */
    private void note(ByteBuffer text, int at, int end, boolean beginsWord) {
        switch (lower(text, at)) {
            case 's' -> {
                noteParameter(text, at, end, beginsWord);
                isAttached |= beginsWord && attaches(text, at, end);
            }
            case 'l' -> isAttached |= beginsWord && loadsLibrary(text, at, end);
            case 'r' -> mayHaveParameters |= beginsWord && resetsParameter(text, at, end);
            case 'd', 'p' -> isAttached |= beginsWord && attaches(text, at, end);
            default -> {}
        }
    }

    /** Notes a call of set_config, or a SET of a dotted name or of the seed, which no RESET restores. */
    private void noteParameter(ByteBuffer text, int at, int end, boolean beginsWord) {
        if (!continues(text, at, end, SET)) {
            return;
        }
        mayHaveParameters |= continues(text, at + SET.length, end, CONFIG);
        int name = beginsWord ? skipSpace(text, at + SET.length, end) : end;
        if (name > at + SET.length && continues(text, name, end, LOCAL)) {
            hadParameters |= hasDottedName(text, name + LOCAL.length, end);
        } else {
            mayHaveParameters |= beginsWord && hasDottedName(text, at + SET.length, end);
        }
    }

    /** RESET of a parameter that was never set creates it, empty. */
    private static boolean resetsParameter(ByteBuffer text, int at, int end) {
        int name = at + RESET.length;
        return continues(text, at, end, RESET) && name < end && text.get(name) != '.' && hasDottedName(text, name, end);
    }

    private static boolean hasDottedName(ByteBuffer text, int start, int end) {
        int at = skipSpace(text, start, end);
        if (at == start && at < end && isWord(text.get(at))) {
            return false; // A longer word.
        }
        if (continues(text, at, end, SESSION)) {
            at = skipSpace(text, at + SESSION.length, end);
        }
        if (beginsComment(text, at, end) || continues(text, at, end, ESCAPED_NAME) || isWordAt(text, at, end, SEED)) {
            return true; // What follows it does not matter.
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

    /** LOAD and a string, in any notation for strings. */
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

    /** Whether this may be part of an unquoted name; bytes above ASCII may be letters. */
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
            if (isWordAt(text, start, end, function)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isWordAt(ByteBuffer text, int start, int end, byte[] word) {
        int after = start + word.length;
        return continues(text, start, end, word) && (after >= end || !isWord(text.get(after)));
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
