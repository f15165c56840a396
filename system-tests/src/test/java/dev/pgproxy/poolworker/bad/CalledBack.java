package dev.pgproxy.poolworker.bad;

/** Calls who calls it. */
public final class CalledBack {

    void answer(CallsBack from) {
        from.call();
    }
}
