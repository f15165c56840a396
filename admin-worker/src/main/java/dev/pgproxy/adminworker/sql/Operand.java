package dev.pgproxy.adminworker.sql;

import java.util.List;
import java.util.Set;

/**
 * Finds the ends of an operand in a list of tokens: a column, a literal, a parameter, a call, a parenthesis, CASE ... END, each with the
 * casts and subscripts that follow. Enough to replace an operator that the engine lacks with a function; the engine refuses what is not an
 * expression.
 */
final class Operand {

    /** Types that may precede a string as its type. */
    private static final Set<String> LITERAL_TYPES = Set.of("date", "time", "timestamp", "timestamptz", "interval");

    /** After these words a parenthesis begins an operand of its own, as it does after END. */
    static final Set<String> NO_FUNCTIONS = Set.of(
            "all",
            "and",
            "any",
            "as",
            "between",
            "by",
            "case",
            "distinct",
            "else",
            "except",
            "exists",
            "from",
            "having",
            "ilike",
            "in",
            "intersect",
            "is",
            "like",
            "limit",
            "not",
            "offset",
            "on",
            "or",
            "over",
            "select",
            "some",
            "then",
            "union",
            "using",
            "values",
            "when",
            "where");

    /** After a table's name or an expression, these words continue the statement. */
    private static final Set<String> CONTINUING = Set.of(
            "cross", "end", "full", "group", "inner", "join", "left", "natural", "offset", "order", "right", "window",
            "with");

    private static final Set<String> TIGHTER_THAN_OTHERS = Set.of("+", "-", "*", "/", "%");

    private Operand() {}

    /** Whether an unquoted word is not a name. */
    static boolean isKeyword(String word) {
        return NO_FUNCTIONS.contains(word) || CONTINUING.contains(word);
    }

    private static Token at(List<Token> tokens, int index) {
        return index >= 0 && index < tokens.size() ? tokens.get(index) : Token.NONE;
    }

    /** The first token of the operand whose last one is at this place. */
    static int start(List<Token> tokens, int last) {
        int start = startOfPrimary(tokens, last);
        while (at(tokens, start - 1).isSymbol("::")) {
            start = startOfPrimary(tokens, start - 2);
        }
        return start;
    }

    private static int startOfPrimary(List<Token> tokens, int last) {
        Token token = at(tokens, last);
        if (token.isSymbol("]")) {
            int open = matching(tokens, last, "[", "]");
            boolean isArray = at(tokens, open - 1).isWord("array");
            return isArray ? open - 1 : startOfPrimary(tokens, open - 1);
        }
        if (token.isSymbol(")")) {
            int open = matching(tokens, last, "(", ")");
            Token before = at(tokens, open - 1);
            if ((before.isWord("filter") || before.isWord("over")) && open >= 2) {
                return startOfPrimary(tokens, open - 2);
            }
            boolean isKeyword = before.kind() == Token.Kind.WORD
                    && (before.isWord("end") || NO_FUNCTIONS.contains(before.folded()));
            boolean isCall = before.isName() && !isKeyword;
            return isCall ? startOfName(tokens, open - 1) : open;
        }
        if (token.isWord("end")) {
            return startOfCase(tokens, last);
        }
        if (token.kind() == Token.Kind.STRING
                && LITERAL_TYPES.contains(at(tokens, last - 1).folded())) {
            return last - 1;
        }
        if (token.isWord("zone") && at(tokens, last - 1).isWord("time")) {
            return Math.max(0, last - 3); // timestamp with time zone
        }
        if (token.isWord("precision") && at(tokens, last - 1).isWord("double")) {
            return last - 1;
        }
        return startOfName(tokens, last);
    }

    private static int startOfName(List<Token> tokens, int last) {
        int start = last;
        while (at(tokens, start - 1).isSymbol(".") && at(tokens, start - 2).isName()) {
            start -= 2;
        }
        return start;
    }

    private static int startOfCase(List<Token> tokens, int last) {
        int depth = 0;
        for (int i = last; i >= 0; i--) {
            depth += tokens.get(i).isWord("end") ? 1 : tokens.get(i).isWord("case") ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        return last;
    }

    private static int matching(List<Token> tokens, int last, String open, String close) {
        int depth = 0;
        for (int i = last; i >= 0; i--) {
            depth += tokens.get(i).isSymbol(close) ? 1 : tokens.get(i).isSymbol(open) ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        return last;
    }

    /** The place after the last token of the operand that begins at this place. */
    static int end(List<Token> tokens, int first) {
        int start = first;
        while (at(tokens, start).isSymbol("-") || at(tokens, start).isSymbol("+")) {
            start++;
        }
        int end = endOfPrimary(tokens, start);
        while (true) {
            if (at(tokens, end).isSymbol("::")) {
                end = endOfType(tokens, end + 1);
            } else if (at(tokens, end).isSymbol("[")) {
                end = closing(tokens, end, "[", "]");
            } else {
                return Math.min(end, tokens.size());
            }
        }
    }

    private static int endOfPrimary(List<Token> tokens, int start) {
        Token token = at(tokens, start);
        if (token.isSymbol("(")) {
            return closing(tokens, start, "(", ")");
        }
        if (token.isWord("case")) {
            int depth = 0;
            for (int i = start; i < tokens.size(); i++) {
                depth += tokens.get(i).isWord("case") ? 1 : tokens.get(i).isWord("end") ? -1 : 0;
                if (depth == 0) {
                    return i + 1;
                }
            }
            return tokens.size();
        }
        if (!token.isName()) {
            return start + 1;
        }
        if (at(tokens, start + 1).kind() == Token.Kind.STRING && LITERAL_TYPES.contains(token.folded())) {
            return start + 2;
        }
        int end = start + 1;
        while (at(tokens, end).isSymbol(".") && at(tokens, end + 1).isName()) {
            end += 2;
        }
        if (!at(tokens, end).isSymbol("(")) {
            return end;
        }
        end = closing(tokens, end, "(", ")");
        while (at(tokens, end).isWord("filter") || at(tokens, end).isWord("over")) {
            boolean isParenthesis = at(tokens, end + 1).isSymbol("(");
            end = isParenthesis ? closing(tokens, end + 1, "(", ")") : end + 2; // OVER and the name of a window.
        }
        return Math.min(end, tokens.size());
    }

    /** The place after the last token of a type, with its length and its brackets. */
    static int endOfType(List<Token> tokens, int first) {
        int end = first + 1;
        while (at(tokens, end).isSymbol(".") && at(tokens, end + 1).isName()) {
            end += 2;
        }
        if (at(tokens, end - 1).isWord("double") && at(tokens, end).isWord("precision")) {
            end++;
        }
        if (at(tokens, end).isSymbol("(")) {
            end = closing(tokens, end, "(", ")");
        }
        boolean hasZone =
                at(tokens, end + 1).isWord("time") && at(tokens, end + 2).isWord("zone");
        if (hasZone && (at(tokens, end).isWord("with") || at(tokens, end).isWord("without"))) {
            end += 3;
        }
        while (at(tokens, end).isSymbol("[") && at(tokens, end + 1).isSymbol("]")) {
            end += 2;
        }
        return Math.min(end, tokens.size());
    }

    /** The place after the bracket that closes the one at this place. */
    static int closing(List<Token> tokens, int first, String open, String close) {
        int depth = 0;
        for (int i = first; i < tokens.size(); i++) {
            depth += tokens.get(i).isSymbol(open) ? 1 : tokens.get(i).isSymbol(close) ? -1 : 0;
            if (depth == 0) {
                return i + 1;
            }
        }
        return tokens.size();
    }

    /** The first token of the operand before an operator without its own precedence, such as {@code ~}. */
    static int startOfChain(List<Token> tokens, int last) {
        int start = start(tokens, last);
        while (start >= 2 && isOperator(at(tokens, start - 1), true)) {
            start = start(tokens, start - 2);
        }
        return start;
    }

    /** The place after the last token of the operand that follows such an operator. */
    static int endOfChain(List<Token> tokens, int first) {
        int end = end(tokens, first);
        while (end < tokens.size() && isOperator(at(tokens, end), false)) {
            end = end(tokens, end + 1);
        }
        return end;
    }

    private static boolean isOperator(Token token, boolean concatenates) {
        return token.kind() == Token.Kind.SYMBOL
                && (TIGHTER_THAN_OTHERS.contains(token.text()) || (concatenates && token.isSymbol("||")));
    }
}
