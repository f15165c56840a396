package dev.pgproxy.adminworker.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** The tokens of a statement while some are replaced by others. */
final class TokenEditor {

    /** Replacements in one statement; each may cost a walk through it. */
    private static final int MAX_REWRITTEN = 500;

    /** Functions that return arrays of texts. */
    private static final Set<String> TEXT_ARRAYS = Set.of("parse_ident", "string_to_array", "current_schemas");

    private final List<Token> tokens;
    private int rewritten;

    TokenEditor(List<Token> tokens) {
        this.tokens = new ArrayList<>(tokens);
    }

    /** The tokens, which may be changed. */
    List<Token> tokens() {
        return tokens;
    }

    /** The token at this place; {@link Token#NONE} if there is none. */
    Token at(int index) {
        return index >= 0 && index < tokens.size() ? tokens.get(index) : Token.NONE;
    }

    /**
     * Counts a replacement that is about to be made.
     *
     * @throws SqlProblem when there are too many
     */
    void count() throws SqlProblem {
        if (++rewritten > MAX_REWRITTEN) {
            throw new SqlProblem(
                    SqlStates.STATEMENT_TOO_COMPLEX,
                    "the statement is too complex: more than " + MAX_REWRITTEN + " casts and operators of some kinds",
                    "Write a simpler one.");
        }
    }

    /** The first place from here on that is not an opening parenthesis. */
    int afterParentheses(int from) {
        int at = from;
        while (at(at).isSymbol("(")) {
            at++;
        }
        return at;
    }

    /** The first wanted token between these places that is not in further parentheses; negative when there is none. */
    int find(Predicate<Token> wanted, int from, int close) {
        int depth = 0;
        for (int i = from; i < close; i++) {
            depth += at(i).isSymbol("(") ? 1 : at(i).isSymbol(")") ? -1 : 0;
            if (depth == 0 && wanted.test(at(i))) {
                return i;
            }
        }
        return -1;
    }

    /** Wraps a call around the tokens from one place up to another. */
    void call(String function, int from, int end, Token origin) throws SqlProblem {
        count();
        tokens.add(end, Token.symbol(")", origin));
        tokens.add(from, Token.symbol("(", origin));
        tokens.add(from, Token.word(function, origin));
    }

    /** Whether this function returns an array of texts. */
    static boolean makesTextArray(String function) {
        return TEXT_ARRAYS.contains(function);
    }
}
