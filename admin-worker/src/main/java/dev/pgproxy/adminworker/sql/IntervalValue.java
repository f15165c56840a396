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
 * A span of time as PostgreSQL has it. The engine's own are of months or of days and seconds, and are written otherwise. PostgreSQL's manual:
 * "Interval Input", "Interval Output".
 */
record IntervalValue(long months, long days, long micros) {

    /** Of each part, so that no sum of them overflows. */
    private static final long MAX_PART = 100_000_000L;

    private static final int MAX_CHARS = 200;
    private static final long MICROS_PER_SECOND = 1_000_000L;
    private static final long SECONDS_PER_MINUTE = 60;
    private static final long SECONDS_PER_HOUR = 3_600;
    private static final long SECONDS_PER_DAY = 86_400;
    private static final long MONTHS_PER_YEAR = 12;
    private static final BigDecimal DAYS_PER_MONTH = BigDecimal.valueOf(30);
    private static final int BINARY_BYTES = 16;

    private static final Pattern PART = Pattern.compile(
            "\\s*(?:([+-]?\\d{1,9}):(\\d{1,2})(?::(\\d{1,2}(?:\\.\\d{1,6})?))?|([+-]?\\d{1,12}(?:\\.\\d{1,9})?)\\s*([a-zA-Z]+)?)");

    /** Months, days and seconds in one of each unit; a unit has one of the three. */
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

    /** As the engine writes one of days and seconds, or of seconds. */
    private static final Pattern OF_ENGINE =
            Pattern.compile("INTERVAL '(-?)(?:(\\d+) )?([\\d:.]+)' (?:DAY TO SECOND|SECOND|DAY|HOUR|MINUTE)");

    /** @throws SqlProblem when the text is no interval, or one of parts that are too large */
    static IntervalValue parse(String text) throws SqlProblem {
        Matcher engine = OF_ENGINE.matcher(text);
        if (engine.matches()) {
            String days = engine.group(2) == null ? "0" : engine.group(2);
            return parse(engine.group(1) + days + " days " + engine.group(1) + engine.group(3));
        }
        String rest = text.strip();
        boolean ago = rest.toLowerCase(Locale.ROOT).endsWith(" ago");
        rest = ago ? rest.substring(0, rest.length() - " ago".length()).stripTrailing() : rest;
        rest = rest.startsWith("@") ? rest.substring(1) : rest;
        if (rest.isEmpty() || rest.length() > MAX_CHARS) {
            throw invalid(text);
        }
        IntervalValue sum = new IntervalValue(0, 0, 0);
        Matcher matcher = PART.matcher(rest);
        int at = 0;
        while (at < rest.length()) {
            if (!matcher.find(at) || matcher.start() != at) {
                throw invalid(text);
            }
            sum = sum.plus(matcher.group(1) != null ? clock(matcher) : units(matcher, text));
            at = matcher.end();
        }
        if (Math.abs(sum.months) > MAX_PART
                || Math.abs(sum.days) > MAX_PART
                || Math.abs(sum.micros) / MICROS_PER_SECOND > MAX_PART * SECONDS_PER_DAY) {
            throw new SqlProblem("22008", "interval field value out of range: \"" + text + "\"", "");
        }
        return ago ? new IntervalValue(-sum.months, -sum.days, -sum.micros) : sum;
    }

    private static SqlProblem invalid(String text) {
        return new SqlProblem(
                "22007",
                "invalid input syntax for type interval: \"" + text.substring(0, Math.min(MAX_CHARS, text.length()))
                        + "\"",
                "Write 5 minutes, 1 day 02:00:00, or the like.");
    }

    private IntervalValue plus(IntervalValue other) {
        return new IntervalValue(months + other.months, days + other.days, micros + other.micros);
    }

    private static IntervalValue clock(Matcher matcher) {
        String hours = matcher.group(1);
        String seconds = matcher.group(3) == null ? "0" : matcher.group(3);
        BigDecimal all = new BigDecimal(hours.replaceAll("[+-]", ""))
                .multiply(BigDecimal.valueOf(SECONDS_PER_HOUR))
                .add(new BigDecimal(matcher.group(2)).multiply(BigDecimal.valueOf(SECONDS_PER_MINUTE)))
                .add(new BigDecimal(seconds));
        return new IntervalValue(0, 0, micros(hours.startsWith("-") ? all.negate() : all));
    }

    private static long micros(BigDecimal seconds) {
        return seconds.movePointRight(6).setScale(0, RoundingMode.HALF_EVEN).longValue();
    }

    private static IntervalValue units(Matcher matcher, String text) throws SqlProblem {
        BigDecimal count = new BigDecimal(matcher.group(4));
        String name = matcher.group(5) == null ? "s" : matcher.group(5).toLowerCase(Locale.ROOT);
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
                .add(allMonths.subtract(wholeMonths).multiply(DAYS_PER_MONTH));
        BigDecimal wholeDays = allDays.setScale(0, RoundingMode.DOWN);
        BigDecimal seconds = count.multiply(unit.seconds)
                .add(allDays.subtract(wholeDays).multiply(BigDecimal.valueOf(SECONDS_PER_DAY)));
        return new IntervalValue(wholeMonths.longValue(), wholeDays.longValue(), micros(seconds));
    }

    /**
     * The literal that the engine takes for it.
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
            return "INTERVAL '" + months + "' MONTH(18)";
        }
        if (days == 0) {
            return "INTERVAL '" + BigDecimal.valueOf(micros, 6).toPlainString() + "' SECOND(18, 6)";
        }
        long all = Math.addExact(Math.multiplyExact(days, SECONDS_PER_DAY * MICROS_PER_SECOND), micros);
        long seconds = Math.abs(all) / MICROS_PER_SECOND;
        return String.format(
                Locale.ROOT,
                "INTERVAL '%s%d %02d:%02d:%02d.%06d' DAY(18) TO SECOND(6)",
                all < 0 ? "-" : "",
                seconds / SECONDS_PER_DAY,
                seconds % SECONDS_PER_DAY / SECONDS_PER_HOUR,
                seconds % SECONDS_PER_HOUR / SECONDS_PER_MINUTE,
                seconds % SECONDS_PER_MINUTE,
                Math.abs(all) % MICROS_PER_SECOND);
    }

    /** What the engine has computed, each of whose parts has the sign of the whole. */
    static IntervalValue of(Interval interval) {
        long seconds = interval.getHours() * SECONDS_PER_HOUR
                + interval.getMinutes() * SECONDS_PER_MINUTE
                + interval.getSeconds();
        return new IntervalValue(
                interval.getYears() * MONTHS_PER_YEAR + interval.getMonths(),
                interval.getDays(),
                seconds * MICROS_PER_SECOND + TimeUnit.NANOSECONDS.toMicros(interval.getNanosOfSecond()));
    }

    /** Months count as thirty days, as in comparisons of PostgreSQL's. */
    BigDecimal seconds() {
        long allDays = months * DAYS_PER_MONTH.longValue() + days;
        return BigDecimal.valueOf(micros, 6).add(BigDecimal.valueOf(allDays * SECONDS_PER_DAY));
    }

    /** By IntervalStyle postgres. */
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

    /** @return whether what comes next needs a sign also when it is positive */
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
