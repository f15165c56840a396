package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.view.View;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns an operator's query into one for the engine, and refuses what could mislead the engine. The engine gets none of the original text:
 * its query is assembled from checked pieces, so that planner and engine cannot understand it differently.
 */
final class QueryPlanner {

    /** No tables follow these words. */
    private static final Set<String> CLAUSES_WITHOUT_TABLES =
            Set.of("select", "where", "group", "having", "order", "limit", "offset", "window", "values");

    /** All operators that are needed; others that the engine may understand are not passed on. */
    private static final Set<String> OPERATORS = Set.of(
            "(", ")", "[", "]", ",", ".", "+", "-", "*", "/", "%", "<", ">", "=", "<=", ">=", "<>", "!=", "||", "::");

    private static final int MAX_TOKENS = 10_000;
    private static final int MAX_DEPTH = 100;
    /** Each can double the digits of a number, and the engine computes with all of them. */
    private static final int MAX_MULTIPLICATIONS = 16;

    private static final String USER = "user";

    private final SqlText statement;
    private final Surroundings around;
    private final Settings settings;
    /** Whether the statement names a table with a column {@code user}. */
    private final boolean namesUsers;

    private final StringBuilder sql = new StringBuilder();
    private final Places places = new Places();
    private final Set<View> views = EnumSet.noneOf(View.class);
    private final Deque<Boolean> outer = new ArrayDeque<>();
    /** The kind of each open parenthesis. */
    private final Deque<Parenthesis> open = new ArrayDeque<>();

    private boolean amongTables;
    private int depth;
    private int multiplications;

    /** The kind of an open parenthesis. */
    private enum Parenthesis {
        PLAIN,
        /** CAST(... AS ...), before its type. */
        CAST,
        /** The same, already closed by its type. */
        CLOSED_CAST
    }

    private QueryPlanner(SqlText statement, Settings settings) {
        this.statement = statement;
        this.around = new Surroundings(statement.tokens());
        this.settings = settings;
        this.namesUsers = statement.tokens().stream().anyMatch(QueryPlanner::namesTableWithUser);
    }

    static Plan.Query plan(SqlText statement, Settings settings) throws SqlProblem {
        check(statement);
        SqlText plain = new SqlText(statement.text(), statement.offset(), Idioms.rewrite(statement.tokens()));
        return new QueryPlanner(plain, settings).run(SelectLabels.of(statement.tokens()));
    }

    /**
     * Checks that a statement is bounded and balanced, so that it can be walked through.
     *
     * @throws SqlProblem when it is too long or too deep, when a bracket has no counterpart, or when it names what only the proxy may name
     */
    static void check(SqlText statement) throws SqlProblem {
        if (statement.tokens().size() > MAX_TOKENS) {
            throw SqlProblem.tooComplex("more than " + MAX_TOKENS + " words and signs");
        }
        Deque<String> expected = new ArrayDeque<>();
        for (Token token : statement.tokens()) {
            if (token.isSymbol("(") || token.isSymbol("[")) {
                expected.push(token.isSymbol("(") ? ")" : "]");
                if (expected.size() > MAX_DEPTH) {
                    throw SqlProblem.tooComplex("parentheses nested deeper than " + MAX_DEPTH);
                }
            } else if ((token.isSymbol(")") || token.isSymbol("]"))
                    && !token.text().equals(expected.poll())) {
                throw new SqlProblem(
                        SqlStates.SYNTAX_ERROR,
                        "syntax error at or near \"" + token.text() + "\"",
                        "The other parenthesis is missing.",
                        token.start() + 1);
            } else if (token.isName() && token.folded().startsWith(SqlFunctions.PREFIX)) {
                throw noFunction(token);
            }
        }
        if (!expected.isEmpty()) {
            throw new SqlProblem(
                    SqlStates.SYNTAX_ERROR,
                    "syntax error at end of input",
                    "A parenthesis is not closed.",
                    statement.text().length() + 1);
        }
    }

    private static SqlProblem noFunction(Token token) {
        return new SqlProblem(
                SqlStates.UNDEFINED_FUNCTION,
                "function " + token.text() + "() is not available in pg_proxy",
                "Available are the usual ones: count, sum, avg, min, max, coalesce, lower, substring, round, now, to_char, ...",
                token.start() + 1);
    }

    private Plan.Query run(List<@Nullable String> labels) throws SqlProblem {
        List<Token> tokens = statement.tokens();
        boolean matches = tokens.stream().anyMatch(token -> token.isWord("like") || token.isWord("ilike"));
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            switch (token.kind()) {
                case WORD, QUOTED_NAME -> i = name(i);
                case SYMBOL -> symbol(i, token);
                case STRING -> string(i, token, matches);
                case NUMBER -> add(token, Literals.number(token));
                case PARAMETER, ENGINE -> add(token, token.text());
            }
        }
        return new Plan.Query(sql.toString(), views, labels, places, "SELECT", null);
    }

    private void add(Token token, String text) {
        sql.append(sql.isEmpty() ? "" : " ");
        places.put(sql.length(), token.start());
        sql.append(text);
    }

    private void string(int at, Token token, boolean matches) throws SqlProblem {
        Token before = statement.tokens().get(Math.max(0, at - 1));
        boolean prefixed = at > 0 && before.end() == token.start() && (before.isName() || before.isSymbol("&"));
        if (prefixed && !before.isWord("date") && !before.isWord("timestamp") && !before.isWord("interval")) {
            throw new SqlProblem(
                    SqlStates.FEATURE_NOT_SUPPORTED,
                    "strings with a prefix are not available in pg_proxy",
                    "Write the string as it is, between single quotes.",
                    before.start() + 1);
        }
        if (matches) {
            Literals.checkPattern(token.text());
        }
        Literals.checkExponents(token.text());
        add(token, "'" + token.text().replace("'", "''") + "'");
    }

    /** The name of a type, after {@code ::} or in CAST. */
    private int type(int at, Token token) throws SqlProblem {
        String name = token.folded();
        if (token.kind() == Token.Kind.WORD && Types.isExact(name)) {
            if (open.peek() == Parenthesis.CAST && !around.isBehindColons(at)) {
                open.pop();
                open.push(Parenthesis.CLOSED_CAST);
                add(token, "DOUBLE PRECISION ) :: " + name);
            } else {
                add(token, "DOUBLE PRECISION :: " + name);
            }
            return at;
        }
        if (token.kind() == Token.Kind.QUOTED_NAME && name.equals("char")) {
            add(token, "varchar"); // The one-byte type that columns of the catalog have.
            return at;
        }
        if (token.kind() == Token.Kind.WORD && Types.isPlain(name)) {
            add(token, Types.spelled(name));
            return at;
        }
        throw new SqlProblem(
                SqlStates.UNDEFINED_OBJECT,
                "type \"" + token.text() + "\" is not available in pg_proxy",
                "Available are int, bigint, numeric, float8, text, varchar, boolean, date, time, timestamp, timestamptz, interval.",
                token.start() + 1);
    }

    private boolean isType(int at) {
        return around.isBehindColons(at)
                || (at > 0
                        && open.peek() == Parenthesis.CAST
                        && statement.tokens().get(at - 1).isWord("as"));
    }

    /** @return the place of the last token that was handled */
    private int name(int at) throws SqlProblem {
        List<Token> tokens = statement.tokens();
        Token token = tokens.get(at);
        if (isType(at)) {
            return type(at, token);
        }
        String name = token.folded();
        boolean qualifies = at + 1 < tokens.size() && tokens.get(at + 1).isSymbol(".");
        if (qualifies && (name.equals("pg_catalog") || name.equals("public")) && around.isCall(at + 2)) {
            return name(at + 2); // pg_catalog.lower(...) is lower(...)
        }
        if (qualifies && CatalogTables.isSchema(name) && !around.isCall(at + 2)) {
            return catalogTable(at, token, name);
        }
        boolean isUnqualifiedTable = amongTables && around.mayBeTable(at) && !around.isCall(at) && !qualifies;
        if (isUnqualifiedTable && name.startsWith("pg_")) {
            if (!CatalogTables.has(CatalogTables.PG_CATALOG, name)) {
                throw noTable(token.text(), token);
            }
            add(token, CatalogTables.engineSchema(CatalogTables.PG_CATALOG) + '.' + name);
            return at;
        }
        String session =
                token.kind() == Token.Kind.WORD && !isUserColumn(token) ? Functions.sessionKeyword(name) : null;
        if (session != null && !around.isCall(at) && around.beginsExpression(at)) {
            add(token, literal(session));
            return at;
        }
        if (token.isWord("recursive") || token.isWord("regexp") || token.isWord("similar")) {
            throw new SqlProblem(
                    SqlStates.FEATURE_NOT_SUPPORTED,
                    "\"" + token.text() + "\" is not available in pg_proxy",
                    "LIKE finds texts by a pattern.",
                    token.start() + 1);
        }
        if (around.isCall(at)) {
            return call(at, token, name);
        }
        boolean isWord = token.kind() == Token.Kind.WORD;
        if (isWord && CLAUSES_WITHOUT_TABLES.contains(name)) {
            amongTables = false;
        } else if (isWord && Surroundings.bringsTables(name)) {
            amongTables = true;
        } else if (amongTables && around.mayBeTable(at)) {
            for (View view : View.values()) {
                if (view.tableName().equals(name)) {
                    views.add(view);
                }
            }
        }
        addName(token);
        return at;
    }

    /** {@code pg_catalog.pg_class}, or the beginning of {@code pg_catalog.pg_class.oid}. */
    private int catalogTable(int at, Token schema, String schemaName) throws SqlProblem {
        Token table = at + 2 < statement.tokens().size() ? statement.tokens().get(at + 2) : Token.NONE;
        if (!table.isName() || !CatalogTables.has(schemaName, table.folded())) {
            throw noTable(schema.text() + '.' + table.text(), schema);
        }
        add(schema, CatalogTables.engineSchema(schemaName) + '.' + table.folded());
        return at + 2;
    }

    private int call(int at, Token token, String name) throws SqlProblem {
        List<Token> tokens = statement.tokens();
        String setting = Functions.setting(name);
        if (setting != null && at + 2 < tokens.size() && tokens.get(at + 2).isSymbol(")")) {
            add(token, literal(setting));
            return at + 2;
        }
        boolean isNow = name.equals("now")
                && at + 2 < tokens.size()
                && tokens.get(at + 2).isSymbol(")");
        if (isNow) {
            add(token, "current_timestamp"); // The engine's now() has no time zone.
            return at + 2;
        }
        boolean asksForSetting = name.equals("current_setting")
                && at + 3 < tokens.size()
                && tokens.get(at + 2).kind() == Token.Kind.STRING
                && tokens.get(at + 3).isSymbol(")");
        if (asksForSetting) {
            add(token, literal(tokens.get(at + 2).text()));
            return at + 3;
        }
        String ours = SqlFunctions.engineName(name);
        if (ours != null) {
            add(token, ours);
            return at;
        }
        if (!Functions.isAllowed(name)) {
            throw noFunction(token);
        }
        addName(token);
        return at;
    }

    /** With a table that has a column of this name it is that column, as in the program that pgproxy ports; elsewhere it is CURRENT_USER. */
    private boolean isUserColumn(Token token) {
        return namesUsers && token.isWord(USER);
    }

    private static boolean namesTableWithUser(Token token) {
        return token.isName()
                && Arrays.stream(View.values())
                        .filter(view -> view.tableName().equals(token.folded()))
                        .anyMatch(view -> view.columns().stream()
                                .anyMatch(column -> column.name().equals(USER)));
    }

    private void addName(Token token) {
        add(
                token,
                token.kind() == Token.Kind.WORD && !isUserColumn(token)
                        ? token.text()
                        : '"' + (isUserColumn(token) ? USER : token.text().replace("\"", "\"\"")) + '"');
    }

    private String literal(String setting) throws SqlProblem {
        String value = settings.value(setting)
                .orElseThrow(() -> new SqlProblem(
                        SqlStates.UNDEFINED_OBJECT,
                        "unrecognized configuration parameter \"" + setting + "\"",
                        "The keys of pgproxy are in the table config."));
        if (setting.equals(Settings.BACKEND_PID)) {
            return value;
        }
        return setting.equals(Settings.IN_RECOVERY) ? "false" : "'" + value.replace("'", "''") + "'";
    }

    private void symbol(int at, Token token) throws SqlProblem {
        if (!OPERATORS.contains(token.text())) {
            throw new SqlProblem(
                    SqlStates.FEATURE_NOT_SUPPORTED,
                    "\"" + token.text() + "\" is not available in pg_proxy",
                    "LIKE finds texts by a pattern; parameters are written $1.",
                    token.start() + 1);
        }
        if (token.isSymbol("(")) {
            if (++depth > MAX_DEPTH) {
                throw SqlProblem.tooComplex("parentheses nested deeper than " + MAX_DEPTH);
            }
            outer.push(amongTables);
            boolean isCast = at > 0 && statement.tokens().get(at - 1).isWord("cast");
            open.push(isCast ? Parenthesis.CAST : Parenthesis.PLAIN);
            boolean names = at > 0 && statement.tokens().get(at - 1).isWord("using");
            amongTables &= !names;
        } else if (token.isSymbol(")")) {
            depth--;
            amongTables = outer.isEmpty() ? amongTables : outer.pop();
            if (open.poll() == Parenthesis.CLOSED_CAST) {
                return; // Its type has already closed it.
            }
        } else if (around.isMultiplication(at) && ++multiplications > MAX_MULTIPLICATIONS) {
            throw SqlProblem.tooComplex("more than " + MAX_MULTIPLICATIONS + " multiplications and divisions");
        }
        add(token, token.text());
    }

    private static SqlProblem noTable(String name, Token token) {
        return new SqlProblem(
                SqlStates.UNDEFINED_TABLE,
                "relation \"" + name + "\" does not exist",
                "\\dt or SHOW TABLES lists the tables of pg_proxy; of the system catalog it has what clients ask for.",
                token.start() + 1);
    }
}
