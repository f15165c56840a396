package dev.pgproxy.adminworker.sql;

import java.util.List;
import java.util.Set;

/**
 * What a token of a statement is, as far as the tokens around it show.
 *
 * @param tokens of the whole statement
 */
record Surroundings(List<Token> tokens) {

    /** Tables follow these words, and each comma. */
    private static final Set<String> CLAUSES_WITH_TABLES = Set.of("from", "join", "table");

    /** After these words an asterisk stands for columns. */
    private static final Set<String> BEFORE_COLUMNS = Set.of("select", "distinct", "all");

    /** Whether tables follow this word. */
    static boolean bringsTables(String word) {
        return CLAUSES_WITH_TABLES.contains(word);
    }

    boolean isBehindColons(int at) {
        return at > 0 && tokens.get(at - 1).isSymbol("::");
    }

    /** Whether a word is where an expression can begin, rather than an alias or the rest of an expression. */
    boolean beginsExpression(int at) {
        Token before = at == 0 ? Token.NONE : tokens.get(at - 1);
        boolean endsExpression = before.isSymbol(")")
                || before.isSymbol("]")
                || before.isSymbol(".")
                || before.kind() == Token.Kind.STRING
                || before.kind() == Token.Kind.NUMBER
                || before.kind() == Token.Kind.PARAMETER
                || before.kind() == Token.Kind.QUOTED_NAME
                || before.isWord("as")
                || (before.kind() == Token.Kind.WORD && !Functions.isKeyword(before.folded()));
        return !endsExpression;
    }

    /** Whether the name is where a table can be. If in doubt it is: then rows are fetched that are not needed. */
    boolean mayBeTable(int at) {
        Token before = tokens.get(Math.max(0, at - 1));
        if (before.isSymbol(".")) {
            return at >= 2 && tokens.get(at - 2).folded().equals("public");
        }
        return before.isSymbol(",")
                || before.isSymbol("(")
                || (before.kind() == Token.Kind.WORD
                        && (CLAUSES_WITH_TABLES.contains(before.folded()) || before.isWord("lateral")));
    }

    boolean isCall(int at) {
        return at + 1 < tokens.size()
                && tokens.get(at).isName()
                && tokens.get(at + 1).isSymbol("(")
                && !namesColumns(at);
    }

    /** Whether this is the name of a table with names for its columns, {@code (values (1)) AS t(x)} or {@code WITH t(x) AS (...)}. */
    private boolean namesColumns(int at) {
        int end = at + 2;
        while (end + 1 < tokens.size()
                && tokens.get(end).isName()
                && tokens.get(end + 1).isSymbol(",")) {
            end += 2;
        }
        boolean onlyNames = end + 1 < tokens.size()
                && tokens.get(end).isName()
                && tokens.get(end + 1).isSymbol(")");
        if (!onlyNames || at == 0) {
            return false;
        }
        Token before = tokens.get(at - 1);
        boolean isAlias = before.isSymbol(")") || before.isWord("as");
        boolean beginsWith = end + 3 < tokens.size()
                && tokens.get(end + 2).isWord("as")
                && tokens.get(end + 3).isSymbol("(");
        return isAlias || beginsWith;
    }

    boolean isMultiplication(int at) {
        Token token = tokens.get(at);
        if (!token.isSymbol("*") && !token.isSymbol("/")) {
            return false;
        }
        Token before = tokens.get(Math.max(0, at - 1));
        return switch (before.kind()) {
            case SYMBOL -> before.isSymbol(")") || before.isSymbol("]");
            case WORD -> !BEFORE_COLUMNS.contains(before.folded());
            case QUOTED_NAME, STRING, NUMBER, PARAMETER, ENGINE -> true;
        };
    }
}
