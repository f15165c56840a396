package dev.pgproxy.adminworker.sql;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/**
 * Functions of PostgreSQL that the engine lacks. The engine calls them, with null for null; they only compute something small from their
 * arguments.
 */
public final class SqlFunctions {

    /** Prefix of their names in the engine, which has functions of its own by some of the same names. */
    static final String PREFIX = "pg__";

    /** Names in SQL, and the methods that implement them. */
    private static final Map<String, String> FUNCTIONS = Map.of(
            "split_part", "splitPart",
            "pg_size_pretty", "sizePretty",
            "array_to_string", "arrayToString");

    /** Functions that replace operators and casts. */
    static final String MATCHES = PREFIX + "matches";

    static final String MATCHES_NOCASE = PREFIX + "matches_nocase";
    static final String INTERVAL = PREFIX + "interval";
    static final String LOCAL_TIME = PREFIX + "local_time";
    static final String ABSOLUTE_TIME = PREFIX + "absolute_time";
    static final String TEXT_ARRAY = PREFIX + "text_array";
    static final String INT_ARRAY = PREFIX + "int_array";
    static final String SERIES = PREFIX + "series";
    static final String REGCLASS = PREFIX + "regclass";
    static final String REGCLASS_NAME = PREFIX + "regclass_name";
    static final String REGTYPE = PREFIX + "regtype";
    static final String REGPROC = PREFIX + "regproc";
    static final String REGNAMESPACE = PREFIX + "regnamespace";

    private static final Map<String, String> OF_CATALOG = Map.of(
            SERIES, "series",
            REGCLASS, "regclass",
            REGCLASS_NAME, "regclassName",
            REGTYPE, "regtype",
            REGPROC, "regproc",
            REGNAMESPACE, "regnamespace");

    static final String ELEMENT = PREFIX + "element";
    static final String TEXT = PREFIX + "text";

    private static final Map<String, String> OPERATORS = Map.of(
            ELEMENT, "element",
            TEXT, "text",
            MATCHES, "matches",
            MATCHES_NOCASE, "matchesIgnoringCase",
            INTERVAL, "interval",
            LOCAL_TIME, "localTime",
            ABSOLUTE_TIME, "absoluteTime",
            TEXT_ARRAY, "textArray",
            INT_ARRAY, "intArray");

    /** Characters of a pattern; its compiled program has at most a few times as many steps. */
    private static final int MAX_PATTERN_CHARS = 1_000;

    private static final long MAX_PATTERN_STEPS = 100_000;
    private static final int MAX_MATCHED_CHARS = 10_000;

    /** Steps of one match, which cannot be stopped: a few tenths of a second. */
    private static final long MAX_MATCH_STEPS = 10_000_000;

    private static final int MAX_ELEMENTS = 10_000;
    private static final int MAX_DELIMITER_CHARS = 1_000;
    private static final java.util.regex.Pattern REPETITION =
            java.util.regex.Pattern.compile("\\{(\\d{1,9})?(?:,(\\d{1,9})?)?\\}");

    private static final java.util.regex.Pattern SIGNED_OFFSET =
            java.util.regex.Pattern.compile("(?i)^(?:utc|gmt|z)?[+-]\\d");

    private static final List<String> SIZE_UNITS = List.of("bytes", "kB", "MB", "GB", "TB", "PB");
    /** A size is shown in a unit up to this many of it. */
    private static final long UNIT_LIMIT = 10 * 1024L;

    private static final long UNIT = 1024;

    private SqlFunctions() {}

    /** The statements that define them in the engine. */
    static List<String> definitions() {
        List<String> definitions = new ArrayList<>();
        FUNCTIONS.forEach((name, method) -> definitions.add(definition(SqlFunctions.class, PREFIX + name, method)));
        OPERATORS.forEach((name, method) -> definitions.add(definition(SqlFunctions.class, name, method)));
        CatalogFunctions.FUNCTIONS.forEach(
                (name, method) -> definitions.add(definition(CatalogFunctions.class, PREFIX + name, method)));
        OF_CATALOG.forEach((name, method) -> definitions.add(definition(CatalogFunctions.class, name, method)));
        return definitions;
    }

    /**
     * The engine computes a DETERMINISTIC function once for a whole subquery, and may do so before the statement runs. One that can take
     * long is not declared so, because nothing could stop it there.
     */
    private static String definition(Class<?> in, String name, String method) {
        boolean canBeLong = name.equals(MATCHES) || name.equals(MATCHES_NOCASE);
        return "CREATE ALIAS " + name + (canBeLong ? "" : " DETERMINISTIC") + " FOR '" + in.getName() + '.' + method
                + "'";
    }

    /** The name of a column that the engine names after one of these functions. */
    static String label(String engineName) {
        if (!engineName.startsWith(PREFIX)) {
            return engineName;
        }
        String name = engineName.substring(PREFIX.length());
        return FUNCTIONS.containsKey(name) || CatalogFunctions.FUNCTIONS.containsKey(name) ? name : "?column?";
    }

    /** The engine's name of a function; null when it is none of these. */
    static @Nullable String engineName(String name) {
        if (OPERATORS.containsKey(name) || OF_CATALOG.containsKey(name)) {
            return name;
        }
        return FUNCTIONS.containsKey(name) || CatalogFunctions.FUNCTIONS.containsKey(name) ? PREFIX + name : null;
    }

    /** {@code ~}: whether a part of the text matches the pattern, in RE2's syntax. */
    public static @Nullable Boolean matches(@Nullable String text, @Nullable String pattern) throws SQLException {
        return (text == null || pattern == null) ? null : found(text, pattern, 0);
    }

    /** {@code ~*}. */
    public static @Nullable Boolean matchesIgnoringCase(@Nullable String text, @Nullable String pattern)
            throws SQLException {
        return (text == null || pattern == null) ? null : found(text, pattern, Pattern.CASE_INSENSITIVE);
    }

    private static boolean found(String text, String pattern, int flags) throws SQLException {
        if (pattern.length() > MAX_PATTERN_CHARS || steps(pattern) > MAX_PATTERN_STEPS) {
            throw new SQLException(
                    "a regular expression is too long, or repeats too much", SqlStates.STATEMENT_TOO_COMPLEX);
        }
        try {
            if (steps(pattern) * Math.min(text.length(), MAX_MATCHED_CHARS) > MAX_MATCH_STEPS) {
                throw new SQLException(
                        "a regular expression is too long for the text that it is matched with",
                        SqlStates.STATEMENT_TOO_COMPLEX);
            }
            String bounded = text.substring(0, Math.min(text.length(), MAX_MATCHED_CHARS));
            return Pattern.compile(pattern, flags).matcher(bounded).find();
        } catch (PatternSyntaxException e) {
            throw new SQLException("invalid regular expression: " + e.getDescription(), "2201B");
        }
    }

    /** An upper bound for the steps of the pattern's compiled program. */
    private static long steps(String pattern) {
        long steps = pattern.length();
        Matcher repetition = REPETITION.matcher(pattern);
        while (repetition.find() && steps <= MAX_PATTERN_STEPS) {
            String most = repetition.group(2) == null ? repetition.group(1) : repetition.group(2);
            steps *= Math.max(1, most == null ? 1 : Long.parseLong(most));
        }
        return steps;
    }

    /** The part with this number of a text split at a delimiter, from 1, or from the end if negative. */
    public static @Nullable String splitPart(
            @Nullable String text, @Nullable String delimiter, @Nullable Integer number) throws SQLException {
        if (text == null || delimiter == null || number == null) {
            return null;
        }
        if (number == 0) {
            throw new SQLException("field position must not be zero", "22023");
        }
        if (delimiter.isEmpty()) {
            return number == 1 || number == -1 ? text : "";
        }
        List<String> parts = new ArrayList<>();
        int from = 0;
        for (int at = text.indexOf(delimiter); at >= 0; at = text.indexOf(delimiter, from)) {
            parts.add(text.substring(from, at));
            from = at + delimiter.length();
        }
        parts.add(text.substring(from));
        int index = number > 0 ? number - 1 : parts.size() + number;
        return index >= 0 && index < parts.size() ? parts.get(index) : "";
    }

    /** A number of bytes in readable form. */
    public static @Nullable String sizePretty(@Nullable BigDecimal bytes) {
        if (bytes == null) {
            return null;
        }
        BigDecimal size = bytes;
        int unit = 0;
        while (unit + 1 < SIZE_UNITS.size() && size.abs().compareTo(BigDecimal.valueOf(UNIT_LIMIT)) >= 0) {
            size = size.divide(BigDecimal.valueOf(UNIT), 20, RoundingMode.HALF_UP);
            unit++;
        }
        return size.setScale(0, RoundingMode.HALF_UP).toPlainString() + " " + SIZE_UNITS.get(unit);
    }

    /** The elements of an array with a delimiter between them, without nulls. */
    public static @Nullable String arrayToString(@Nullable String @Nullable [] array, @Nullable String delimiter)
            throws SQLException {
        if (array == null || delimiter == null) {
            return null;
        }
        if (delimiter.length() > MAX_DELIMITER_CHARS) {
            throw new SQLException(
                    "a delimiter has more than " + MAX_DELIMITER_CHARS + " characters",
                    SqlStates.PROGRAM_LIMIT_EXCEEDED);
        }
        List<String> elements = new ArrayList<>();
        for (String element : array) {
            if (element != null) {
                elements.add(element);
            }
        }
        return String.join(delimiter, elements);
    }

    /** A cast to interval: its seconds. */
    public static @Nullable BigDecimal interval(@Nullable String text) throws SQLException {
        if (text == null) {
            return null;
        }
        try {
            IntervalValue parsed = IntervalValue.parse(text);
            if (parsed.months() != 0) {
                throw new SQLException(
                        "months are available in an interval that is written out, and not in one that is computed",
                        SqlStates.FEATURE_NOT_SUPPORTED);
            }
            return parsed.seconds();
        } catch (SqlProblem e) {
            throw thrown(e);
        }
    }

    /** {@code AT TIME ZONE} of a timestamp with time zone: the local time there. */
    public static @Nullable LocalDateTime localTime(@Nullable OffsetDateTime at, @Nullable String zone)
            throws SQLException {
        return at == null || zone == null
                ? null
                : at.atZoneSameInstant(zone(zone)).toLocalDateTime();
    }

    /** {@code AT TIME ZONE} of a local time there: the timestamp with time zone. */
    public static @Nullable OffsetDateTime absoluteTime(@Nullable LocalDateTime at, @Nullable String zone)
            throws SQLException {
        return (at == null || zone == null) ? null : at.atZone(zone(zone)).toOffsetDateTime();
    }

    private static ZoneId zone(String name) throws SQLException {
        if (SIGNED_OFFSET.matcher(name).find()) {
            // PostgreSQL counts these westward, as POSIX does, which is hardly ever meant.
            throw new SQLException(
                    "time zone \"" + name + "\" is not available in pg_proxy: write a name, such as Europe/Berlin",
                    "22023");
        }
        try {
            return ZoneId.of(name.equalsIgnoreCase("utc") ? "UTC" : name);
        } catch (DateTimeException e) {
            throw new SQLException("time zone \"" + name + "\" not recognized", "22023");
        }
    }

    /** The element with this number, from 1. */
    public static @Nullable String element(@Nullable String @Nullable [] array, @Nullable Integer number) {
        return array == null || number == null || number < 1 || number > array.length ? null : array[number - 1];
    }

    /** A cast to text: the engine writes intervals in its own way. */
    public static @Nullable String text(@Nullable String value) {
        return value == null ? null : IntervalValue.textOf(value);
    }

    /** A cast to an array of texts, from PostgreSQL's notation. */
    public static @Nullable String @Nullable [] textArray(@Nullable String text) throws SQLException {
        return text == null ? null : elements(text).toArray(new @Nullable String[0]);
    }

    /** A cast to an array of numbers. */
    public static @Nullable Long @Nullable [] intArray(@Nullable String text) throws SQLException {
        if (text == null) {
            return null;
        }
        List<@Nullable Long> numbers = new ArrayList<>();
        for (@Nullable String element : elements(text)) {
            try {
                numbers.add(element == null ? null : Long.valueOf(element.strip()));
            } catch (NumberFormatException e) {
                throw new SQLException(
                        "invalid input syntax for type bigint: \"" + element + "\"",
                        SqlStates.INVALID_TEXT_REPRESENTATION);
            }
        }
        return numbers.toArray(new @Nullable Long[0]);
    }

    private static List<@Nullable String> elements(String text) throws SQLException {
        String all = text.strip();
        if (all.length() < 2 || all.charAt(0) != '{' || all.charAt(all.length() - 1) != '}') {
            throw malformed(text);
        }
        List<@Nullable String> elements = new ArrayList<>();
        StringBuilder element = new StringBuilder();
        boolean quoted = false;
        boolean wasQuoted = false;
        for (int at = 1; at < all.length() - 1; at++) {
            char c = all.charAt(at);
            if (c == '\\' && at + 2 < all.length()) {
                element.append(all.charAt(++at));
            } else if (c == '"') {
                quoted = !quoted;
                wasQuoted = true;
            } else if (c == ',' && !quoted) {
                elements.add(element(element, wasQuoted));
                element.setLength(0);
                wasQuoted = false;
            } else if ((c == '{' || c == '}') && !quoted) {
                throw malformed(text); // Arrays of several dimensions are not supported.
            } else {
                element.append(c);
            }
            if (elements.size() > MAX_ELEMENTS) {
                throw new SQLException(
                        "an array has more than " + MAX_ELEMENTS + " elements", SqlStates.PROGRAM_LIMIT_EXCEEDED);
            }
        }
        if (quoted) {
            throw malformed(text);
        }
        if (all.length() > 2) {
            elements.add(element(element, wasQuoted));
        }
        return elements;
    }

    private static @Nullable String element(StringBuilder text, boolean wasQuoted) {
        String element = wasQuoted ? text.toString() : text.toString().strip();
        return !wasQuoted && element.toUpperCase(Locale.ROOT).equals("NULL") ? null : element;
    }

    private static SQLException malformed(String text) {
        return new SQLException(
                "malformed array literal: \"" + text.substring(0, Math.min(100, text.length())) + "\"",
                SqlStates.INVALID_TEXT_REPRESENTATION);
    }

    private static SQLException thrown(SqlProblem problem) {
        return new SQLException(problem.description(), problem.sqlState());
    }
}
