package dev.pgproxy.adminworker.sql;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.h2.api.Interval;

/**
 * An interval as PostgreSQL has it. The engine's intervals hold either months, or days and seconds, and are written differently.
 * PostgreSQL's manual: "Interval Input", "Interval Output".
 */
record IntervalValue(long months, long days, long micros) {

    /** The most months and the most days, so that no sum overflows. */
    private static final long MAX_PART = 100_000_000L;

    /** About three thousand years. */
    private static final long MAX_SECONDS = 100_000_000_000L;

    private static final int MAX_CHARS = 200;
    private static final long MICROS_PER_SECOND = 1_000_000L;
    private static final long SECONDS_PER_MINUTE = 60;
    private static final long SECONDS_PER_HOUR = 3_600;
    private static final long SECONDS_PER_DAY = 86_400;
    private static final long MONTHS_PER_YEAR = 12;
    private static final long DAYS_PER_MONTH = 30;
    private static final int BINARY_BYTES = 16;

    private static final Pattern CLOCK =
            Pattern.compile("([+-])?(\\d{1,9}):(\\d{1,2})(?::(\\d{1,2}(?:\\.\\d{0,30})?))?(?=\\s|$)");
    private static final Pattern YEARS_AND_MONTHS = Pattern.compile("([+-])?(\\d{1,9})-(\\d{1,2})(?=\\s|$)");
    private static final Pattern COUNT_OF_UNIT =
            Pattern.compile("([+-]?\\d{1,12}(?:\\.\\d{1,9})?)\\s*([a-zA-Z]+)(?=[\\s\\d+-]|$)");
    private static final Pattern COUNT = Pattern.compile("([+-]?\\d{1,12}(?:\\.\\d{1,9})?)(?=\\s|$)");

    /** An interval as the engine writes it. */
    private static final Pattern OF_ENGINE =
            Pattern.compile("INTERVAL '(-?)([^']+)' (YEAR TO MONTH|DAY TO SECOND|HOUR TO SECOND"
                    + "|YEAR|MONTH|DAY|HOUR|MINUTE|SECOND)");

    /** The months, days or seconds in one unit; a unit has one of the three. */
    private record Unit(long months, long days, BigDecimal seconds) {
        private static Unit ofMonths(long months) {
            return new Unit(months, 0, BigDecimal.ZERO);
        }

        private static Unit ofDays(long days) {
            return new Unit(0, days, BigDecimal.ZERO);
        }

        private static Unit ofSeconds(String seconds) {
            return new Unit(0, 0, new BigDecimal(seconds));
        }
    }

    private static final Map<String, Unit> UNITS = Map.ofEntries(
            Map.entry("us", Unit.ofSeconds("0.000001")),
            Map.entry("microsecond", Unit.ofSeconds("0.000001")),
            Map.entry("ms", Unit.ofSeconds("0.001")),
            Map.entry("millisecond", Unit.ofSeconds("0.001")),
            Map.entry("s", Unit.ofSeconds("1")),
            Map.entry("sec", Unit.ofSeconds("1")),
            Map.entry("second", Unit.ofSeconds("1")),
            Map.entry("m", Unit.ofSeconds("60")),
            Map.entry("min", Unit.ofSeconds("60")),
            Map.entry("minute", Unit.ofSeconds("60")),
            Map.entry("h", Unit.ofSeconds("3600")),
            Map.entry("hr", Unit.ofSeconds("3600")),
            Map.entry("hour", Unit.ofSeconds("3600")),
            Map.entry("d", Unit.ofDays(1)),
            Map.entry("day", Unit.ofDays(1)),
            Map.entry("w", Unit.ofDays(7)),
            Map.entry("week", Unit.ofDays(7)),
            Map.entry("mon", Unit.ofMonths(1)),
            Map.entry("month", Unit.ofMonths(1)),
            Map.entry("y", Unit.ofMonths(12)),
            Map.entry("yr", Unit.ofMonths(12)),
            Map.entry("year", Unit.ofMonths(12)),
            Map.entry("decade", Unit.ofMonths(120)),
            Map.entry("century", Unit.ofMonths(1_200)));

    /** @throws SqlProblem when the text is not an interval, or a part of it is too large */
    static IntervalValue parse(String text) throws SqlProblem {
        try {
            Matcher engine = OF_ENGINE.matcher(text);
            IntervalValue value = engine.matches() ? ofEngine(engine) : ofPostgres(text);
            boolean isTooLarge = Math.abs(value.months) > MAX_PART
                    || Math.abs(value.days) > MAX_PART
                    || Math.abs(value.micros) / MICROS_PER_SECOND > MAX_SECONDS;
            if (!isTooLarge) {
                return value;
            }
        } catch (ArithmeticException e) {
            // Reported below.
        }
        throw new SqlProblem("22008", "interval field value out of range: \"" + shortened(text) + "\"", "");
    }

    /** Rewrites an interval of the engine as PostgreSQL writes it; any other text stays as it is. */
    static String textOf(String text) {
        try {
            return OF_ENGINE.matcher(text).matches() ? parse(text).text() : text;
        } catch (SqlProblem e) {
            return text;
        }
    }

    private static IntervalValue ofEngine(Matcher engine) throws SqlProblem {
        String parts = engine.group(2);
        IntervalValue value = switch (engine.group(3)) {
            case "YEAR TO MONTH", "HOUR TO SECOND" -> ofPostgres(parts);
            case "DAY TO SECOND" -> ofPostgres(parts.replaceFirst(" ", " days "));
            default -> ofPostgres(parts + " " + engine.group(3));
        };
        return engine.group(1).isEmpty() ? value : value.negated();
    }

    private static IntervalValue ofPostgres(String text) throws SqlProblem {
        String rest = text.strip();
        boolean ago = rest.toLowerCase(Locale.ROOT).endsWith(" ago");
        rest = ago ? rest.substring(0, rest.length() - " ago".length()).stripTrailing() : rest;
        rest = rest.startsWith("@") ? rest.substring(1).stripLeading() : rest;
        if (rest.isEmpty() || rest.length() > MAX_CHARS) {
            throw invalid(text);
        }
        IntervalValue sum = new IntervalValue(0, 0, 0);
        while (!rest.isEmpty()) {
            Matcher clock = CLOCK.matcher(rest);
            Matcher months = YEARS_AND_MONTHS.matcher(rest);
            Matcher unit = COUNT_OF_UNIT.matcher(rest);
            Matcher count = COUNT.matcher(rest);
            int end;
            if (clock.lookingAt()) {
                sum = sum.plus(clock(clock));
                end = clock.end();
            } else if (months.lookingAt()) {
                sum = sum.plus(yearsAndMonths(months));
                end = months.end();
            } else if (unit.lookingAt()) {
                sum = sum.plus(units(unit.group(1), unit.group(2), text));
                end = unit.end();
            } else if (count.lookingAt()) {
                end = count.end();
                String behind = rest.substring(end).strip();
                // A number without a unit is days before a clock time. Otherwise it is seconds and must come last.
                boolean isDays = CLOCK.matcher(behind).lookingAt();
                if (!isDays && !behind.isEmpty()) {
                    throw invalid(text);
                }
                sum = sum.plus(units(count.group(1), isDays ? "day" : "s", text));
            } else {
                throw invalid(text);
            }
            rest = rest.substring(end).stripLeading();
        }
        return ago ? sum.negated() : sum;
    }

    private static String shortened(String text) {
        return text.substring(0, Math.min(MAX_CHARS, text.length()));
    }

    private IntervalValue negated() {
        return new IntervalValue(-months, -days, -micros);
    }

    private static IntervalValue yearsAndMonths(Matcher matcher) {
        long months = Long.parseLong(matcher.group(2)) * MONTHS_PER_YEAR + Long.parseLong(matcher.group(3));
        return new IntervalValue("-".equals(matcher.group(1)) ? -months : months, 0, 0);
    }

    private static SqlProblem invalid(String text) {
        return new SqlProblem(
                "22007",
                "invalid input syntax for type interval: \"" + shortened(text) + "\"",
                "Write 5 minutes, 1 day 02:00:00, or the like.");
    }

    private IntervalValue plus(IntervalValue other) {
        return new IntervalValue(
                Math.addExact(months, other.months),
                Math.addExact(days, other.days),
                Math.addExact(micros, other.micros));
    }

    private static IntervalValue clock(Matcher matcher) {
        String seconds = matcher.group(4) == null ? "0" : matcher.group(4);
        BigDecimal all = new BigDecimal(matcher.group(2))
                .multiply(BigDecimal.valueOf(SECONDS_PER_HOUR))
                .add(new BigDecimal(matcher.group(3)).multiply(BigDecimal.valueOf(SECONDS_PER_MINUTE)))
                .add(new BigDecimal(seconds));
        return new IntervalValue(0, 0, micros("-".equals(matcher.group(1)) ? all.negate() : all));
    }

    private static long micros(BigDecimal seconds) {
        return seconds.movePointRight(6).setScale(0, RoundingMode.HALF_EVEN).longValueExact();
    }

    private static IntervalValue units(String number, String unitName, String text) throws SqlProblem {
        BigDecimal count = new BigDecimal(number);
        String name = unitName.toLowerCase(Locale.ROOT);
        Unit unit = UNITS.get(name);
        if (unit == null && name.length() > 2 && name.endsWith("s")) {
            unit = UNITS.get(name.substring(0, name.length() - 1));
        }
        if (unit == null) {
            throw invalid(text);
        }
        BigDecimal allMonths = count.multiply(BigDecimal.valueOf(unit.months));
        BigDecimal wholeMonths = allMonths.setScale(0, RoundingMode.DOWN);
        BigDecimal allDays = count.multiply(BigDecimal.valueOf(unit.days))
                .add(allMonths.subtract(wholeMonths).multiply(BigDecimal.valueOf(DAYS_PER_MONTH)));
        BigDecimal wholeDays = allDays.setScale(0, RoundingMode.DOWN);
        BigDecimal seconds = count.multiply(unit.seconds)
                .add(allDays.subtract(wholeDays).multiply(BigDecimal.valueOf(SECONDS_PER_DAY)));
        return new IntervalValue(wholeMonths.longValueExact(), wholeDays.longValueExact(), micros(seconds));
    }

    /**
     * The engine's literal for this interval.
     *
     * @throws SqlProblem when it has months and days, which the engine cannot hold together
     */
    String literal() throws SqlProblem {
        if (months != 0 && (days != 0 || micros != 0)) {
            throw new SqlProblem(
                    SqlStates.FEATURE_NOT_SUPPORTED,
                    "an interval of months and days together is not available in pg_proxy",
                    "Add two intervals, one after the other.");
        }
        if (months != 0) {
            return String.format(
                    Locale.ROOT,
                    "INTERVAL '%s%d-%d' YEAR(18) TO MONTH",
                    months < 0 ? "-" : "",
                    Math.abs(months) / MONTHS_PER_YEAR,
                    Math.abs(months) % MONTHS_PER_YEAR);
        }
        long all = Math.addExact(Math.multiplyExact(days, SECONDS_PER_DAY * MICROS_PER_SECOND), micros);
        long seconds = Math.abs(all) / MICROS_PER_SECOND;
        String sign = all < 0 ? "-" : "";
        long fraction = Math.abs(all) % MICROS_PER_SECOND;
        // Without days, the hours may exceed one day.
        return days == 0
                ? String.format(
                        Locale.ROOT,
                        "INTERVAL '%s%d:%02d:%02d.%06d' HOUR(18) TO SECOND(6)",
                        sign,
                        seconds / SECONDS_PER_HOUR,
                        seconds % SECONDS_PER_HOUR / SECONDS_PER_MINUTE,
                        seconds % SECONDS_PER_MINUTE,
                        fraction)
                : String.format(
                        Locale.ROOT,
                        "INTERVAL '%s%d %02d:%02d:%02d.%06d' DAY(18) TO SECOND(6)",
                        sign,
                        seconds / SECONDS_PER_DAY,
                        seconds % SECONDS_PER_DAY / SECONDS_PER_HOUR,
                        seconds % SECONDS_PER_HOUR / SECONDS_PER_MINUTE,
                        seconds % SECONDS_PER_MINUTE,
                        fraction);
    }

    /** Converts a result of the engine; each of its parts has the sign of the whole. */
    static IntervalValue of(Interval interval) {
        long seconds = interval.getHours() * SECONDS_PER_HOUR
                + interval.getMinutes() * SECONDS_PER_MINUTE
                + interval.getSeconds();
        return new IntervalValue(
                interval.getYears() * MONTHS_PER_YEAR + interval.getMonths(),
                interval.getDays(),
                seconds * MICROS_PER_SECOND + TimeUnit.NANOSECONDS.toMicros(interval.getNanosOfSecond()));
    }

    /** Months count as thirty days, as in PostgreSQL's comparisons. */
    BigDecimal seconds() {
        long allDays = months * DAYS_PER_MONTH + days;
        return BigDecimal.valueOf(micros, 6).add(BigDecimal.valueOf(allDays * SECONDS_PER_DAY));
    }

    /** In IntervalStyle postgres. */
    String text() {
        StringBuilder text = new StringBuilder();
        boolean isBefore = false;
        long years = months / MONTHS_PER_YEAR;
        isBefore = append(text, years, "year", isBefore);
        isBefore = append(text, months % MONTHS_PER_YEAR, "mon", isBefore);
        isBefore = append(text, days, "day", isBefore);
        if (text.isEmpty() || micros != 0) {
            long seconds = Math.abs(micros) / MICROS_PER_SECOND;
            text.append(text.isEmpty() ? "" : " ")
                    .append(micros < 0 ? "-" : isBefore ? "+" : "")
                    .append(String.format(
                            Locale.ROOT,
                            "%02d:%02d:%02d",
                            seconds / SECONDS_PER_HOUR,
                            seconds % SECONDS_PER_HOUR / SECONDS_PER_MINUTE,
                            seconds % SECONDS_PER_MINUTE));
            long fraction = Math.abs(micros) % MICROS_PER_SECOND;
            if (fraction != 0) {
                text.append('.')
                        .append(String.format(Locale.ROOT, "%06d", fraction).replaceAll("0+$", ""));
            }
        }
        return text.toString();
    }

    /** @return whether the next part needs a sign even if it is positive */
    private static boolean append(StringBuilder text, long value, String unit, boolean isBefore) {
        if (value == 0) {
            return isBefore;
        }
        text.append(text.isEmpty() ? "" : " ")
                .append(isBefore && value > 0 ? "+" : "")
                .append(value)
                .append(' ')
                .append(unit)
                .append(value == 1 ? "" : "s");
        return value < 0;
    }

    /** Int64 microseconds, Int32 days, Int32 months (interval_send). */
    byte[] binary() {
        return ByteBuffer.allocate(BINARY_BYTES)
                .putLong(micros)
                .putInt(Math.toIntExact(days))
                .putInt(Math.toIntExact(months))
                .array();
    }
}
