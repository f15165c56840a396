package dev.pgproxy.poolworker.bad;

/** Calls its caller. */
public final class CallsBack {

    private final CalledBack caller;

    CallsBack(CalledBack caller) {
        this.caller = caller;
    }

    void call() {
        caller.answer(this);
    }
}
