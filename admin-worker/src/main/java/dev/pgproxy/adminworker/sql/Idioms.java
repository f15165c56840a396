package dev.pgproxy.adminworker.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Replaces syntax that only PostgreSQL has with what the engine has: operators, casts and literals become calls of {@link SqlFunctions}.
 * {@link QueryPlanner} checks the result like everything else; each new token keeps the position of its origin.
 */
final class Idioms {

    private static final Map<String, String> MATCHES = Map.of(
            "~", SqlFunctions.MATCHES,
            "~*", SqlFunctions.MATCHES_NOCASE,
            "!~", SqlFunctions.MATCHES,
            "!~*", SqlFunctions.MATCHES_NOCASE);

    /** Fields of EXTRACT that date_part may name. */
    private static final Set<String> FIELDS = Set.of(
            "century",
            "day",
            "decade",
            "dow",
            "doy",
            "epoch",
            "hour",
            "isodow",
            "isoyear",
            "millennium",
            "minute",
            "month",
            "quarter",
            "second",
            "week",
            "year");

    private final TokenEditor text;

    private Idioms(TokenEditor text) {
        this.text = text;
    }

    /** @throws SqlProblem when a literal is invalid, or there are too many of these */
    static List<Token> rewrite(List<Token> tokens) throws SqlProblem {
        TokenEditor text = new TokenEditor(tokens);
        Idioms idioms = new Idioms(text);
        Intervals intervals = new Intervals(text);
        idioms.leaveOut();
        new RowSources(text).rewrite();
        intervals.literals();
        intervals.comparisons();
        new Casts(text).rewrite();
        idioms.arrays();
        idioms.timeZones();
        idioms.calls();
        idioms.matches();
        return text.tokens();
    }

    /** Removes COLLATE, LIMIT ALL, pg_catalog before functions and types, and all of OPERATOR(pg_catalog.x) but the operator. */
    private void leaveOut() throws SqlProblem {
        for (int i = 0; i < text.tokens().size(); i++) {
            if (text.at(i).isWord("limit") && text.at(i + 1).isWord("all")) {
                text.tokens().subList(i, i + 2).clear();
            } else if (text.at(i).isWord("collate") && i > 0 && text.at(i + 1).isName()) {
                int end = i + 2;
                while (text.at(end).isSymbol(".") && text.at(end + 1).isName()) {
                    end += 2;
                }
                text.tokens().subList(i, end).clear();
                i--;
            } else if (qualifiesFunctionOrType(i)) {
                text.tokens().subList(i, i + 2).clear();
            } else if (text.at(i).isWord("operator") && text.at(i + 1).isSymbol("(")) {
                int end = Operand.closing(text.tokens(), i + 1, "(", ")");
                Token operator = text.at(end - 2);
                text.count();
                text.tokens().subList(i, end).clear();
                text.tokens().add(i, operator);
            }
        }
    }

    private boolean qualifiesFunctionOrType(int at) {
        return text.at(at).folded().equals(CatalogTables.PG_CATALOG)
                && text.at(at + 1).isSymbol(".")
                && text.at(at + 2).isName()
                && (text.at(at + 3).isSymbol("(")
                        || text.at(at - 1).isSymbol("::")
                        || text.at(at - 1).isWord("as"));
    }

    /** {@code = ANY ('{a,b}')}, and elements beyond the end of an array, which are null and not an error. */
    private void arrays() throws SqlProblem {
        for (int i = 0; i < text.tokens().size(); i++) {
            if (text.at(i).isSymbol("[") && text.at(i - 1).isSymbol(")")) {
                element(i);
            }
            boolean isAny = (text.at(i).isWord("any")
                            || text.at(i).isWord("all")
                            || text.at(i).isWord("some"))
                    && text.at(i + 1).isSymbol("(")
                    && (text.at(i + 2).kind() == Token.Kind.STRING
                            || text.at(i + 2).kind() == Token.Kind.PARAMETER)
                    && text.at(i + 3).isSymbol(")");
            if (isAny) {
                text.call(SqlFunctions.TEXT_ARRAY, i + 2, i + 3, text.at(i + 2));
            }
        }
    }

    /** {@code (f(x))[i]} where f returns an array of texts. */
    private void element(int open) throws SqlProblem {
        text.count();
        Token origin = text.at(open);
        int from = Operand.start(text.tokens(), open - 1);
        if (TokenEditor.makesTextArray(text.at(text.afterParentheses(from)).folded())) {
            int close = Operand.closing(text.tokens(), open, "[", "]") - 1;
            text.tokens().remove(close);
            text.tokens().set(open, Token.symbol(",", origin));
            text.call(SqlFunctions.ELEMENT, from, close, origin);
        }
    }

    /** {@code x AT TIME ZONE z}: for a timestamp with time zone, or for one without where x is visibly one. */
    private void timeZones() throws SqlProblem {
        for (int i = 0; i < text.tokens().size(); i++) {
            if (i == 0
                    || !text.at(i).isWord("at")
                    || !text.at(i + 1).isWord("time")
                    || !text.at(i + 2).isWord("zone")) {
                continue;
            }
            Token origin = text.at(i);
            int from = Operand.start(text.tokens(), i - 1);
            int end = Operand.end(text.tokens(), i + 3);
            boolean isLocal = isLocal(from, i);
            text.tokens().subList(i, i + 3).clear();
            text.tokens().add(i, Token.symbol(",", origin));
            text.call(isLocal ? SqlFunctions.ABSOLUTE_TIME : SqlFunctions.LOCAL_TIME, from, end - 2, origin);
            i = from;
        }
    }

    /** Whether an operand is a timestamp without time zone, as far as its text shows. */
    private boolean isLocal(int from, int end) {
        int first = from;
        int last = end - 1;
        while (text.at(first).isSymbol("(") && text.at(last).isSymbol(")")) {
            first++;
            last--;
        }
        boolean isCast = text.at(last).isWord("timestamp")
                && (text.at(last - 1).isSymbol("::") || text.at(last - 1).isWord("as"));
        boolean isCastCall = text.at(first).isWord("cast")
                && text.at(last).isSymbol(")")
                && text.at(last - 1).isWord("timestamp");
        if (isCast
                || isCastCall
                || text.at(first).isWord(SqlFunctions.LOCAL_TIME)
                || text.at(first).isWord("localtimestamp")
                || (text.at(first).isWord("timestamp") && text.at(first + 1).kind() == Token.Kind.STRING)) {
            return true;
        }
        boolean isTruncated = text.at(first).isWord("date_trunc")
                && text.at(first + 1).isSymbol("(")
                && text.at(first + 3).isSymbol(",");
        return isTruncated && isLocal(first + 4, last);
    }

    /** age and date_part. */
    private void calls() throws SqlProblem {
        for (int i = 0; i < text.tokens().size(); i++) {
            if (text.at(i).isWord("age")
                    && text.at(i + 1).isSymbol("(")
                    && !text.at(i - 1).isSymbol(".")) {
                age(i);
            } else if (text.at(i).isWord("date_part")
                    && text.at(i + 1).isSymbol("(")
                    && text.at(i + 2).kind() == Token.Kind.STRING
                    && text.at(i + 3).isSymbol(",")) {
                datePart(i);
            }
        }
    }

    /** {@code age(a, b)} is {@code (a) - (b)}; {@code age(b)} counts from the last midnight. */
    private void age(int at) throws SqlProblem {
        text.count();
        Token origin = text.at(at);
        int close = Operand.closing(text.tokens(), at + 1, "(", ")") - 1;
        int comma = text.find(token -> token.isSymbol(","), at + 2, close);
        List<Token> made = new ArrayList<>();
        made.add(Token.symbol("(", origin));
        if (comma < 0) {
            made.addAll(List.of(
                    Token.word("cast", origin),
                    Token.symbol("(", origin),
                    Token.word("current_date", origin),
                    Token.word("as", origin),
                    Token.word("timestamptz", origin),
                    Token.symbol(")", origin)));
        } else {
            parenthesized(made, text.tokens().subList(at + 2, comma), origin);
        }
        made.add(Token.symbol("-", origin));
        parenthesized(made, text.tokens().subList(comma < 0 ? at + 2 : comma + 1, Math.max(at + 2, close)), origin);
        made.add(Token.symbol(")", origin));
        text.tokens().subList(at, Math.min(close + 1, text.tokens().size())).clear();
        text.tokens().addAll(at, made);
    }

    private static void parenthesized(List<Token> into, List<Token> expression, Token origin) {
        into.add(Token.symbol("(", origin));
        into.addAll(expression);
        into.add(Token.symbol(")", origin));
    }

    /** {@code date_part('hour', x)} is {@code CAST(extract(hour FROM x) AS float8)}. */
    private void datePart(int at) throws SqlProblem {
        Token field = text.at(at + 2);
        String name = field.text().toLowerCase(Locale.ROOT);
        if (!FIELDS.contains(name)) {
            throw new SqlProblem(
                    SqlStates.INVALID_PARAMETER_VALUE, "unit \"" + name + "\" not recognized", "", field.start() + 1);
        }
        text.count();
        Token origin = text.at(at);
        int close = Operand.closing(text.tokens(), at + 1, "(", ")");
        boolean isSecond = name.equals("second"); // The engine's seconds have no fraction.
        text.tokens()
                .addAll(
                        close,
                        List.of(Token.engine(
                                isSecond ? ", 60.000000 ) AS DOUBLE PRECISION )" : "AS DOUBLE PRECISION )", origin)));
        text.tokens().set(at + 3, Token.word("from", origin));
        text.tokens().set(at + 2, Token.word(isSecond ? "epoch" : name, field));
        text.tokens().set(at, Token.word("extract", origin));
        text.tokens().add(at, Token.engine(isSecond ? "CAST ( MOD (" : "CAST (", origin));
    }

    private void matches() throws SqlProblem {
        for (int i = 1; i + 1 < text.tokens().size(); i++) {
            String function = text.at(i).kind() == Token.Kind.SYMBOL
                    ? MATCHES.get(text.at(i).text())
                    : null;
            if (function == null) {
                continue;
            }
            Token origin = text.at(i);
            int from = Operand.startOfChain(text.tokens(), i - 1);
            int end = Operand.endOfChain(text.tokens(), i + 1);
            text.tokens().set(i, Token.symbol(",", origin));
            text.call(function, from, end, origin);
            if (origin.text().startsWith("!")) {
                text.tokens().add(end + 3, Token.symbol(")", origin));
                text.tokens().addAll(from, List.of(Token.symbol("(", origin), Token.word("not", origin)));
            }
            i = from;
        }
    }
}
