package dev.pgproxy.common.count;

/** Something that is counted since the process started. Used by the thread of the loop. */
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
