package dev.pgproxy.adminworker.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** {@code COPY table TO STDOUT} and {@code COPY (query) TO STDOUT}, with today's options and those from before PostgreSQL 9.0. */
final class CopyPlanner {

    /** The text for null is written for each null value. */
    private static final int MAX_OPTION_CHARS = 100;

    private final SqlText statement;
    private final List<Token> tokens;
    private int at = 1;

    private boolean csv;
    private boolean header;
    /** Null where the statement has none, and the format's default applies. */
    private @Nullable Character delimiter;

    private @Nullable String nullText;
    private @Nullable Character quote;
    private @Nullable Character escape;

    private CopyPlanner(SqlText statement) {
        this.statement = statement;
        this.tokens = statement.tokens();
    }

    static Plan plan(SqlText statement, Settings settings) throws SqlProblem {
        return new CopyPlanner(statement).plan(settings);
    }

    private Token at(int index) {
        return index < tokens.size() ? tokens.get(index) : Token.NONE;
    }

    private Plan plan(Settings settings) throws SqlProblem {
        List<Token> source = source();
        if (!at(at).isWord("to")) {
            throw new SqlProblem(
                    SqlStates.READ_ONLY_SQL_TRANSACTION,
                    "the tables of pg_proxy can only be read",
                    "Write COPY ... TO STDOUT.",
                    at(at).start() + 1);
        }
        if (!at(at + 1).isWord("stdout")) {
            throw new SqlProblem(
                    SqlStates.INSUFFICIENT_PRIVILEGE,
                    "pg_proxy writes no files and runs no programs",
                    "Write COPY ... TO STDOUT, or \\copy in psql.",
                    at(at + 1).start() + 1);
        }
        at += 2;
        options();
        Plan.Query query =
                SelectPlanner.plan(new SqlText(statement.text(), statement.offset(), List.copyOf(source)), settings);
        return new Plan.Copy(query.withTag("COPY"), format());
    }

    /** A quote is its own escape by default. */
    private CopyFormat format() {
        CopyFormat usual = csv ? CopyFormat.CSV : CopyFormat.TEXT;
        char quoteOrUsual = quote == null ? usual.quote() : quote;
        return new CopyFormat(
                csv,
                delimiter == null ? usual.delimiter() : delimiter,
                nullText == null ? usual.nullText() : nullText,
                header,
                quoteOrUsual,
                escape == null ? quoteOrUsual : escape);
    }

    private List<Token> source() throws SqlProblem {
        List<Token> source = new ArrayList<>();
        if (at(at).isSymbol("(")) {
            int close = Operand.closing(tokens, at, "(", ")");
            source.addAll(tokens.subList(at + 1, Math.max(at + 1, close - 1)));
            at = close;
            return source;
        }
        int name = at;
        while (at(at).isName() && at(at + 1).isSymbol(".")) {
            at += 2;
        }
        at++;
        int afterName = Math.min(at, tokens.size());
        source.add(new Token(Token.Kind.WORD, "select", at(name).start(), at(name).start()));
        if (at(at).isSymbol("(")) {
            int close = Operand.closing(tokens, at, "(", ")");
            source.addAll(tokens.subList(at + 1, Math.max(at + 1, close - 1)));
            at = close;
        } else {
            source.add(new Token(Token.Kind.SYMBOL, "*", at(name).start(), at(name).start()));
        }
        source.add(new Token(Token.Kind.WORD, "from", at(name).start(), at(name).start()));
        source.addAll(tokens.subList(Math.min(name, afterName), afterName));
        return source;
    }

    private void options() throws SqlProblem {
        if (at(at).isWord("with")) {
            at++;
        }
        boolean isList = at(at).isSymbol("(");
        at += isList ? 1 : 0;
        while (at < tokens.size() && !at(at).isSymbol(")")) {
            option(at(at++));
            if (at(at).isSymbol(",")) {
                at++;
            }
        }
        if (isList != at(at).isSymbol(")") || at + (isList ? 1 : 0) != tokens.size()) {
            throw problem(at(at));
        }
    }

    private void option(Token name) throws SqlProblem {
        switch (name.folded()) {
            case "format" -> format(at(at++));
            case "csv", "text", "binary" -> format(name);
            case "header" -> header();
            case "delimiter", "delimiters" -> delimiter = character();
            case "null" -> nullText = string();
            case "quote" -> quote = character();
            case "escape" -> escape = character();
            case "encoding" -> {
                if (!string().replace("-", "").equalsIgnoreCase("utf8")) {
                    throw new SqlProblem(
                            SqlStates.FEATURE_NOT_SUPPORTED, "pg_proxy supports only UTF8", "", name.start() + 1);
                }
            }
            default -> throw problem(name);
        }
    }

    private SqlProblem problem(Token token) {
        return new SqlProblem(
                SqlStates.SYNTAX_ERROR,
                "option \"" + token.text() + "\" of COPY is not available in pg_proxy",
                "Available are FORMAT text and csv, HEADER, DELIMITER, NULL, QUOTE, ESCAPE and ENCODING.",
                token.start() + 1);
    }

    private void format(Token name) throws SqlProblem {
        switch (name.text().toLowerCase(Locale.ROOT)) {
            case "text" -> {} // The default.
            case "csv" -> csv = true;
            default -> throw problem(name);
        }
    }

    private void header() {
        Token value = at(at);
        boolean isValue = value.kind() == Token.Kind.WORD || value.kind() == Token.Kind.STRING;
        String text = value.text().toLowerCase(Locale.ROOT);
        boolean isOff = isValue && (text.equals("off") || text.equals("false"));
        boolean isOn = isValue && (text.equals("on") || text.equals("true"));
        at += isOff || isOn ? 1 : 0;
        header = !isOff;
    }

    private String string() throws SqlProblem {
        at += at(at).isWord("as") ? 1 : 0;
        Token token = at(at);
        if (token.kind() != Token.Kind.STRING || token.text().length() > MAX_OPTION_CHARS) {
            throw problem(token);
        }
        at++;
        return token.text();
    }

    private char character() throws SqlProblem {
        Token token = at(at);
        String text = string();
        if (text.length() != 1 || text.equals("\n") || text.equals("\r")) {
            throw new SqlProblem(
                    SqlStates.FEATURE_NOT_SUPPORTED,
                    "delimiter, quote and escape of COPY are one character each",
                    "",
                    token.start() + 1);
        }
        return text.charAt(0);
    }
}
