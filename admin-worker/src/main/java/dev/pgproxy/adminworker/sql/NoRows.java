package dev.pgproxy.adminworker.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a question of a client's about what there is none of here: indexes, constraints, policies, functions. Such questions use what the engine
 * does not understand; where it does not, they get no rows, which is the right answer.
 */
final class NoRows {

    private static final int MAX_PARAMETERS = 1_000;

    private NoRows() {}

    /** No rows with as many columns as the statement has; null when it names no table that is empty here. */
    static Plan.@Nullable Query insteadOf(SqlText statement) {
        List<Token> tokens = statement.tokens();
        boolean namesEmpty = false;
        int parameters = 0;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            namesEmpty |= token.isName() && isTable(tokens, i) && CatalogTables.isEmpty(token.folded());
            parameters = token.kind() == Token.Kind.PARAMETER ? Math.max(parameters, number(token)) : parameters;
        }
        return namesEmpty && parameters <= MAX_PARAMETERS ? empty(columns(tokens), parameters) : null;
    }

    private static boolean isTable(List<Token> tokens, int at) {
        int before = at - 1;
        if (at >= 2
                && tokens.get(at - 1).isSymbol(".")
                && tokens.get(at - 2).folded().equals(CatalogTables.PG_CATALOG)) {
            before = at - 3;
        }
        return before >= 0
                && (tokens.get(before).isWord("from")
                        || tokens.get(before).isWord("join")
                        || tokens.get(before).isSymbol(","));
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
