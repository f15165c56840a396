package dev.pgproxy.adminworker.sql;

import java.util.ArrayList;
import java.util.List;

/** Splits SQL into tokens as PostgreSQL's scanner does, as far as is needed to find statements, names and parameters. */
final class Tokenizer {

    private static final String OPERATORS = "+-*/<>=~!@#%^&|`?";

    private static final String UNUSUAL = "~!@#%^&|`?";

    private static final int HEX = 16;
    private static final int OCTAL = 8;

    private final String sql;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private Tokenizer(String sql) {
        this.sql = sql;
    }

    /** @throws SqlProblem when a quote or a comment does not end */
    static List<Token> tokens(String sql) throws SqlProblem {
        Tokenizer tokenizer = new Tokenizer(sql);
        tokenizer.run();
        return tokenizer.tokens;
    }

    private void run() throws SqlProblem {
        while (at < sql.length()) {
            char c = sql.charAt(at);
            if (Character.isWhitespace(c)) {
                at++;
            } else if (sql.startsWith("--", at)) {
                at = lineEnd();
            } else if (sql.startsWith("/*", at)) {
                comment();
            } else if (c == '\'') {
                quoted('\'', Token.Kind.STRING, "unterminated quoted string");
            } else if (c == '"') {
                quoted('"', Token.Kind.QUOTED_NAME, "unterminated quoted identifier");
            } else if (c == '$') {
                dollar();
            } else if ((c == 'e' || c == 'E') && at + 1 < sql.length() && sql.charAt(at + 1) == '\'') {
                escaped();
            } else if (isWordStart(c)) {
                take(Token.Kind.WORD, at, wordEnd());
            } else if (Character.isDigit(c) || (c == '.' && isDigitAt(at + 1))) {
                number();
            } else {
                symbol(c);
            }
        }
    }

    private int lineEnd() {
        int end = at;
        while (end < sql.length() && sql.charAt(end) != '\n' && sql.charAt(end) != '\r') {
            end++;
        }
        return end;
    }

    private void comment() throws SqlProblem {
        int start = at;
        int depth = 0;
        do {
            if (sql.startsWith("/*", at)) {
                depth++;
                at += 2;
            } else if (sql.startsWith("*/", at)) {
                depth--;
                at += 2;
            } else {
                at++;
            }
            if (at > sql.length() || (at == sql.length() && depth > 0)) {
                throw problem("unterminated /* comment", start);
            }
        } while (depth > 0);
    }

    private void quoted(char quote, Token.Kind kind, String complaint) throws SqlProblem {
        int start = at++;
        StringBuilder text = new StringBuilder();
        while (at < sql.length()) {
            char c = sql.charAt(at++);
            if (c != quote) {
                text.append(c);
            } else if (at < sql.length() && sql.charAt(at) == quote) {
                text.append(quote);
                at++;
            } else {
                tokens.add(new Token(kind, text.toString(), start, at));
                return;
            }
        }
        throw problem(complaint, start);
    }

    /** {@code E'...'}, with the escapes of C. */
    private void escaped() throws SqlProblem {
        int start = at;
        at += 2;
        StringBuilder text = new StringBuilder();
        while (at < sql.length()) {
            char c = sql.charAt(at++);
            if (c == '\\' && at < sql.length()) {
                text.append(escape());
            } else if (c != '\'') {
                text.append(c);
            } else if (at < sql.length() && sql.charAt(at) == '\'') {
                text.append('\'');
                at++;
            } else {
                tokens.add(new Token(Token.Kind.STRING, text.toString(), start, at));
                return;
            }
        }
        throw problem("unterminated quoted string", start);
    }

    /** What follows a backslash. */
    private String escape() throws SqlProblem {
        char c = sql.charAt(at++);
        return switch (c) {
            case 'b' -> "\b";
            case 'f' -> "\f";
            case 'n' -> "\n";
            case 'r' -> "\r";
            case 't' -> "\t";
            case 'x' -> code(1, 2, HEX);
            case 'u' -> code(4, 4, HEX);
            case 'U' -> code(8, 8, HEX);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                at--;
                yield code(1, 3, OCTAL);
            }
            default -> String.valueOf(c);
        };
    }

    private String code(int least, int most, int radix) throws SqlProblem {
        int start = at;
        while (at < sql.length() && at - start < most && Character.digit(sql.charAt(at), radix) >= 0) {
            at++;
        }
        int code = at - start < least ? 0 : Integer.parseUnsignedInt(sql.substring(start, at), radix);
        if (code <= 0 || code > Character.MAX_CODE_POINT) {
            throw problem("invalid escape in a string", start - 1);
        }
        return Character.toString(code);
    }

    private void dollar() throws SqlProblem {
        int start = at;
        if (isDigitAt(at + 1)) {
            int end = at + 1;
            while (isDigitAt(end)) {
                end++;
            }
            take(Token.Kind.PARAMETER, start, end);
            return;
        }
        int tagEnd = sql.indexOf('$', at + 1);
        if (tagEnd < 0) {
            symbol('$');
            return;
        }
        String tag = sql.substring(at, tagEnd + 1);
        int end = sql.indexOf(tag, tagEnd + 1);
        if (end < 0) {
            throw problem("unterminated dollar-quoted string", start);
        }
        at = end + tag.length();
        tokens.add(new Token(Token.Kind.STRING, sql.substring(tagEnd + 1, end), start, at));
    }

    private void number() {
        int end = at;
        while (end < sql.length()
                && (Character.isLetterOrDigit(sql.charAt(end)) || sql.charAt(end) == '.' || isSignOfExponent(end))) {
            end++;
        }
        take(Token.Kind.NUMBER, at, end);
    }

    private boolean isSignOfExponent(int index) {
        char c = sql.charAt(index);
        char before = sql.charAt(index - 1);
        return (c == '+' || c == '-') && (before == 'e' || before == 'E') && isDigitAt(index + 1);
    }

    private void symbol(char c) {
        int end = at + 1;
        if (sql.startsWith("::", at)) {
            end = at + 2;
        } else if (OPERATORS.indexOf(c) >= 0) {
            while (end < sql.length()
                    && OPERATORS.indexOf(sql.charAt(end)) >= 0
                    && !sql.startsWith("--", end)
                    && !sql.startsWith("/*", end)) {
                end++;
            }
            end = withoutSigns(at, end);
        }
        take(Token.Kind.SYMBOL, at, end);
    }

    /** An operator ends in a sign only if it contains a character that no operator of SQL has: {@code =-1} is {@code = -1}. */
    private int withoutSigns(int start, int end) {
        int shorter = end;
        boolean isUnusual = sql.substring(start, end).chars().anyMatch(c -> UNUSUAL.indexOf(c) >= 0);
        while (!isUnusual
                && shorter > start + 1
                && (sql.charAt(shorter - 1) == '-' || sql.charAt(shorter - 1) == '+')) {
            shorter--;
        }
        return shorter;
    }

    private void take(Token.Kind kind, int start, int end) {
        tokens.add(new Token(kind, sql.substring(start, end), start, end));
        at = end;
    }

    private int wordEnd() {
        int end = at;
        while (end < sql.length()
                && (isWordStart(sql.charAt(end)) || Character.isDigit(sql.charAt(end)) || sql.charAt(end) == '$')) {
            end++;
        }
        return end;
    }

    private static boolean isWordStart(char c) {
        return Character.isLetter(c) || c == '_';
    }

    private boolean isDigitAt(int index) {
        return index < sql.length() && Character.isDigit(sql.charAt(index));
    }

    private static SqlProblem problem(String message, int start) {
        return new SqlProblem(SqlStates.SYNTAX_ERROR, message, "", start + 1);
    }
}
