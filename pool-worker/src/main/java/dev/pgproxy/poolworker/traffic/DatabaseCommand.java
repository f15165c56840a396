package dev.pgproxy.poolworker.traffic;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the database that a command needs for itself: DROP DATABASE, ALTER DATABASE ... RENAME or SET TABLESPACE, and CREATE DATABASE,
 * which copies a template. The server accepts such a command only by itself, so it begins the text of its query or has no effect.
 */
public final class DatabaseCommand {

    /** Words and names that are read; CREATE DATABASE with all its options has fewer. */
    private static final int MAX_TOKENS = 60;

    private static final String DEFAULT_TEMPLATE = "template1";

    /** @param isWord unquoted, and in lower case */
    private record Token(String text, boolean isWord) {
        boolean is(String word) {
            return isWord && text.equals(word);
        }
    }

    private final ByteBuffer text;
    private final int end;
    private int at;

    private DatabaseCommand(ByteBuffer text, int start, int end) {
        this.text = text;
        this.at = start;
        this.end = end;
    }

    /**
     * The database that a statement needs for itself.
     *
     * @param start where the statement begins in the buffer
     * @param end where it ends, its terminating zero included if there is one
     * @return its name, one char per byte; empty for any other statement
     */
    static String databaseOf(ByteBuffer text, int start, int end) {
        // Nearly all statements begin otherwise, and cost no more than this.
        return start < end && mayBegin(text.get(start)) ? of(new DatabaseCommand(text, start, end).tokens()) : "";
    }

    /** Whether this may be the first byte of one of the commands, of space or of a comment. */
    private static boolean mayBegin(byte first) {
        return switch (first) {
            case 'd', 'D', 'a', 'A', 'c', 'C', '/', '-' -> true;
            default -> first <= ' ' && first > 0;
        };
    }

    private static String of(List<Token> tokens) {
        if (tokens.size() < 3 || !tokens.get(1).is("database")) {
            return "";
        }
        return switch (tokens.get(0).text()) {
            case "drop" -> dropped(tokens);
            case "alter" -> altered(tokens);
            case "create" -> template(tokens);
            default -> "";
        };
    }

    private static String dropped(List<Token> tokens) {
        boolean ifExists =
                tokens.size() > 3 && tokens.get(2).is("if") && tokens.get(3).is("exists");
        if (ifExists) {
            return tokens.size() > 4 ? tokens.get(4).text() : "";
        }
        return tokens.get(2).text();
    }

    private static String altered(List<Token> tokens) {
        boolean renames = tokens.size() > 3 && tokens.get(3).is("rename");
        boolean moves =
                tokens.size() > 4 && tokens.get(3).is("set") && tokens.get(4).is("tablespace");
        return renames || moves ? tokens.get(2).text() : "";
    }

    private static String template(List<Token> tokens) {
        for (int i = 3; i + 1 < tokens.size(); i++) {
            if (tokens.get(i).is("template")) {
                int name = tokens.get(i + 1).is("=") ? i + 2 : i + 1;
                boolean isDefault = name >= tokens.size() || tokens.get(name).is("default");
                return isDefault ? DEFAULT_TEMPLATE : tokens.get(name).text();
            }
        }
        return DEFAULT_TEMPLATE;
    }

    private List<Token> tokens() {
        List<Token> tokens = new ArrayList<>();
        skipSpace();
        while (at < end && text.get(at) != ';' && text.get(at) != 0 && tokens.size() < MAX_TOKENS) {
            byte first = text.get(at);
            if (first == '"' || first == '\'') {
                tokens.add(new Token(quoted(first), false));
            } else if (isWord(first)) {
                tokens.add(new Token(word(), true));
            } else {
                at++;
                tokens.add(new Token(String.valueOf((char) first), true));
            }
            boolean isOther = tokens.size() == 2 && !tokens.get(1).is("database");
            if (isOther) {
                return List.of();
            }
            skipSpace();
        }
        return tokens;
    }

    /** Reads a quoted text, doubled quotes as one. */
    private String quoted(byte quote) {
        StringBuilder name = new StringBuilder();
        for (at++; at < end; at++) {
            if (text.get(at) == quote) {
                boolean isDoubled = at + 1 < end && text.get(at + 1) == quote;
                if (!isDoubled) {
                    at++;
                    break;
                }
                at++;
            }
            name.append((char) (text.get(at) & 0xff));
        }
        return name.toString();
    }

    /** Reads a word. In multibyte encodings, the server folds ASCII letters only. */
    private String word() {
        int start = at;
        while (at < end && isWord(text.get(at))) {
            at++;
        }
        byte[] bytes = new byte[at - start];
        for (int i = 0; i < bytes.length; i++) {
            byte character = text.get(start + i);
            bytes[i] = character >= 'A' && character <= 'Z' ? (byte) (character + ('a' - 'A')) : character;
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static boolean isWord(byte character) {
        return character < 0 || character == '_' || character == '$' || Character.isLetterOrDigit(character);
    }

    /** Skips comments, too, which may be nested. */
    private void skipSpace() {
        while (at < end) {
            byte character = text.get(at);
            boolean hasNext = at + 1 < end;
            if (character > 0 && character <= ' ') {
                at++;
            } else if (character == '-' && hasNext && text.get(at + 1) == '-') {
                while (at < end && text.get(at) != '\n' && text.get(at) != '\r') {
                    at++;
                }
            } else if (character == '/' && hasNext && text.get(at + 1) == '*') {
                skipComment();
            } else {
                return;
            }
        }
    }

    private void skipComment() {
        int depth = 0;
        while (at < end) {
            boolean hasNext = at + 1 < end;
            if (hasNext && text.get(at) == '/' && text.get(at + 1) == '*') {
                depth++;
                at += 2;
            } else if (hasNext && text.get(at) == '*' && text.get(at + 1) == '/') {
                at += 2;
                if (--depth == 0) {
                    return;
                }
            } else {
                at++;
            }
        }
    }
}
