package dev.pgproxy.adminworker.sql;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Names of result columns as PostgreSQL gives them where the engine has others: a function that stands alone names its column. */
final class SelectLabels {

    private SelectLabels() {}

    /** For each item of the outermost select list its name, or null where the engine's own will do. Ends before a {@code *}. */
    static List<@Nullable String> of(List<Token> tokens) {
        List<@Nullable String> labels = new ArrayList<>();
        int at = selectList(tokens);
        while (at >= 0 && at < tokens.size()) {
            int end = itemEnd(tokens, at);
            if (tokens.subList(at, end).stream().anyMatch(token -> token.isSymbol("*")) && !isCall(tokens, at, end)) {
                break; // How many columns a star stands for is not known here.
            }
            int unqualified = at + 1 < end && tokens.get(at + 1).isSymbol(".") ? at + 2 : at;
            labels.add(
                    isCall(tokens, unqualified, end) ? tokens.get(unqualified).folded() : null);
            if (end >= tokens.size() || !tokens.get(end).isSymbol(",")) {
                break;
            }
            at = end + 1;
        }
        return labels;
    }

    private static int selectList(List<Token> tokens) {
        if (tokens.isEmpty() || !tokens.get(0).isWord("select")) {
            return -1; // WITH, VALUES, TABLE: the engine's names are right, or nobody looks at them.
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

    /** Whether the item is one call and no more: {@code name ( ... )}, perhaps with a filter or a window. */
    private static boolean isCall(List<Token> tokens, int from, int end) {
        if (end - from < 3
                || !tokens.get(from).isName()
                || !Functions.isNamed(tokens.get(from).folded())) {
            return false;
        }
        int at = from + 1;
        while (at < end && tokens.get(at).isSymbol("(")) {
            int depth = 0;
            do {
                depth += tokens.get(at).isSymbol("(") ? 1 : tokens.get(at).isSymbol(")") ? -1 : 0;
                at++;
            } while (at < end && depth > 0);
            if (at < end && (tokens.get(at).isWord("filter") || tokens.get(at).isWord("over"))) {
                at++;
            }
        }
        return at == end;
    }
}
