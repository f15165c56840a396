package dev.pgproxy.adminworker.sql;

import java.util.ArrayList;
import java.util.List;

/**
 * One statement of a text that may hold several.
 *
 * @param text of this statement alone
 * @param offset where it begins in the whole text, from 0
 * @param tokens with positions in {@code text}; none for an empty statement
 */
public record SqlText(String text, int offset, List<Token> tokens) {

    /**
     * Splits a text at its semicolons. Empty statements are left out, so the list may be empty.
     *
     * @throws SqlProblem when a quote or a comment does not end
     */
    public static List<SqlText> split(String sql) throws SqlProblem {
        List<SqlText> statements = new ArrayList<>();
        List<Token> current = new ArrayList<>();
        for (Token token : Tokenizer.tokens(sql)) {
            if (token.isSymbol(";")) {
                add(statements, sql, current);
                current = new ArrayList<>();
            } else {
                current.add(token);
            }
        }
        add(statements, sql, current);
        return statements;
    }

    private static void add(List<SqlText> statements, String sql, List<Token> tokens) {
        if (tokens.isEmpty()) {
            return;
        }
        int start = tokens.get(0).start();
        int end = tokens.get(tokens.size() - 1).end();
        List<Token> own = tokens.stream()
                .map(token -> new Token(token.kind(), token.text(), token.start() - start, token.end() - start))
                .toList();
        statements.add(new SqlText(sql.substring(start, end), start, own));
    }

    /** The statement's first word, in upper case; empty when it begins with something else. */
    String verb() {
        return word(0);
    }

    /** The word at this place, in upper case; empty when there is none. */
    String word(int index) {
        return index < tokens.size() && tokens.get(index).kind() == Token.Kind.WORD
                ? tokens.get(index).text().toUpperCase(java.util.Locale.ROOT)
                : "";
    }

    /** The text after the token at this place, as written. */
    String after(int index) {
        return index + 1 < tokens.size() ? text.substring(tokens.get(index + 1).start()) : "";
    }
}
