package dev.pgproxy.common.count;

/** A count since the start of the process. Used on the loop's thread. */
public final class Counter {

    private long value;

    Counter() {}

    public void increment() {
        value++;
    }

    public void add(long more) {
        value += more;
    }

    public long value() {
        return value;
    }
}
