package dev.pgproxy.adminworker.sql;

import java.util.List;
import java.util.Map;

/** Casts to types that the engine has no cast to, which become calls. */
final class Casts {

    /** Types of one word whose casts are calls. */
    private static final Map<String, String> CASTS = Map.of(
            "interval", SqlFunctions.INTERVAL,
            "text", SqlFunctions.TEXT,
            "regclass", SqlFunctions.REGCLASS,
            "regtype", SqlFunctions.REGTYPE,
            "regproc", SqlFunctions.REGPROC,
            "regnamespace", SqlFunctions.REGNAMESPACE);

    /** The engine's types for casts of what is an array already. */
    private static final Map<String, String> ARRAY_TYPES =
            Map.of(SqlFunctions.TEXT_ARRAY, "VARCHAR ARRAY", SqlFunctions.INT_ARRAY, "BIGINT ARRAY");

    private static final Map<String, String> ARRAY_CASTS = Map.ofEntries(
            Map.entry("text", SqlFunctions.TEXT_ARRAY),
            Map.entry("varchar", SqlFunctions.TEXT_ARRAY),
            Map.entry("name", SqlFunctions.TEXT_ARRAY),
            Map.entry("int", SqlFunctions.INT_ARRAY),
            Map.entry("int4", SqlFunctions.INT_ARRAY),
            Map.entry("integer", SqlFunctions.INT_ARRAY),
            Map.entry("int8", SqlFunctions.INT_ARRAY),
            Map.entry("bigint", SqlFunctions.INT_ARRAY),
            Map.entry("oid", SqlFunctions.INT_ARRAY));

    /** Multiplied by seconds, this gives an interval. */
    private static final String ONE_SECOND = "INTERVAL '0 00:00:01' DAY(18) TO SECOND(6)";

    private final TokenEditor text;

    Casts(TokenEditor text) {
        this.text = text;
    }

    /** {@code x::T} and {@code CAST(x AS T)} where T is a type that the engine has no cast to. */
    void rewrite() throws SqlProblem {
        for (int i = 0; i < text.tokens().size(); i++) {
            if (text.at(i).isSymbol("::")) {
                int end = Operand.endOfType(text.tokens(), i + 1);
                String function = function(i + 1, end);
                if (!function.isEmpty()) {
                    Token origin = text.at(i);
                    boolean isNamed = function.equals(SqlFunctions.REGCLASS)
                            && text.at(end).isSymbol("::")
                            && (text.at(end + 1).isWord("text")
                                    || text.at(end + 1).isWord("varchar"));
                    if (isNamed) {
                        end += 2;
                        function = SqlFunctions.REGCLASS_NAME;
                    }
                    text.tokens().subList(i, end).clear();
                    int from = Operand.start(text.tokens(), i - 1);
                    if (isArray(from) && ARRAY_TYPES.containsKey(function)) {
                        text.count();
                        text.tokens()
                                .addAll(i, List.of(Token.engine("AS " + ARRAY_TYPES.get(function) + " )", origin)));
                        text.tokens().add(from, Token.engine("CAST (", origin));
                    } else {
                        text.call(function, from, i, origin);
                        intoInterval(function, from, i + 3, origin);
                    }
                }
            } else if (text.at(i).isWord("cast") && text.at(i + 1).isSymbol("(")) {
                int close = Operand.closing(text.tokens(), i + 1, "(", ")") - 1;
                int as = text.find(token -> token.isWord("as"), i + 2, close);
                String function = as < 0 ? "" : function(as + 1, close);
                if (!function.isEmpty()) {
                    text.count();
                    text.tokens().subList(as, close).clear();
                    Token origin = text.at(i);
                    text.tokens().set(i, Token.word(function, origin));
                    intoInterval(function, i, as + 1, origin);
                }
            }
        }
    }

    private boolean isArray(int at) {
        int name = text.afterParentheses(at);
        return text.at(name).isWord("array")
                || TokenEditor.makesTextArray(text.at(name).folded())
                || text.at(name).isWord("array_agg");
    }

    /** A call that yields seconds becomes one that yields an interval. */
    private void intoInterval(String function, int from, int end, Token origin) {
        if (function.equals(SqlFunctions.INTERVAL)) {
            text.tokens()
                    .addAll(
                            end,
                            List.of(
                                    Token.symbol("*", origin),
                                    Token.engine(ONE_SECOND, origin),
                                    Token.symbol(")", origin)));
            text.tokens().add(from, Token.symbol("(", origin));
        }
    }

    /** The function for a cast to the type between these places; empty when the engine has the cast. */
    private String function(int first, int end) {
        int start = text.at(first).folded().equals("pg_catalog")
                        && text.at(first + 1).isSymbol(".")
                ? first + 2
                : first;
        boolean isArray = text.at(end - 1).isSymbol("]");
        return isArray
                ? ARRAY_CASTS.getOrDefault(text.at(start).folded(), "")
                : end == start + 1 ? CASTS.getOrDefault(text.at(start).folded(), "") : "";
    }
}
