package dev.pgproxy.benchmarks.result;

import java.util.Locale;

/** Numbers as tables and charts show them. */
public final class Numbers {

    private Numbers() {}

    /** A whole number from 100 on, one decimal from 10 on, two below. */
    public static String value(double value) {
        String format = Math.abs(value) >= 100 ? "%,.0f" : Math.abs(value) >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, format, value);
    }

    /** A whole number. */
    public static String count(double value) {
        return String.format(Locale.ROOT, "%,.0f", value);
    }

    /** Two decimals. */
    public static String ratio(double ratio) {
        return String.format(Locale.ROOT, "%.2f", ratio);
    }
}
