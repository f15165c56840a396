package dev.pgproxy.adminworker.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The names that PostgreSQL gives to result columns without an alias (FigureColname in its parser). */
final class SelectLabels {

    private static final String NAMELESS = "?column?";

    /** Names of types whose SQL names differ. */
    private static final Map<String, String> TYPE_NAMES = Map.of(
            "int", "int4",
            "integer", "int4",
            "bigint", "int8",
            "smallint", "int2",
            "boolean", "bool",
            "double", "float8",
            "real", "float4",
            "decimal", "numeric",
            "character", "bpchar");

    private SelectLabels() {}

    /** The name of each item of the outermost select list, or null where the engine's name is right. Ends before a {@code *}. */
    static List<@Nullable String> of(List<Token> tokens) {
        List<@Nullable String> labels = new ArrayList<>();
        int at = selectList(tokens);
        while (at >= 0 && at < tokens.size()) {
            int end = itemEnd(tokens, at);
            if (isStar(tokens, at, end)) {
                break; // The number of columns of a star is not known here.
            }
            labels.add(label(tokens.subList(at, end)));
            if (end >= tokens.size() || !tokens.get(end).isSymbol(",")) {
                break;
            }
            at = end + 1;
        }
        return labels;
    }

    private static boolean isStar(List<Token> tokens, int at, int end) {
        return end > at
                && tokens.get(end - 1).isSymbol("*")
                && (end == at + 1 || tokens.get(end - 2).isSymbol("."));
    }

    private static int selectList(List<Token> tokens) {
        if (tokens.isEmpty() || !tokens.get(0).isWord("select")) {
            return -1; // WITH, VALUES, TABLE: the engine's names are right, or do not matter.
        }
        return tokens.size() > 1
                        && (tokens.get(1).isWord("distinct") || tokens.get(1).isWord("all"))
                ? 2
                : 1;
    }

    private static int itemEnd(List<Token> tokens, int from) {
        int depth = 0;
        for (int i = from; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (token.isSymbol("(")) {
                depth++;
            } else if (token.isSymbol(")")) {
                depth--;
            } else if (depth == 0 && (token.isSymbol(",") || endsList(token))) {
                return i;
            }
        }
        return tokens.size();
    }

    private static boolean endsList(Token token) {
        return token.isWord("from")
                || token.isWord("where")
                || token.isWord("union")
                || token.isWord("order")
                || token.isWord("limit");
    }

    private static @Nullable String label(List<Token> item) {
        if (item.size() < 2 || hasAlias(item)) {
            Token only = item.isEmpty() ? Token.NONE : item.get(item.size() - 1);
            if (item.size() > 1) {
                return null;
            }
            boolean isSession = only.kind() == Token.Kind.WORD && Functions.sessionKeyword(only.folded()) != null;
            return isSession ? only.folded() : only.isName() ? null : NAMELESS;
        }
        int end = Operand.end(item, 0);
        if (end < item.size()) {
            boolean isZone = item.get(end).isWord("at");
            return isZone && Operand.end(item, Math.min(end + 3, item.size() - 1)) >= item.size()
                    ? "timezone"
                    : NAMELESS;
        }
        return nameOfOperand(item);
    }

    private static boolean hasAlias(List<Token> item) {
        Token last = item.get(item.size() - 1);
        Token before = item.get(item.size() - 2);
        if (!last.isName() || last.isWord("end")) {
            return false;
        }
        boolean endsExpression = before.isName()
                || before.isSymbol(")")
                || before.isSymbol("]")
                || before.kind() == Token.Kind.STRING
                || before.kind() == Token.Kind.NUMBER
                || before.kind() == Token.Kind.PARAMETER;
        boolean isType = before.isWord("double") || before.isWord("time") || before.isWord("over");
        return endsExpression && !isType;
    }

    private static String nameOfOperand(List<Token> item) {
        Token first = item.get(0);
        boolean isParenthesized = first.isSymbol("(") && Operand.closing(item, 0, "(", ")") == item.size();
        if (isParenthesized && item.size() > 2) {
            List<Token> inner = item.subList(1, item.size() - 1);
            return Operand.end(inner, 0) == inner.size() ? nameOfOperand(inner) : NAMELESS;
        }
        if (first.isWord("case")) {
            return "case";
        }
        if (first.isWord("cast")) {
            return nameOfCast(item);
        }
        int casts = firstCast(item);
        if (casts >= 0) {
            return named(item.subList(0, casts), item.get(typeName(item, casts + 1)));
        }
        if (!first.isName()) {
            return NAMELESS;
        }
        int call = 0;
        while (call < item.size()
                && !item.get(call).isSymbol("(")
                && !item.get(call).isSymbol("[")) {
            call++;
        }
        Token name = item.get(Math.max(0, call - 1));
        return name.kind() == Token.Kind.STRING ? first.folded() : name.folded();
    }

    /** {@code CAST(x AS T)} is named like {@code x::T}. */
    private static String nameOfCast(List<Token> item) {
        for (int as = item.size() - 1; as > 2; as--) {
            if (item.get(as).isWord("as")) {
                return named(item.subList(2, as), item.get(typeName(item, as + 1)));
            }
        }
        return NAMELESS;
    }

    private static int typeName(List<Token> item, int at) {
        boolean isQualified = at + 2 < item.size() && item.get(at + 1).isSymbol(".");
        return Math.min(isQualified ? at + 2 : at, item.size() - 1);
    }

    /** The name of the operand, if it has one; otherwise that of the type. */
    private static String named(List<Token> operand, Token type) {
        if (operand.isEmpty()) {
            return NAMELESS;
        }
        boolean isColumn = operand.stream().allMatch(token -> token.isName() || token.isSymbol("."));
        String own = isColumn
                ? operand.get(operand.size() - 1).folded()
                : operand.size() > 2 && operand.get(0).isName() ? nameOfOperand(operand) : NAMELESS;
        return own.equals(NAMELESS) ? TYPE_NAMES.getOrDefault(type.folded(), type.folded()) : own;
    }

    private static int firstCast(List<Token> item) {
        int depth = 0;
        for (int i = 0; i < item.size(); i++) {
            depth += item.get(i).isSymbol("(") ? 1 : item.get(i).isSymbol(")") ? -1 : 0;
            if (depth == 0 && item.get(i).isSymbol("::")) {
                return i;
            }
        }
        return -1;
    }
}
