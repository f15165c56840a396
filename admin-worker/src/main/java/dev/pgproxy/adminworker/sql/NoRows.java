package dev.pgproxy.adminworker.sql;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a client's query about objects that do not exist here: indexes, constraints, policies, functions. The engine may not
 * understand such a query; the answer is then no rows, which is correct if the rows would have to come from a table that is empty.
 */
final class NoRows {

    private static final int MAX_PARAMETERS = 1_000;
    private static final Set<String> AGGREGATES =
            Set.of("count", "sum", "avg", "min", "max", "array_agg", "string_agg");

    /** No more tables follow these words. */
    private static final Set<String> AFTER_TABLES =
            Set.of("where", "group", "having", "order", "limit", "offset", "select", "union");

    private static final Set<String> OUTER = Set.of("left", "right", "full", "outer");

    private final List<Token> tokens;
    /** For each open parenthesis, {@link #isSource} and {@link #amongTables} as they were before it. */
    private final Deque<boolean[]> outer = new ArrayDeque<>();

    private boolean isSource = true;
    private boolean amongTables;

    private NoRows(List<Token> tokens) {
        this.tokens = tokens;
    }

    /** A query for no rows with as many columns as the statement; null unless its rows must come from a table that is empty here. */
    static Plan.@Nullable Query insteadOf(SqlText statement) {
        List<Token> tokens = statement.tokens();
        int parameters = 0;
        for (Token token : tokens) {
            parameters = token.kind() == Token.Kind.PARAMETER ? Math.max(parameters, number(token)) : parameters;
        }
        int columns = columns(tokens);
        boolean fits = parameters <= MAX_PARAMETERS && columns <= Engine.MAX_COLUMNS;
        return fits && branches(tokens).stream().allMatch(NoRows::isEmpty) ? empty(columns, parameters) : null;
    }

    private static boolean isEmpty(List<Token> branch) {
        return !mayHaveARow(branch) && new NoRows(branch).needsEmptyTable();
    }

    /** The parts between the outermost UNIONs. */
    private static List<List<Token>> branches(List<Token> tokens) {
        List<List<Token>> branches = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i < tokens.size(); i++) {
            depth += tokens.get(i).isSymbol("(") ? 1 : tokens.get(i).isSymbol(")") ? -1 : 0;
            if (depth == 0 && tokens.get(i).isWord("union")) {
                branches.add(tokens.subList(start, i));
                start = i + 1;
            }
        }
        branches.add(tokens.subList(start, tokens.size()));
        return branches;
    }

    private boolean needsEmptyTable() {
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (token.isSymbol("(")) {
                outer.push(new boolean[] {isSource, amongTables});
                isSource &= (amongTables && !isOuterJoined(i)) || isCommonTable(i);
            } else if (token.isSymbol(")")) {
                boolean @Nullable [] before = outer.poll();
                isSource = before == null || before[0];
                amongTables = before != null && before[1];
            } else if (token.isWord("from")) {
                amongTables = true;
            } else if (token.kind() == Token.Kind.WORD && AFTER_TABLES.contains(token.folded())) {
                amongTables = false;
            } else if (isSource
                    && amongTables
                    && token.isName()
                    && CatalogTables.isEmpty(token.folded())
                    && isInner(i)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the item at this place is outer-joined, so that rows need not come from it. */
    private boolean isOuterJoined(int at) {
        return at >= 2
                && tokens.get(at - 1).isWord("join")
                && OUTER.contains(tokens.get(at - 2).folded());
    }

    /** {@code WITH x AS (}. */
    private boolean isCommonTable(int at) {
        return tokens.get(0).isWord("with")
                && outer.size() == 1
                && at >= 1
                && tokens.get(at - 1).isWord("as");
    }

    /** Whether a row must come from the table at this place. */
    private boolean isInner(int at) {
        int before = at - 1;
        if (at >= 2
                && tokens.get(at - 1).isSymbol(".")
                && tokens.get(at - 2).folded().equals(CatalogTables.PG_CATALOG)) {
            before = at - 3;
        }
        Token word = before >= 0 ? tokens.get(before) : Token.NONE;
        return (word.isWord("from") || word.isWord("join") || word.isSymbol(",")) && !isOuterJoined(before + 1);
    }

    /** An aggregate without groups returns a row even for no rows, and so may some joins. */
    private static boolean mayHaveARow(List<Token> tokens) {
        int depth = 0;
        boolean aggregates = false;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            depth += token.isSymbol("(") ? 1 : token.isSymbol(")") ? -1 : 0;
            if (depth == 0 && token.isWord("group")) {
                return false;
            }
            if (depth == 0 && (token.isWord("right") || token.isWord("full"))) {
                return true; // Rows may come from another table.
            }
            boolean isCall = i + 1 < tokens.size() && tokens.get(i + 1).isSymbol("(");
            boolean isAggregate = depth == 0 && isCall && AGGREGATES.contains(token.folded());
            if (isAggregate) {
                int end = Operand.closing(tokens, i + 1, "(", ")");
                aggregates |= end >= tokens.size() || !tokens.get(end).isWord("over");
            }
        }
        return aggregates;
    }

    private static int number(Token parameter) {
        String digits = parameter.text().substring(1);
        return digits.length() > 4 ? MAX_PARAMETERS + 1 : Integer.parseInt(digits);
    }

    private static int columns(List<Token> tokens) {
        int columns = 1;
        int depth = 0;
        for (Token token : tokens) {
            depth += token.isSymbol("(") ? 1 : token.isSymbol(")") ? -1 : 0;
            if (depth == 0 && token.isWord("from")) {
                break;
            }
            columns += depth == 0 && token.isSymbol(",") ? 1 : 0;
        }
        return columns;
    }

    private static Plan.Query empty(int columns, int parameters) {
        List<String> names = new ArrayList<>();
        for (int i = 1; i <= columns; i++) {
            names.add("CAST(NULL AS VARCHAR) AS c" + i);
        }
        StringBuilder sql = new StringBuilder("SELECT " + String.join(", ", names) + " WHERE FALSE");
        for (int i = 1; i <= parameters; i++) {
            sql.append(" AND CAST($").append(i).append(" AS VARCHAR) IS NULL");
        }
        return Plan.Query.own(sql.toString(), Set.of(), "SELECT");
    }
}
