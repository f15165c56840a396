package dev.pgproxy.master.failover;

import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is known of one server. */
final class ServerHealth {

    /** The last probe; null before the first one ended. */
    @Nullable
    Observation last;

    /** What it said when it last answered; null when it never did. */
    @Nullable
    ServerFacts facts;

    /** When the last probe ended. */
    long atNs;

    /** Consecutive probes that were well over the connection that is kept. */
    int probesOverKept;

    /** Consecutive probes over new connections that count against the server. */
    int failures;

    /** Somebody could not use the server, and it was not seen to be well since. */
    boolean suspected;

    /** Whether a probe of it has ended since the primary was last suspected. */
    boolean seen;

    /** Why it could not be told to become the primary, as was last found out; null when it could, or nobody knows. */
    @Nullable
    String noWay;

    /** Why it is not read from; null when it is. */
    @Nullable
    String outBecause;

    /** Whether it was found unfit by what the primary said, and has not been found fit by that since. */
    boolean unfit;

    /** What {@link RejoinCheck} has found, so that it is told once. */
    final Set<String> risksTold = new HashSet<>();

    /** What was told of it last, so that it is told once. */
    String told = "";

    void probed(Observation observation, long nowNs) {
        seen = true;
        last = observation;
        atNs = nowNs;
        suspected &= observation.countsAsDown();
        if (observation instanceof Observation.Answered answered) {
            facts = answered.facts();
        }
    }

    /** Whether it was a primary when it was last probed. */
    boolean isPrimary() {
        return last instanceof Observation.Answered answered
                && !answered.facts().inRecovery();
    }

    /** Whether it was a standby when it was last probed. */
    boolean isStandby() {
        return last instanceof Observation.Answered answered && answered.facts().inRecovery();
    }

    /** @return whether this was not told last */
    boolean tellOnce(String what) {
        boolean isNews = !told.equals(what);
        told = what;
        return isNews;
    }
}
