package dev.pgproxy.adminworker.sql;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;

/** Functions in the place of a table that the engine has only in other forms. */
final class RowSources {

    /** No tables follow these words. */
    private static final Set<String> ENDING_TABLES =
            Set.of("select", "where", "group", "having", "order", "limit", "offset", "window", "union");

    private final TokenEditor text;

    RowSources(TokenEditor text) {
        this.text = text;
    }

    /**
     * Rewrites functions in the place of a table: {@code generate_series(1, 3) AS i} becomes {@code unnest(series(1, 3)) AS i(i)}, {@code
     * string_to_array(x, ',') s} a table of one row with that array, and {@code pg_get_keywords()} a plain table.
     */
    void rewrite() throws SqlProblem {
        Deque<Boolean> outer = new ArrayDeque<>();
        boolean amongTables = false;
        for (int i = 0; i < text.tokens().size(); i++) {
            Token token = text.at(i);
            if (token.isSymbol("(")) {
                outer.push(amongTables);
                amongTables &= !text.at(i - 1).isName()
                        || text.at(i - 1).isWord("from")
                        || text.at(i - 1).isWord("join"); // A call.
            } else if (token.isSymbol(")")) {
                amongTables = !outer.isEmpty() && outer.pop();
            } else if (token.isWord("from")) {
                amongTables = !text.at(i - 1).isWord("distinct"); // IS DISTINCT FROM
            } else if (token.kind() == Token.Kind.WORD && ENDING_TABLES.contains(token.folded())) {
                amongTables = false;
            }
            boolean beginsTable = text.at(i - 1).isWord("from")
                    || text.at(i - 1).isWord("join")
                    || text.at(i - 1).isSymbol(",");
            if (amongTables && beginsTable && text.at(i + 1).isSymbol("(")) {
                rowSource(i);
            }
        }
    }

    private void rowSource(int at) throws SqlProblem {
        if (text.at(at).isWord("generate_series")) {
            series(at);
        } else if (text.at(at).isWord("unnest")) {
            rowsOfArray(at);
        } else if (text.at(at).isWord("string_to_array")) {
            arrayRow(at);
        } else if (text.at(at).isWord("pg_get_keywords") && text.at(at + 2).isSymbol(")")) {
            text.count();
            text.tokens().subList(at + 1, at + 3).clear();
        }
    }

    private void series(int at) throws SqlProblem {
        text.count();
        Token origin = text.at(at);
        int close = Operand.closing(text.tokens(), at + 1, "(", ")");
        nameColumn(close, "generate_series", origin);
        text.tokens().addAll(close, List.of(Token.engine("AS BIGINT ARRAY )", origin), Token.symbol(")", origin)));
        text.tokens().set(at, Token.word(SqlFunctions.SERIES, origin));
        text.tokens().addAll(at, List.of(unnest(origin), Token.symbol("(", origin), Token.engine("CAST (", origin)));
    }

    private static Token unnest(Token origin) {
        return Token.engine("UNNEST", origin);
    }

    /** The engine cannot read a column of another table here. Array columns are null in all tables here, so they have no rows. */
    private void rowsOfArray(int at) throws SqlProblem {
        text.count();
        Token origin = text.at(at);
        int close = Operand.closing(text.tokens(), at + 1, "(", ")");
        boolean isColumn = text.at(at + 2).isName()
                && !text.at(at + 2).isWord("array")
                && !text.tokens().subList(at + 2, close).stream().anyMatch(token -> token.isSymbol("("));
        nameColumn(close, "unnest", origin);
        if (isColumn) {
            text.tokens().subList(at, close).clear();
            text.tokens().add(at, Token.engine("(SELECT CAST(NULL AS VARCHAR) WHERE FALSE)", origin));
        } else {
            text.tokens().set(at, unnest(origin));
        }
    }

    private void arrayRow(int at) throws SqlProblem {
        text.count();
        Token origin = text.at(at);
        int close = Operand.closing(text.tokens(), at + 1, "(", ")");
        nameColumn(close, "string_to_array", origin);
        text.tokens().addAll(close, List.of(Token.symbol(")", origin), Token.symbol(")", origin)));
        text.tokens()
                .addAll(
                        at,
                        List.of(Token.symbol("(", origin), Token.word("values", origin), Token.symbol("(", origin)));
    }

    /** Gives the only column of the table that ends before this place the table's name, unless it has one. */
    private void nameColumn(int at, String otherwise, Token origin) {
        int name = text.at(at).isWord("as") ? at + 1 : at;
        boolean hasName = text.at(name).isName()
                && !(text.at(name).kind() == Token.Kind.WORD
                        && Operand.isKeyword(text.at(name).folded()));
        if (!hasName) {
            text.tokens()
                    .addAll(
                            at,
                            List.of(
                                    Token.word("as", origin),
                                    Token.word(otherwise, origin),
                                    Token.symbol("(", origin),
                                    Token.word(otherwise, origin),
                                    Token.symbol(")", origin)));
        } else if (!text.at(name + 1).isSymbol("(")) {
            text.tokens()
                    .addAll(name + 1, List.of(Token.symbol("(", origin), text.at(name), Token.symbol(")", origin)));
            if (name == at) {
                text.tokens().add(at, Token.word("as", origin));
            }
        }
    }
}
