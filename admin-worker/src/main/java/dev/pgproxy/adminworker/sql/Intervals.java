package dev.pgproxy.adminworker.sql;

import java.util.Set;

/** Turns intervals in PostgreSQL's syntax into literals of the engine. */
final class Intervals {

    /** Comparisons. */
    private static final Set<String> COMPARISONS = Set.of("<", ">", "<=", ">=", "=", "<>", "!=");

    private static final Set<String> INTERVAL_FIELDS = Set.of("year", "month", "day", "hour", "minute", "second");

    private final TokenEditor text;

    Intervals(TokenEditor text) {
        this.text = text;
    }

    /** {@code interval '5 minutes'}, {@code interval '5' minute} and {@code '5 minutes'::interval}. */
    void literals() throws SqlProblem {
        for (int i = 0; i < text.tokens().size(); i++) {
            boolean isPrefixed = text.at(i).isWord("interval") && text.at(i + 1).kind() == Token.Kind.STRING;
            boolean isCast = text.at(i).kind() == Token.Kind.STRING
                    && text.at(i + 1).isSymbol("::")
                    && text.at(i + 2).isWord("interval");
            if (isPrefixed) {
                String written = text.at(i + 1).text();
                boolean hasField = INTERVAL_FIELDS.contains(text.at(i + 2).folded())
                        && text.at(i + 2).kind() == Token.Kind.WORD;
                boolean hasRange = hasField && text.at(i + 3).isWord("to"); // The engine has that.
                if (!hasRange) {
                    interval(
                            i,
                            hasField ? 3 : 2,
                            hasField ? written + " " + text.at(i + 2).text() : written);
                }
            } else if (isCastCall(i)) {
                interval(i, 6, text.at(i + 2).text());
            } else if (isCast) {
                interval(i, 3, text.at(i).text());
            }
        }
    }

    /** {@code CAST('5 minutes' AS interval)}. */
    private boolean isCastCall(int at) {
        return text.at(at).isWord("cast")
                && text.at(at + 1).isSymbol("(")
                && text.at(at + 2).kind() == Token.Kind.STRING
                && text.at(at + 3).isWord("as")
                && text.at(at + 4).isWord("interval")
                && text.at(at + 5).isSymbol(")");
    }

    private void interval(int at, int length, String written) throws SqlProblem {
        text.count();
        Token origin = text.at(at);
        String literal;
        try {
            literal = IntervalValue.parse(written).literal();
        } catch (SqlProblem e) {
            throw new SqlProblem(e.sqlState(), e.description(), e.hint(), origin.start() + 1);
        }
        text.tokens().subList(at, at + length).clear();
        text.tokens().add(at, Token.engine(literal, origin));
    }

    /** A text compared with a difference of times, {@code now() - connected_at > '5 minutes'}, is an interval if it looks like one. */
    void comparisons() throws SqlProblem {
        for (int i = 1; i + 1 < text.tokens().size(); i++) {
            boolean isComparison = text.at(i).kind() == Token.Kind.SYMBOL
                    && COMPARISONS.contains(text.at(i).text());
            if (!isComparison
                    || text.at(i + 1).kind() != Token.Kind.STRING
                    || !isUnitText(text.at(i + 1).text())) {
                continue;
            }
            if (isDifference(Operand.startOfChain(text.tokens(), i - 1), i)) {
                interval(i + 1, 1, text.at(i + 1).text());
            }
        }
    }

    /** Whether something is subtracted at the outermost level, in parentheses or not. */
    private boolean isDifference(int from, int end) {
        int first = from;
        int last = end;
        while (text.at(first).isSymbol("(") && Operand.closing(text.tokens(), first, "(", ")") == last) {
            first++;
            last--;
        }
        int depth = 0;
        for (int i = first; i < last; i++) {
            depth += text.at(i).isSymbol("(") || text.at(i).isWord("case") ? 1 : 0;
            depth -= text.at(i).isSymbol(")") || text.at(i).isWord("end") ? 1 : 0;
            if (depth == 0 && i > first && text.at(i).isSymbol("-")) {
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
}
