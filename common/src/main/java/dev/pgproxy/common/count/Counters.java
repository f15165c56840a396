package dev.pgproxy.common.count;

import dev.pgproxy.common.view.RowWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;

/** All figures of one process. A new one takes one line where it is counted; the table {@code counter} then has it automatically. */
public final class Counters {

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,62}");

    private record Figure(String help, LongSupplier value) {}

    private final Map<String, Figure> figures = new LinkedHashMap<>();

    /**
     * A new counter.
     *
     * @param name in the form of a metric's name, unique in this process: what is counted, in the plural
     * @param help what it counts, in one line
     */
    public Counter counter(String name, String help) {
        Counter counter = new Counter();
        add(name, help, counter::value);
        return counter;
    }

    /**
     * A figure that is kept elsewhere.
     *
     * @throws IllegalArgumentException when the name is taken or invalid
     */
    public void add(String name, String help, LongSupplier value) {
        if (!NAME.matcher(name).matches() || figures.putIfAbsent(name, new Figure(help, value)) != null) {
            throw new IllegalArgumentException("a second figure with the name " + name + ", or an invalid name");
        }
    }

    /** Writes a row of the table {@code counter} for each figure. */
    public void write(RowWriter out, int pid) {
        figures.forEach((name, figure) -> out.int4(pid)
                .text(name)
                .int8(figure.value().getAsLong())
                .text(figure.help())
                .endRow());
    }
}
