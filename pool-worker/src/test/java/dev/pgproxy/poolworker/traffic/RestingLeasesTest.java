package dev.pgproxy.poolworker.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.testkit.loop.StillPoller;
import org.junit.jupiter.api.Test;

class RestingLeasesTest {

    private long nowMs;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowMs * 1_000_000L);
    private final RestingLeases leases = new RestingLeases(loop.scheduler());

    /** Gives its lease back at the look after this many. */
    private static final class Session implements RestingLeases.Holder {
        private final int busyLooks;
        private int looks;

        private Session(int busyLooks) {
            this.busyLooks = busyLooks;
        }

        @Override
        public boolean giveBackUnlessBusy() {
            return ++looks > busyLooks;
        }
    }

    private void pass(long ms) {
        nowMs += ms;
        loop.tick();
    }

    @Test
    void aSessionIsLookedAtUntilItIsNotBusy() {
        Session session = new Session(2);
        leases.watch(session);
        pass(RestingLeases.LOOK_MS - 1);
        assertEquals(0, session.looks);
        pass(1);
        assertEquals(1, session.looks);
        for (int i = 0; i < 5; i++) {
            pass(RestingLeases.LOOK_MS);
        }
        assertEquals(3, session.looks);
    }

    @Test
    void oneThatHasEndedIsNotLookedAt() {
        Session ended = new Session(9);
        Session other = new Session(9);
        leases.watch(ended);
        leases.watch(other);
        leases.forget(ended);
        pass(RestingLeases.LOOK_MS);
        assertEquals(0, ended.looks);
        assertEquals(1, other.looks);
    }

    /** A worker without traffic must not wake for it. */
    @Test
    void nothingWakesTheWorkerWhenNoSessionIsWatched() {
        Session session = new Session(0);
        leases.watch(session);
        pass(RestingLeases.LOOK_MS);
        leases.watch(session);
        leases.forget(session);
        pass(RestingLeases.LOOK_MS);
        leases.watch(session);
        assertEquals(1, session.looks);
        pass(RestingLeases.LOOK_MS);
        assertEquals(2, session.looks);
    }
}
