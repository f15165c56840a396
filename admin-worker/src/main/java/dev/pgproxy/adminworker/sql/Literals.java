package dev.pgproxy.adminworker.sql;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Limits the numbers and texts that operators write, so that none can keep the engine busy. */
final class Literals {

    private static final Pattern EXPONENT = Pattern.compile("[0-9.][eE][+-]?[0-9]{4}");
    private static final Pattern NUMBER = Pattern.compile("(?:[0-9]*\\.?[0-9]+|[0-9]+\\.)(?:[eE]([+-]?[0-9]+))?");

    /** Digits of a number as written. */
    private static final int MAX_DIGITS = 40;
    /** The exponent of the largest number in double precision. */
    private static final int MAX_EXPONENT = 308;

    private static final int MAX_WILDCARDS = 3;
    private static final int MAX_MATCHED_CHARS = 2_000;

    private Literals() {}

    /**
     * The engine takes a text for a number wherever it is used with a number, and expands an exponent to all its digits.
     *
     * @throws SqlProblem when the text has an exponent of four digits or more
     */
    static void checkExponents(String text) throws SqlProblem {
        if (EXPONENT.matcher(text).find()) {
            throw new SqlProblem(
                    SqlStates.NUMERIC_VALUE_OUT_OF_RANGE,
                    "a string has a number with an exponent beyond " + MAX_EXPONENT,
                    "Compare strings with LIKE, or write the number without quotes.");
        }
    }

    /**
     * Limits the time of one match, during which the engine cannot be stopped.
     *
     * @throws SqlProblem when it could take long
     */
    static void checkPattern(String text) throws SqlProblem {
        long wildcards = text.chars().filter(c -> c == '%').count();
        if (wildcards > MAX_WILDCARDS || text.length() > MAX_MATCHED_CHARS) {
            throw SqlProblem.tooComplex("with LIKE, a text may have " + MAX_MATCHED_CHARS + " characters and "
                    + MAX_WILDCARDS + " percent signs");
        }
    }

    /**
     * A number for the engine.
     *
     * @throws SqlProblem when it is not a number, or too large
     */
    static String number(Token token) throws SqlProblem {
        Matcher matcher = NUMBER.matcher(token.text());
        if (!matcher.matches()) {
            throw new SqlProblem(
                    SqlStates.SYNTAX_ERROR,
                    "trailing junk after numeric literal at or near \"" + token.text() + "\"",
                    "",
                    token.start() + 1);
        }
        String exponent = matcher.group(1);
        boolean isTooLarge =
                exponent != null && (exponent.length() > 5 || Math.abs(Integer.parseInt(exponent)) > MAX_EXPONENT);
        if (isTooLarge || token.text().length() > MAX_DIGITS) {
            throw new SqlProblem(
                    SqlStates.NUMERIC_VALUE_OUT_OF_RANGE,
                    "a number has more than " + MAX_DIGITS + " digits, or an exponent beyond " + MAX_EXPONENT,
                    "",
                    token.start() + 1);
        }
        // With an exponent, the engine would compute in a type without a largest number.
        return exponent == null ? token.text() : "CAST(" + token.text() + " AS DOUBLE PRECISION)";
    }
}
