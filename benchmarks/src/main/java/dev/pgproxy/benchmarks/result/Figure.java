package dev.pgproxy.benchmarks.result;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Everything that is measured, in the order of the tables. */
public enum Figure {
    SELECT_8_CPU(Chart.CPU, "pgbench -S -c 8", Better.LOWER, "(1.0); 2 workers: 0.9 x haproxy; Unix sockets: (0.85)"),
    SELECT_64_CPU(Chart.CPU, "pgbench -S -c 64", Better.LOWER, "(1.0); 2 workers: 0.9 x haproxy; Unix sockets: (0.85)"),
    PREPARED_8_CPU(
            Chart.CPU,
            "pgbench -S -M prepared -c 8",
            Better.LOWER,
            "(1.0); 2 workers: 0.9 x haproxy; Unix sockets: (0.85)"),
    WIDE_CPU(Chart.CPU, "100 rows of 1 kB, -c 8", Better.LOWER, "(1.0)"),
    CONNECT_CPU(Chart.CPU, "pgbench -S -C -c 8, trust", Better.LOWER, "(1.3)"),

    SELECT_8_TPS(Chart.THROUGHPUT, "pgbench -S -c 8", Better.HIGHER, "(1.0)"),
    SELECT_64_TPS(Chart.THROUGHPUT, "pgbench -S -c 64", Better.HIGHER, "(1.1)"),
    PREPARED_8_TPS(Chart.THROUGHPUT, "pgbench -S -M prepared -c 8", Better.HIGHER, "(1.0)"),
    WIDE_TPS(Chart.THROUGHPUT, "100 rows of 1 kB, -c 8", Better.HIGHER, "(1.0)"),

    ONE_P50(Chart.LATENCY, "one client, p50", Better.LOWER, "(1.0)"),
    ONE_P99(Chart.LATENCY, "one client, p99", Better.LOWER, "(1.0)"),
    ONE_P999(Chart.LATENCY, "one client, p99.9", Better.LOWER, ""),

    CONNECT_TRUST(Chart.CONNECTS, "pgbench -S -C -c 8, trust", Better.HIGHER, "(1.0)"),
    CONNECT_MD5(Chart.CONNECTS, "pgbench -S -C -c 8, md5", Better.HIGHER, "(1.0)"),
    CONNECT_SCRAM(Chart.CONNECTS, "pgbench -S -C -c 8, SCRAM", Better.HIGHER, "(1.0)"),

    LOGIN_P50(Chart.LOGIN, "connect to ReadyForQuery, p50", Better.LOWER, ""),
    LOGIN_P99(Chart.LOGIN, "connect to ReadyForQuery, p99", Better.LOWER, ""),
    HAND_OVER(Chart.LOGIN, "hand-over to a worker until it is acknowledged, mean", Better.LOWER, ""),

    COPY_OUT_RATE(Chart.COPY, "COPY TO STDOUT", Better.HIGHER, "(2.0)"),
    COPY_IN_RATE(Chart.COPY, "COPY FROM STDIN", Better.HIGHER, "(2.0)"),
    COPY_OUT_CPU(Chart.COPY_CPU, "COPY TO STDOUT", Better.LOWER, "(0.3)"),
    COPY_IN_CPU(Chart.COPY_CPU, "COPY FROM STDIN", Better.LOWER, "(0.3)"),

    IDLE_CLIENT_MEMORY(Chart.CLIENT_MEMORY, "each idle client (PSS)", Better.LOWER, "2.5"),
    EMPTY_MEMORY(Chart.EMPTY_MEMORY, "without clients (PSS)", Better.LOWER, "2 workers: 110"),
    IDLE_CPU(Chart.IDLE, "CPU without clients", Better.LOWER, "0.1"),
    START(Chart.START, "exec to first answer", Better.LOWER, "900");

    /** Which of two values is the better one. */
    public enum Better {
        LOWER,
        HIGHER
    }

    /** Figures of one unit, which one chart shows. */
    public enum Chart {
        CPU("CPU of the proxy for each transaction", "us"),
        THROUGHPUT("Transactions per second", "/s"),
        LATENCY("Latency of SELECT, one client", "us"),
        CONNECTS("Connects per second, with one SELECT each", "/s"),
        LOGIN("Login, one client after another", "us"),
        COPY("COPY, one client", "MB/s"),
        COPY_CPU("CPU of the proxy for each GB of COPY", "ms/GB"),
        CLIENT_MEMORY("Memory of the proxy for each idle client", "KiB"),
        EMPTY_MEMORY("Memory of all its processes without clients", "MiB"),
        IDLE("CPU without clients", "%"),
        START("Start, exec to first answered query", "ms");

        private final String title;
        private final String unit;

        Chart(String title, String unit) {
            this.title = title;
            this.unit = unit;
        }

        public String title() {
            return title;
        }

        public String unit() {
            return unit;
        }

        /** The name of its file, without a suffix. */
        public String id() {
            return Figure.id(this);
        }

        /** The figures that it shows, in order. */
        public List<Figure> figures() {
            return Stream.of(Figure.values())
                    .filter(figure -> figure.chart == this)
                    .toList();
        }
    }

    private final Chart chart;
    private final String title;
    private final Better better;
    private final String goal;

    Figure(Chart chart, String title, Better better, String goal) {
        this.chart = chart;
        this.title = title;
        this.better = better;
        this.goal = goal;
    }

    private static String id(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Its name in files of results. */
    public String id() {
        return id(this);
    }

    public Chart chart() {
        return chart;
    }

    /** What it is, within its chart. */
    public String title() {
        return title;
    }

    public Better better() {
        return better;
    }

    /** What pgproxy is to reach: in brackets a ratio to pgbouncer, otherwise a value or a ratio to the peer that it names; empty where none is set. */
    public String goal() {
        return goal;
    }

    /** The figure of another peer that this one's ratio is to: the same, but for what only pgproxy has. */
    Figure yardstick() {
        return this == HAND_OVER ? LOGIN_P50 : this;
    }

    /** Whether the first value is worse than the second. */
    public boolean isWorse(double value, double than) {
        return better == Better.LOWER ? value > than : value < than;
    }
}
