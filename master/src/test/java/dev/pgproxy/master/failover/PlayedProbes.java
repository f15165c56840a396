package dev.pgproxy.master.failover;

import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;
import java.util.List;

/** What probes find out in tests about the servers of one cluster. */
final class PlayedProbes {

    static final long ID = 4711;
    static final Topology NOWHERE = new Topology(List.of(), "", List.of(), List.of(), true, true, List.of());
    static final Observation REFUSED = new Observation.Failed(FailureKind.REFUSED, "refused");
    static final Observation PRIMARY = primary(1);
    static final Observation STANDBY = standby(1, true, 500);

    /** A standby that no longer hears its primary. */
    static final Observation ORPHAN = standby(1, false, 500);

    private PlayedProbes() {}

    static Observation primary(int timeline) {
        return new Observation.Answered(
                new ServerFacts(false, ID, timeline, 500, 500, 0, ServerFacts.WalReceiver.DOWN, NOWHERE));
    }

    static Observation standby(int timeline, boolean hears, long replayedLsn) {
        return new Observation.Answered(new ServerFacts(
                true,
                ID,
                timeline,
                replayedLsn,
                replayedLsn,
                0,
                new ServerFacts.WalReceiver(hears, 0, 30_000),
                NOWHERE));
    }
}
