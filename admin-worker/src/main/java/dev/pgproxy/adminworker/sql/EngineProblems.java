package dev.pgproxy.adminworker.sql;

import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Translates the engine's errors into PostgreSQL's messages and SQLSTATEs where it has some, with the position where it can be found. */
final class EngineProblems {

    /** The engine's codes for errors that leave it unusable: out of memory, closed, internal. */
    private static final Set<Integer> BREAKING = Set.of(90098, 90108, 50000, 90121, 90067);

    /** The code of errors that {@link SqlFunctions} throw. */
    private static final int OF_OUR_OWN = 0;

    private static final int GENERAL_ERROR = 50000;
    private static final int TABLE_NOT_FOUND = 42102;
    private static final int TABLE_NOT_FOUND_WITH_CANDIDATES = 42103;
    private static final int TABLE_NOT_FOUND_EMPTY = 42104;
    private static final int COLUMN_NOT_FOUND = 42122;
    private static final int FUNCTION_NOT_FOUND = 90022;
    private static final int DIVISION_BY_ZERO = 22012;

    private static final Map<String, String> STATES = Map.of(
            "42000", SqlStates.SYNTAX_ERROR,
            "42001", SqlStates.SYNTAX_ERROR,
            "42S02", SqlStates.UNDEFINED_TABLE,
            "42S03", SqlStates.UNDEFINED_TABLE,
            "42S04", SqlStates.UNDEFINED_TABLE,
            "42S22", SqlStates.UNDEFINED_COLUMN,
            "22018", SqlStates.INVALID_TEXT_REPRESENTATION,
            "57014", "57014");

    private static final Pattern QUOTED = Pattern.compile("\"([^\"]+)\"");
    private static final Pattern EXPLANATION = Pattern.compile("; SQL statement:.*", Pattern.DOTALL);
    private static final String MARK = "[*]";

    private EngineProblems() {}

    static boolean meanBroken(SQLException cause) {
        return BREAKING.contains(cause.getErrorCode()) && !isArithmetic(cause);
    }

    /** The engine divides intervals exactly or not at all. */
    private static boolean isArithmetic(SQLException cause) {
        return cause.getErrorCode() == GENERAL_ERROR && cause.getCause() instanceof ArithmeticException;
    }

    static SqlProblem translate(SQLException cause, Plan.Query query) {
        String message = EXPLANATION
                .matcher(String.valueOf(cause.getMessage()))
                .replaceAll("")
                .replace(SqlFunctions.PREFIX, "");
        if (isArithmetic(cause)) {
            return new SqlProblem(
                    SqlStates.NUMERIC_VALUE_OUT_OF_RANGE,
                    "this division has no exact result in pg_proxy",
                    "Divide extract(epoch FROM ...), or multiply by a fraction.");
        }
        if (meanBroken(cause)) {
            return new SqlProblem(
                    SqlStates.OUT_OF_MEMORY,
                    "the statement failed: out of memory",
                    "Use a narrower WHERE, or fewer columns.");
        }
        Matcher quoted = QUOTED.matcher(message);
        String name = quoted.find() ? quoted.group(1) : "";
        switch (cause.getErrorCode()) {
            case TABLE_NOT_FOUND, TABLE_NOT_FOUND_WITH_CANDIDATES, TABLE_NOT_FOUND_EMPTY -> {
                return new SqlProblem(
                        SqlStates.UNDEFINED_TABLE,
                        "relation \"" + name + "\" does not exist",
                        "SHOW TABLES lists the tables.",
                        place(name, query));
            }
            case COLUMN_NOT_FOUND -> {
                return new SqlProblem(
                        SqlStates.UNDEFINED_COLUMN,
                        "column \"" + name + "\" does not exist",
                        "\\d TABLE or SHOW TABLES lists the columns.",
                        place(name, query));
            }
            case FUNCTION_NOT_FOUND -> {
                return new SqlProblem(
                        SqlStates.UNDEFINED_FUNCTION, "function " + name + "() does not exist", "", place(name, query));
            }
            case DIVISION_BY_ZERO -> {
                return new SqlProblem("22012", "division by zero", "");
            }
            default -> {}
        }
        if (cause.getErrorCode() == OF_OUR_OWN) {
            return new SqlProblem(String.valueOf(cause.getSQLState()), shortened(message), "");
        }
        String state = String.valueOf(cause.getSQLState());
        String translated = STATES.getOrDefault(
                state, state.startsWith("22") || state.startsWith("54") ? state : SqlStates.SYNTAX_ERROR);
        int mark = message.indexOf(MARK);
        if (mark >= 0) {
            return syntaxError(message, mark, translated, query);
        }
        return new SqlProblem(translated, shortened(message), "");
    }

    /** The engine quotes the statement with a mark in it; PostgreSQL would point at what follows the mark. */
    private static SqlProblem syntaxError(String message, int mark, String state, Plan.Query query) {
        int start = message.indexOf('"') + 1;
        int place = Math.max(0, mark - start);
        String rest = place < query.sql().length() ? query.sql().substring(place) : "";
        Matcher word = Pattern.compile("\\s*(\\w+|\\S)").matcher(rest);
        String near = word.lookingAt() ? "at or near \"" + word.group(1) + "\"" : "at end of input";
        return new SqlProblem(
                state,
                "syntax error " + near,
                "SHOW HELP lists the commands.",
                query.places().original(place) + 1);
    }

    private static int place(String name, Plan.Query query) {
        Matcher matcher = Pattern.compile(
                        "(?i)(?<!\\w)" + Pattern.quote(name.substring(name.lastIndexOf('.') + 1)) + "(?!\\w)")
                .matcher(query.sql());
        return matcher.find() ? query.places().original(matcher.start()) + 1 : 0;
    }

    private static String shortened(String message) {
        String first = message.lines().findFirst().orElse(message);
        return first.length() > 500 ? first.substring(0, 500) + "..." : first;
    }
}
