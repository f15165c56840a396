package dev.pgproxy.adminworker.sql;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Puts what the engine has in the place of what only PostgreSQL has: operators, casts and literals become calls of {@link SqlFunctions}. What is
 * made here is looked at by {@link QueryPlanner} like everything else, and stands where its origin stood.
 */
final class Idioms {

    /** In one statement; each may cost a walk through it. */
    private static final int MAX_REWRITTEN = 500;

    private static final Map<String, String> MATCHES = Map.of(
            "~", SqlFunctions.MATCHES,
            "~*", SqlFunctions.MATCHES_NOCASE,
            "!~", SqlFunctions.MATCHES,
            "!~*", SqlFunctions.MATCHES_NOCASE);

    /** Types of one word whose casts are calls. */
    private static final Map<String, String> CASTS = Map.of(
            "interval", SqlFunctions.INTERVAL,
            "text", SqlFunctions.TEXT,
            "regclass", SqlFunctions.REGCLASS,
            "regtype", SqlFunctions.REGTYPE,
            "regproc", SqlFunctions.REGPROC,
            "regnamespace", SqlFunctions.REGNAMESPACE);

    /** What arrays are cast to that are arrays already. */
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

    /** Behind these no tables come. */
    private static final Set<String> ENDING_TABLES =
            Set.of("select", "where", "group", "having", "order", "limit", "offset", "window", "union");

    /** Comparisons. */
    private static final Set<String> COMPARISONS = Set.of("<", ">", "<=", ">=", "=", "<>", "!=");

    /** Functions whose arrays are of texts. */
    private static final Set<String> TEXT_ARRAYS = Set.of("parse_ident", "string_to_array", "current_schemas");

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

    /** What seconds are multiplied with to be an interval. */
    private static final String ONE_SECOND = "INTERVAL '0 00:00:01' DAY(18) TO SECOND(6)";

    private static final Set<String> INTERVAL_FIELDS = Set.of("year", "month", "day", "hour", "minute", "second");

    private final List<Token> tokens;
    private int rewritten;

    private Idioms(List<Token> tokens) {
        this.tokens = new ArrayList<>(tokens);
    }

    /** @throws SqlProblem when a literal is none, or there are too many of these */
    static List<Token> rewrite(List<Token> tokens) throws SqlProblem {
        Idioms idioms = new Idioms(tokens);
        idioms.leaveOut();
        idioms.rowSources();
        idioms.intervals();
        idioms.comparisons();
        idioms.casts();
        idioms.arrays();
        idioms.timeZones();
        idioms.calls();
        idioms.matches();
        return idioms.tokens;
    }

    private Token at(int index) {
        return index >= 0 && index < tokens.size() ? tokens.get(index) : Token.NONE;
    }

    private void count() throws SqlProblem {
        if (++rewritten > MAX_REWRITTEN) {
            throw new SqlProblem(
                    SqlStates.STATEMENT_TOO_COMPLEX,
                    "the statement is too complex: more than " + MAX_REWRITTEN + " casts and operators of some kinds",
                    "Write a simpler one.");
        }
    }

    private static Token word(String text, Token origin) {
        return new Token(Token.Kind.WORD, text, origin.start(), origin.end());
    }

    private static Token symbol(String text, Token origin) {
        return new Token(Token.Kind.SYMBOL, text, origin.start(), origin.end());
    }

    private static Token engine(String text, Token origin) {
        return new Token(Token.Kind.ENGINE, text, origin.start(), origin.end());
    }

    /** COLLATE, LIMIT ALL, pg_catalog before functions and types, and OPERATOR(pg_catalog.x), of which the operator stays. */
    private void leaveOut() throws SqlProblem {
        for (int i = 0; i < tokens.size(); i++) {
            if (at(i).isWord("limit") && at(i + 1).isWord("all")) {
                tokens.subList(i, i + 2).clear();
            } else if (at(i).isWord("collate") && i > 0 && at(i + 1).isName()) {
                int end = i + 2;
                while (at(end).isSymbol(".") && at(end + 1).isName()) {
                    end += 2;
                }
                tokens.subList(i, end).clear();
                i--;
            } else if (qualifiesFunctionOrType(i)) {
                tokens.subList(i, i + 2).clear();
            } else if (at(i).isWord("operator") && at(i + 1).isSymbol("(")) {
                int end = Operand.closing(tokens, i + 1, "(", ")");
                Token operator = at(end - 2);
                count();
                tokens.subList(i, end).clear();
                tokens.add(i, operator);
            }
        }
    }

    private boolean qualifiesFunctionOrType(int at) {
        return at(at).folded().equals(CatalogTables.PG_CATALOG)
                && at(at + 1).isSymbol(".")
                && at(at + 2).isName()
                && (at(at + 3).isSymbol("(")
                        || at(at - 1).isSymbol("::")
                        || at(at - 1).isWord("as"));
    }

    /**
     * Functions in the place of a table: {@code generate_series(1, 3) AS i} is {@code unnest(series(1, 3)) AS i(i)}, {@code
     * string_to_array(x, ',') s} is a table of one row with that array, and {@code pg_get_keywords()} is a table as it is.
     */
    private void rowSources() throws SqlProblem {
        Deque<Boolean> outer = new ArrayDeque<>();
        boolean amongTables = false;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = at(i);
            if (token.isSymbol("(")) {
                outer.push(amongTables);
                amongTables &= !at(i - 1).isName()
                        || at(i - 1).isWord("from")
                        || at(i - 1).isWord("join"); // A call.
            } else if (token.isSymbol(")")) {
                amongTables = !outer.isEmpty() && outer.pop();
            } else if (token.isWord("from")) {
                amongTables = !at(i - 1).isWord("distinct"); // IS DISTINCT FROM
            } else if (token.kind() == Token.Kind.WORD && ENDING_TABLES.contains(token.folded())) {
                amongTables = false;
            }
            boolean beginsTable = at(i - 1).isWord("from")
                    || at(i - 1).isWord("join")
                    || at(i - 1).isSymbol(",");
            if (amongTables && beginsTable && at(i + 1).isSymbol("(")) {
                rowSource(i);
            }
        }
    }

    private void rowSource(int at) throws SqlProblem {
        if (at(at).isWord("generate_series")) {
            series(at);
        } else if (at(at).isWord("unnest")) {
            rowsOfArray(at);
        } else if (at(at).isWord("string_to_array")) {
            arrayRow(at);
        } else if (at(at).isWord("pg_get_keywords") && at(at + 2).isSymbol(")")) {
            count();
            tokens.subList(at + 1, at + 3).clear();
        }
    }

    private void series(int at) throws SqlProblem {
        count();
        Token origin = at(at);
        int close = Operand.closing(tokens, at + 1, "(", ")");
        nameColumn(close, "generate_series", origin);
        tokens.addAll(close, List.of(engine("AS BIGINT ARRAY )", origin), symbol(")", origin)));
        tokens.set(at, word(SqlFunctions.SERIES, origin));
        tokens.addAll(at, List.of(unnest(origin), symbol("(", origin), engine("CAST (", origin)));
    }

    private static Token unnest(Token origin) {
        return engine("UNNEST", origin);
    }

    /** The engine cannot look into a column of another table here; those that are arrays are null in all tables that there are, and have no rows. */
    private void rowsOfArray(int at) throws SqlProblem {
        count();
        Token origin = at(at);
        int close = Operand.closing(tokens, at + 1, "(", ")");
        boolean isColumn = at(at + 2).isName()
                && !at(at + 2).isWord("array")
                && !tokens.subList(at + 2, close).stream().anyMatch(token -> token.isSymbol("("));
        nameColumn(close, "unnest", origin);
        if (isColumn) {
            tokens.subList(at, close).clear();
            tokens.add(at, engine("(SELECT CAST(NULL AS VARCHAR) WHERE FALSE)", origin));
        } else {
            tokens.set(at, unnest(origin));
        }
    }

    private void arrayRow(int at) throws SqlProblem {
        count();
        Token origin = at(at);
        int close = Operand.closing(tokens, at + 1, "(", ")");
        nameColumn(close, "string_to_array", origin);
        tokens.addAll(close, List.of(symbol(")", origin), symbol(")", origin)));
        tokens.addAll(at, List.of(symbol("(", origin), word("values", origin), symbol("(", origin)));
    }

    /** Gives the one column of a table that ends before this place the table's own name, unless it has another one. */
    private void nameColumn(int at, String otherwise, Token origin) {
        int name = at(at).isWord("as") ? at + 1 : at;
        boolean hasName =
                at(name).isName() && !(at(name).kind() == Token.Kind.WORD && Operand.isKeyword(at(name).folded()));
        if (!hasName) {
            tokens.addAll(
                    at,
                    List.of(
                            word("as", origin),
                            word(otherwise, origin),
                            symbol("(", origin),
                            word(otherwise, origin),
                            symbol(")", origin)));
        } else if (!at(name + 1).isSymbol("(")) {
            tokens.addAll(name + 1, List.of(symbol("(", origin), at(name), symbol(")", origin)));
            if (name == at) {
                tokens.add(at, word("as", origin));
            }
        }
    }

    /** {@code interval '5 minutes'}, {@code interval '5' minute} and {@code '5 minutes'::interval}. */
    private void intervals() throws SqlProblem {
        for (int i = 0; i < tokens.size(); i++) {
            boolean isPrefixed = at(i).isWord("interval") && at(i + 1).kind() == Token.Kind.STRING;
            boolean isCast = at(i).kind() == Token.Kind.STRING
                    && at(i + 1).isSymbol("::")
                    && at(i + 2).isWord("interval");
            if (isPrefixed) {
                String text = at(i + 1).text();
                boolean hasField = INTERVAL_FIELDS.contains(at(i + 2).folded())
                        && at(i + 2).kind() == Token.Kind.WORD;
                boolean hasRange = hasField && at(i + 3).isWord("to"); // The engine has that.
                if (!hasRange) {
                    interval(
                            i,
                            hasField ? 3 : 2,
                            hasField ? text + " " + at(i + 2).text() : text);
                }
            } else if (isCastCall(i)) {
                interval(i, 6, at(i + 2).text());
            } else if (isCast) {
                interval(i, 3, at(i).text());
            }
        }
    }

    /** {@code CAST('5 minutes' AS interval)}. */
    private boolean isCastCall(int at) {
        return at(at).isWord("cast")
                && at(at + 1).isSymbol("(")
                && at(at + 2).kind() == Token.Kind.STRING
                && at(at + 3).isWord("as")
                && at(at + 4).isWord("interval")
                && at(at + 5).isSymbol(")");
    }

    private void interval(int at, int length, String text) throws SqlProblem {
        count();
        Token origin = at(at);
        String literal;
        try {
            literal = IntervalValue.parse(text).literal();
        } catch (SqlProblem e) {
            throw new SqlProblem(e.sqlState(), e.description(), e.hint(), origin.start() + 1);
        }
        tokens.subList(at, at + length).clear();
        tokens.add(at, engine(literal, origin));
    }

    /** {@code x::T} and {@code CAST(x AS T)} where T is a type that the engine has no cast to. */
    private void casts() throws SqlProblem {
        for (int i = 0; i < tokens.size(); i++) {
            if (at(i).isSymbol("::")) {
                int end = Operand.endOfType(tokens, i + 1);
                String function = function(i + 1, end);
                if (!function.isEmpty()) {
                    Token origin = at(i);
                    boolean isNamed = function.equals(SqlFunctions.REGCLASS)
                            && at(end).isSymbol("::")
                            && (at(end + 1).isWord("text") || at(end + 1).isWord("varchar"));
                    if (isNamed) {
                        end += 2;
                        function = SqlFunctions.REGCLASS_NAME;
                    }
                    tokens.subList(i, end).clear();
                    int from = Operand.start(tokens, i - 1);
                    if (isArray(from) && ARRAY_TYPES.containsKey(function)) {
                        count();
                        tokens.addAll(i, List.of(engine("AS " + ARRAY_TYPES.get(function) + " )", origin)));
                        tokens.add(from, engine("CAST (", origin));
                    } else {
                        call(function, from, i, origin);
                        intoInterval(function, from, i + 3, origin);
                    }
                }
            } else if (at(i).isWord("cast") && at(i + 1).isSymbol("(")) {
                int close = Operand.closing(tokens, i + 1, "(", ")") - 1;
                int as = find(token -> token.isWord("as"), i + 2, close);
                String function = as < 0 ? "" : function(as + 1, close);
                if (!function.isEmpty()) {
                    count();
                    tokens.subList(as, close).clear();
                    Token origin = at(i);
                    tokens.set(i, word(function, origin));
                    intoInterval(function, i, as + 1, origin);
                }
            }
        }
    }

    private int afterParentheses(int from) {
        int at = from;
        while (at(at).isSymbol("(")) {
            at++;
        }
        return at;
    }

    private boolean isArray(int at) {
        int name = afterParentheses(at);
        return at(name).isWord("array") || TEXT_ARRAYS.contains(at(name).folded()) || at(name).isWord("array_agg");
    }

    /** A call that yields seconds becomes one that yields an interval. */
    private void intoInterval(String function, int from, int end, Token origin) {
        if (function.equals(SqlFunctions.INTERVAL)) {
            tokens.addAll(end, List.of(symbol("*", origin), engine(ONE_SECOND, origin), symbol(")", origin)));
            tokens.add(from, symbol("(", origin));
        }
    }

    /** The first such token of a call whose parenthesis ends there, and not of what is in parentheses itself; negative when there is none. */
    private int find(Predicate<Token> wanted, int from, int close) {
        int depth = 0;
        for (int i = from; i < close; i++) {
            depth += at(i).isSymbol("(") ? 1 : at(i).isSymbol(")") ? -1 : 0;
            if (depth == 0 && wanted.test(at(i))) {
                return i;
            }
        }
        return -1;
    }

    /** What stands for a cast to the type between these places; empty when the engine has it. */
    private String function(int first, int end) {
        int start = at(first).folded().equals("pg_catalog") && at(first + 1).isSymbol(".") ? first + 2 : first;
        boolean isArray = at(end - 1).isSymbol("]");
        return isArray
                ? ARRAY_CASTS.getOrDefault(at(start).folded(), "")
                : end == start + 1 ? CASTS.getOrDefault(at(start).folded(), "") : "";
    }

    /** Puts a call around the tokens from one place up to another. */
    private void call(String function, int from, int end, Token origin) throws SqlProblem {
        count();
        tokens.add(end, symbol(")", origin));
        tokens.add(from, symbol("(", origin));
        tokens.add(from, word(function, origin));
    }

    /** {@code = ANY ('{a,b}')}, and elements beyond the end of an array, which are null and no error. */
    private void arrays() throws SqlProblem {
        for (int i = 0; i < tokens.size(); i++) {
            if (at(i).isSymbol("[") && at(i - 1).isSymbol(")")) {
                element(i);
            }
            boolean isAny = (at(i).isWord("any") || at(i).isWord("all") || at(i).isWord("some"))
                    && at(i + 1).isSymbol("(")
                    && (at(i + 2).kind() == Token.Kind.STRING || at(i + 2).kind() == Token.Kind.PARAMETER)
                    && at(i + 3).isSymbol(")");
            if (isAny) {
                call(SqlFunctions.TEXT_ARRAY, i + 2, i + 3, at(i + 2));
            }
        }
    }

    /** {@code (f(x))[i]} where f makes an array of texts. */
    private void element(int open) throws SqlProblem {
        count();
        Token origin = at(open);
        int from = Operand.start(tokens, open - 1);
        if (TEXT_ARRAYS.contains(at(afterParentheses(from)).folded())) {
            int close = Operand.closing(tokens, open, "[", "]") - 1;
            tokens.remove(close);
            tokens.set(open, symbol(",", origin));
            call(SqlFunctions.ELEMENT, from, close, origin);
        }
    }

    /** {@code x AT TIME ZONE z}: of a moment, or of what clocks show where it is written so. */
    private void timeZones() throws SqlProblem {
        for (int i = 0; i < tokens.size(); i++) {
            if (i == 0
                    || !at(i).isWord("at")
                    || !at(i + 1).isWord("time")
                    || !at(i + 2).isWord("zone")) {
                continue;
            }
            Token origin = at(i);
            int from = Operand.start(tokens, i - 1);
            int end = Operand.end(tokens, i + 3);
            boolean isLocal = isLocal(from, i);
            tokens.subList(i, i + 3).clear();
            tokens.add(i, symbol(",", origin));
            call(isLocal ? SqlFunctions.ABSOLUTE_TIME : SqlFunctions.LOCAL_TIME, from, end - 2, origin);
            i = from;
        }
    }

    /** Whether an operand is what clocks show, and no moment, as far as it shows itself. */
    private boolean isLocal(int from, int end) {
        int first = from;
        int last = end - 1;
        while (at(first).isSymbol("(") && at(last).isSymbol(")")) {
            first++;
            last--;
        }
        boolean isCast = at(last).isWord("timestamp")
                && (at(last - 1).isSymbol("::") || at(last - 1).isWord("as"));
        boolean isCastCall = at(first).isWord("cast")
                && at(last).isSymbol(")")
                && at(last - 1).isWord("timestamp");
        if (isCast
                || isCastCall
                || at(first).isWord(SqlFunctions.LOCAL_TIME)
                || at(first).isWord("localtimestamp")
                || (at(first).isWord("timestamp") && at(first + 1).kind() == Token.Kind.STRING)) {
            return true;
        }
        boolean isTruncated = at(first).isWord("date_trunc")
                && at(first + 1).isSymbol("(")
                && at(first + 3).isSymbol(",");
        return isTruncated && isLocal(first + 4, last);
    }

    /** age, date_part and pg_catalog's timezone. */
    private void calls() throws SqlProblem {
        for (int i = 0; i < tokens.size(); i++) {
            if (at(i).isWord("age") && at(i + 1).isSymbol("(") && !at(i - 1).isSymbol(".")) {
                age(i);
            } else if (at(i).isWord("date_part")
                    && at(i + 1).isSymbol("(")
                    && at(i + 2).kind() == Token.Kind.STRING
                    && at(i + 3).isSymbol(",")) {
                datePart(i);
            }
        }
    }

    /** {@code age(a, b)} is {@code (a) - (b)}; {@code age(b)} counts from the midnight that has been. */
    private void age(int at) throws SqlProblem {
        count();
        Token origin = at(at);
        int close = Operand.closing(tokens, at + 1, "(", ")") - 1;
        int comma = find(token -> token.isSymbol(","), at + 2, close);
        List<Token> made = new ArrayList<>();
        made.add(symbol("(", origin));
        if (comma < 0) {
            made.addAll(List.of(
                    word("cast", origin),
                    symbol("(", origin),
                    word("current_date", origin),
                    word("as", origin),
                    word("timestamptz", origin),
                    symbol(")", origin)));
        } else {
            parenthesized(made, tokens.subList(at + 2, comma), origin);
        }
        made.add(symbol("-", origin));
        parenthesized(made, tokens.subList(comma < 0 ? at + 2 : comma + 1, Math.max(at + 2, close)), origin);
        made.add(symbol(")", origin));
        tokens.subList(at, Math.min(close + 1, tokens.size())).clear();
        tokens.addAll(at, made);
    }

    private static void parenthesized(List<Token> into, List<Token> expression, Token origin) {
        into.add(symbol("(", origin));
        into.addAll(expression);
        into.add(symbol(")", origin));
    }

    /** {@code date_part('hour', x)} is {@code CAST(extract(hour FROM x) AS float8)}. */
    private void datePart(int at) throws SqlProblem {
        Token field = at(at + 2);
        String name = field.text().toLowerCase(Locale.ROOT);
        if (!FIELDS.contains(name)) {
            throw new SqlProblem(
                    SqlStates.INVALID_PARAMETER_VALUE, "unit \"" + name + "\" not recognized", "", field.start() + 1);
        }
        count();
        Token origin = at(at);
        int close = Operand.closing(tokens, at + 1, "(", ")");
        boolean isSecond = name.equals("second"); // The engine's have no fraction.
        tokens.addAll(
                close,
                List.of(engine(isSecond ? ", 60.000000 ) AS DOUBLE PRECISION )" : "AS DOUBLE PRECISION )", origin)));
        tokens.set(at + 3, word("from", origin));
        tokens.set(at + 2, word(isSecond ? "epoch" : name, field));
        tokens.set(at, word("extract", origin));
        tokens.add(at, engine(isSecond ? "CAST ( MOD (" : "CAST (", origin));
    }

    /** A text beside a difference of times, {@code now() - connected_at > '5 minutes'}, is an interval where it looks like one. */
    private void comparisons() throws SqlProblem {
        for (int i = 1; i + 1 < tokens.size(); i++) {
            boolean isComparison = at(i).kind() == Token.Kind.SYMBOL && COMPARISONS.contains(at(i).text());
            if (!isComparison
                    || at(i + 1).kind() != Token.Kind.STRING
                    || !isUnitText(at(i + 1).text())) {
                continue;
            }
            if (isDifference(Operand.startOfChain(tokens, i - 1), i)) {
                interval(i + 1, 1, at(i + 1).text());
            }
        }
    }

    /** Whether something is subtracted at the outermost level, in parentheses or not. */
    private boolean isDifference(int from, int end) {
        int first = from;
        int last = end;
        while (at(first).isSymbol("(") && Operand.closing(tokens, first, "(", ")") == last) {
            first++;
            last--;
        }
        int depth = 0;
        for (int i = first; i < last; i++) {
            depth += at(i).isSymbol("(") || at(i).isWord("case") ? 1 : 0;
            depth -= at(i).isSymbol(")") || at(i).isWord("end") ? 1 : 0;
            if (depth == 0 && i > first && at(i).isSymbol("-")) {
                return true;
            }
        }
        return false;
    }

    private static boolean isUnitText(String text) {
        try {
            IntervalValue.parse(text);
            return text.chars().anyMatch(Character::isLetter) || text.indexOf(':') >= 0;
        } catch (SqlProblem e) {
            return false;
        }
    }

    private void matches() throws SqlProblem {
        for (int i = 1; i + 1 < tokens.size(); i++) {
            String function = at(i).kind() == Token.Kind.SYMBOL ? MATCHES.get(at(i).text()) : null;
            if (function == null) {
                continue;
            }
            Token origin = at(i);
            int from = Operand.startOfChain(tokens, i - 1);
            int end = Operand.endOfChain(tokens, i + 1);
            tokens.set(i, symbol(",", origin));
            call(function, from, end, origin);
            if (origin.text().startsWith("!")) {
                tokens.add(end + 3, symbol(")", origin));
                tokens.addAll(from, List.of(symbol("(", origin), word("not", origin)));
            }
            i = from;
        }
    }
}
