package dev.pgproxy.poolworker.bad;

/** Calls who calls it. */
public final class CallsBack {

    private final CalledBack caller;

    CallsBack(CalledBack caller) {
        this.caller = caller;
    }

    void call() {
        caller.answer(this);
    }
}
