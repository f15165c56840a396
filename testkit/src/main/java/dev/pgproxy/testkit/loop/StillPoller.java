package dev.pgproxy.testkit.loop;

import dev.pgproxy.common.loop.Poller;

/** Never waits: each turn of the loop does what is due by its clock. */
public final class StillPoller implements Poller {

    @Override
    public long poll(long timeoutNs) {
        return 0;
    }

    @Override
    public void wakeUp() {}
}
