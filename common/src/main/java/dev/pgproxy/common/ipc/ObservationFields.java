package dev.pgproxy.common.ipc;

import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;

/** An {@link Observation} as fields of a message. */
final class ObservationFields {

    private ObservationFields() {}

    static void encode(Observation observation, FieldWriter out) {
        if (observation instanceof Observation.Answered answered) {
            ServerFacts facts = answered.facts();
            out.bool(true).bool(facts.inRecovery()).int64(facts.systemId()).int32(facts.timeline());
            out.int64(facts.writtenLsn()).int64(facts.replayedLsn());
            out.int64(Double.doubleToRawLongBits(facts.lagSeconds()));
            out.bool(facts.receiver().streaming())
                    .int64(facts.receiver().silentMs())
                    .int64(facts.receiver().longestSilenceMs());
            encode(facts.topology(), out);
        } else if (observation instanceof Observation.Failed failed) {
            out.bool(false).string(failed.kind().name()).text(failed.problem());
        }
    }

    static Observation decode(FieldReader in) throws ControlViolation {
        if (!in.bool()) {
            return new Observation.Failed(in.constant(FailureKind.class), in.string());
        }
        return new Observation.Answered(new ServerFacts(
                in.bool(),
                in.int64(),
                in.int32(),
                in.int64(),
                in.int64(),
                Double.longBitsToDouble(in.int64()),
                new ServerFacts.WalReceiver(in.bool(), in.int64(), in.int64()),
                new Topology(
                        in.strings(), in.string(), in.strings(), in.strings(), in.bool(), in.bool(), in.strings())));
    }

    private static void encode(Topology topology, FieldWriter out) {
        out.strings(topology.addresses()).string(topology.upstream()).strings(topology.upstreamAddresses());
        out.strings(topology.namedAddresses())
                .bool(topology.rewindable())
                .bool(topology.keepsWal())
                .strings(topology.lostSlots());
    }
}
