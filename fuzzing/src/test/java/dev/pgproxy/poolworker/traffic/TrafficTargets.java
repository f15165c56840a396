package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Poller;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.Pumping;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.Tally;

/** What passes between a client and its server. */
public final class TrafficTargets {

    private TrafficTargets() {}

    /** A poller that never reports anything. */
    private static final Poller NOWHERE = new Poller() {
        @Override
        public long poll(long timeoutNs) {
            return 0;
        }

        @Override
        public void wakeUp() {}
    };

    /** A client in its session. */
    public static void frontend(byte[] bytes) {
        Scheduler scheduler = new EventLoop(NOWHERE, () -> 0).scheduler();
        Pumping.pump(
                bytes,
                new FrontendTraffic(
                        new QueryProgress(),
                        new Tally(),
                        () -> 0,
                        new StateTrace(),
                        new DatabaseWait(scheduler, () -> true, name -> {}),
                        null));
    }

    /** A server in a session. */
    public static void session(byte[] bytes) {
        ServerIdentity identity = new ServerIdentity();
        Pumping.pump(
                bytes,
                new BackendTraffic(identity, new QueryProgress(), new Tally(), () -> 0, new BackendTraffic.News() {
                    @Override
                    public void rolesChanged() {}

                    @Override
                    public void objectInUse(String words) {}

                    @Override
                    public void answered() {}
                }));
        identity.statuses();
    }
}
