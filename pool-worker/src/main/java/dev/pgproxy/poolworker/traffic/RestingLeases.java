package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.loop.Scheduler;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Takes leases back from sessions that stay at rest. A session that only pauses between two queries keeps its own, so that a query makes
 * no garbage, which would cost more by driving what is in use out of the processor's cache than by being collected.
 */
public final class RestingLeases {

    /** How often it looks; a session that was busy since the last look keeps its lease until the next one. */
    public static final long LOOK_MS = 500;

    /** Has a lease as long as bytes move. */
    public interface Holder {

        /** @return whether it need not be watched any more, before it is busy again */
        boolean giveBackUnlessBusy();
    }

    private final Scheduler scheduler;

    /** At most one for each session. */
    private final Set<Holder> watched = new LinkedHashSet<>();

    private boolean isLookPlanned;

    public RestingLeases(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** A session with a lease has come to rest for the first time since this took its last one. */
    public void watch(Holder session) {
        watched.add(session);
        planLook();
    }

    /** The session has ended, or has no backend any more. */
    public void forget(Holder session) {
        watched.remove(session);
    }

    private void planLook() {
        if (!isLookPlanned && !watched.isEmpty()) {
            isLookPlanned = true;
            scheduler.afterMs(LOOK_MS, this::look);
        }
    }

    private void look() {
        isLookPlanned = false;
        watched.removeIf(Holder::giveBackUnlessBusy);
        planLook();
    }
}
