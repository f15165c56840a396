package dev.pgproxy.adminworker.sql;

import java.util.List;
import java.util.Locale;

/** {@code DECLARE}, {@code FETCH}, {@code MOVE} and {@code CLOSE}. */
final class CursorPlanner {

    private final SqlText statement;
    private final List<Token> tokens;
    private int at = 1;

    private CursorPlanner(SqlText statement) {
        this.statement = statement;
        this.tokens = statement.tokens();
    }

    private Token at(int index) {
        return index < tokens.size() ? tokens.get(index) : Token.NONE;
    }

    private SqlProblem syntaxError() {
        boolean isEnd = at >= tokens.size();
        return new SqlProblem(
                SqlStates.SYNTAX_ERROR,
                isEnd ? "syntax error at end of input" : "syntax error at or near \"" + at(at).text() + "\"",
                "Write DECLARE name CURSOR FOR SELECT ..., FETCH 10 FROM name, CLOSE name.",
                isEnd ? statement.text().length() + 1 : at(at).start() + 1);
    }

    private String name() throws SqlProblem {
        if (!at(at).isName()) {
            throw syntaxError();
        }
        return at(at++).folded();
    }

    /** {@code DECLARE name [BINARY] [INSENSITIVE] [[NO] SCROLL] CURSOR [{WITH | WITHOUT} HOLD] FOR query}. */
    static Plan declare(SqlText statement, Settings settings) throws SqlProblem {
        CursorPlanner planner = new CursorPlanner(statement);
        String name = planner.name();
        while (planner.at < planner.tokens.size() && !planner.at(planner.at).isWord("cursor")) {
            Token option = planner.at(planner.at);
            boolean isKnown = option.isWord("insensitive")
                    || option.isWord("asensitive")
                    || option.isWord("no")
                    || option.isWord("scroll");
            if (!isKnown) {
                throw planner.syntaxError();
            }
            planner.at++;
        }
        planner.at++;
        boolean holds = planner.at(planner.at).isWord("with");
        if (holds || planner.at(planner.at).isWord("without")) {
            planner.at += 2;
        }
        if (!planner.at(planner.at).isWord("for") || planner.at + 1 >= planner.tokens.size()) {
            throw planner.syntaxError();
        }
        List<Token> query = planner.tokens.subList(planner.at + 1, planner.tokens.size());
        Plan.Query rows = SelectPlanner.plan(new SqlText(statement.text(), statement.offset(), query), settings);
        return new Plan.Declare(name, rows, holds);
    }

    /** {@code FETCH [direction] [FROM | IN] name}; MOVE is the same without rows. */
    static Plan fetch(SqlText statement) throws SqlProblem {
        CursorPlanner planner = new CursorPlanner(statement);
        boolean isMove = statement.verb().equals("MOVE");
        Plan.Fetch.Direction direction = Plan.Fetch.Direction.FORWARD;
        long count = 1;
        switch (planner.directionWord()) {
            case "next" -> planner.at++;
            case "prior" -> {
                planner.at++;
                direction = Plan.Fetch.Direction.BACKWARD;
            }
            case "first" -> {
                planner.at++;
                direction = Plan.Fetch.Direction.ABSOLUTE;
            }
            case "last" -> {
                planner.at++;
                direction = Plan.Fetch.Direction.ABSOLUTE;
                count = -1;
            }
            case "absolute", "relative" -> {
                direction = planner.at(planner.at).isWord("absolute")
                        ? Plan.Fetch.Direction.ABSOLUTE
                        : Plan.Fetch.Direction.RELATIVE;
                planner.at++;
                count = planner.number();
            }
            case "forward", "backward" -> {
                direction = planner.at(planner.at).isWord("forward")
                        ? Plan.Fetch.Direction.FORWARD
                        : Plan.Fetch.Direction.BACKWARD;
                planner.at++;
                count = planner.count();
            }
            default -> count = planner.count();
        }
        if (planner.at(planner.at).isWord("from") || planner.at(planner.at).isWord("in")) {
            planner.at++;
        }
        String name = planner.name();
        if (planner.at != planner.tokens.size()) {
            throw planner.syntaxError();
        }
        return new Plan.Fetch(name, direction, count, isMove);
    }

    /** The word at this place, unless it is the name of the cursor. */
    private String directionWord() {
        Token token = at(at);
        return token.kind() == Token.Kind.WORD && at + 1 < tokens.size()
                ? token.text().toLowerCase(Locale.ROOT)
                : "";
    }

    /** A number, ALL, or nothing for one. */
    private long count() throws SqlProblem {
        if (at(at).isWord("all") && at + 1 < tokens.size()) {
            at++;
            return Plan.Fetch.ALL;
        }
        boolean isNumber = at(at).kind() == Token.Kind.NUMBER || at(at).isSymbol("-") || at(at).isSymbol("+");
        return isNumber ? number() : 1;
    }

    private long number() throws SqlProblem {
        boolean isNegative = at(at).isSymbol("-");
        at += isNegative || at(at).isSymbol("+") ? 1 : 0;
        try {
            long number = Integer.parseInt(at(at).text());
            at++;
            return isNegative ? -number : number;
        } catch (NumberFormatException e) {
            throw syntaxError();
        }
    }

    /** {@code CLOSE {name | ALL}}. */
    static Plan close(SqlText statement) throws SqlProblem {
        CursorPlanner planner = new CursorPlanner(statement);
        boolean isAll = planner.at(1).isWord("all");
        String name = planner.name();
        if (planner.at != planner.tokens.size()) {
            throw planner.syntaxError();
        }
        return new Plan.Close(isAll ? "" : name);
    }
}
