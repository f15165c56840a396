package dev.pgproxy.adminworker.sql;

import java.util.Locale;

/**
 * A piece of a statement.
 *
 * @param text as written; a quoted name or a string is without its quotes
 * @param start of its first character in the whole text, from 0
 * @param end after its last one
 */
record Token(Kind kind, String text, int start, int end) {

    /** Stands for no token. */
    static final Token NONE = new Token(Kind.SYMBOL, "", 0, 0);

    enum Kind {
        WORD,
        QUOTED_NAME,
        STRING,
        NUMBER,
        PARAMETER,
        /** Text for the engine, made by {@link Idioms}. */
        ENGINE,
        SYMBOL
    }

    boolean isName() {
        return kind == Kind.WORD || kind == Kind.QUOTED_NAME;
    }

    boolean isWord(String word) {
        return kind == Kind.WORD && text.equalsIgnoreCase(word);
    }

    boolean isSymbol(String symbol) {
        return kind == Kind.SYMBOL && text.equals(symbol);
    }

    /** A name as it is looked up: folded to lower case unless it is quoted. */
    String folded() {
        return kind == Kind.WORD ? text.toLowerCase(Locale.ROOT) : text;
    }

    /** A word that replaces this token. */
    static Token word(String text, Token origin) {
        return new Token(Kind.WORD, text, origin.start(), origin.end());
    }

    static Token symbol(String text, Token origin) {
        return new Token(Kind.SYMBOL, text, origin.start(), origin.end());
    }

    /** Text that only the engine understands, and that no operator can have written. */
    static Token engine(String text, Token origin) {
        return new Token(Kind.ENGINE, text, origin.start(), origin.end());
    }
}
