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

    /** The facts from its last answer; null when it has never answered. */
    @Nullable
    ServerFacts facts;

    /** When the last probe ended. */
    long atNs;

    /** Consecutive successful probes over the kept connection. */
    int probesOverKept;

    /** Consecutive probes over new connections that count against the server. */
    int failures;

    /** A client could not use the server, or a probe failed, and no probe has cleared it since. */
    boolean suspected;

    /** Whether a probe of it has ended since the primary was last suspected. */
    boolean seen;

    /** Why it could not be told to promote, by the last examination; null when it could be, or when that is not known. */
    @Nullable
    String noWay;

    /** Why it is not read from; null when it is. */
    @Nullable
    String outBecause;

    /** Whether it was found unfit when compared with the primary, and has not been found fit since. */
    boolean unfit;

    /** The findings of {@link RejoinCheck} already reported, so that each is reported once. */
    final Set<String> risksTold = new HashSet<>();

    /** The last thing reported about it, so that it is not repeated. */
    String lastAlert = "";

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

    /** @return whether this differs from what was reported last */
    boolean tellOnce(String what) {
        boolean isNews = !lastAlert.equals(what);
        lastAlert = what;
        return isNews;
    }
}
