package dev.pgproxy.poolworker.bad;

/** Calls its caller. */
public final class CalledBack {

    void answer(CallsBack from) {
        from.call();
    }
}
