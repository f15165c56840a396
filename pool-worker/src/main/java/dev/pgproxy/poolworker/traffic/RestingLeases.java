package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.loop.Scheduler;
import java.util.ArrayList;
import java.util.List;

/**
 * Takes leases back from sessions that stay at rest. A session that only pauses between two queries keeps its own, so that a query makes
 * no garbage, which would cost more by driving what is in use out of the processor's cache than by being collected.
 */
public final class RestingLeases {

    /** How often it looks; a session that was busy since the last look keeps its lease until the next one. */
    public static final long LOOK_MS = 500;

    /** Has a lease as long as bytes move. */
    public interface Holder {

        /** @return whether it has no lease any more, and need not be watched */
        boolean giveBackUnlessBusy();
    }

    private final Scheduler scheduler;
    private List<Holder> watched = new ArrayList<>();

    public RestingLeases(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** A session with a lease has come to rest for the first time since this took its last one. */
    public void watch(Holder session) {
        if (watched.isEmpty()) {
            scheduler.afterMs(LOOK_MS, this::look);
        }
        watched.add(session);
    }

    private void look() {
        List<Holder> before = watched;
        watched = new ArrayList<>();
        for (Holder session : before) {
            if (!session.giveBackUnlessBusy()) {
                watch(session);
            }
        }
    }
}
