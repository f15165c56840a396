package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.log.ForPeople;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import java.util.List;

/** The state of servers, and what is done on them. */
public final class ProbeMessages {

    private ProbeMessages() {}

    /** The master's side. */
    public interface AtMaster<S> {
        void onServerProbed(S worker, ServerProbed message);

        void onServerLost(S worker, ServerLost message);

        void onServerMoved(S worker, ServerMoved message);

        void onErrandDone(S worker, ErrandDone message);
    }

    /** A pool-worker's side. */
    public interface AtPoolWorker {
        void onServerMoved(ServerMoved message);
    }

    /** The task-worker's side. */
    public interface AtTaskWorker {
        void onProbeServer(ProbeServer message);

        void onForgetServer(ForgetServer message);

        void onRunErrand(RunErrand message);
    }

    /** What the task-worker sends. */
    public sealed interface FromWorker extends ControlMessage.FromTaskWorker {
        <S> void dispatchTo(AtMaster<S> desk, S worker);

        @Override
        default <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            dispatchTo(desks.probes(), worker);
        }
    }

    /** What the task-worker receives. */
    public sealed interface ToWorker extends ControlMessage.ToTaskWorker {
        void dispatchTo(AtTaskWorker worker);

        @Override
        default void dispatchTo(ControlMessage.TaskWorkerDesks desks) {
            dispatchTo(desks.probes());
        }
    }

    /** Find out the state of a server. Probes of one server and one kind run one after the other. */
    public record ProbeServer(long probeId, Endpoint server, ProbeKind kind, long timeoutMs) implements ToWorker {
        @Override
        public void dispatchTo(AtTaskWorker worker) {
            worker.onProbeServer(this);
        }
    }

    /** This is no longer a server of the proxy: keep no connection to it. */
    public record ForgetServer(Endpoint server) implements ToWorker {
        @Override
        public void dispatchTo(AtTaskWorker worker) {
            worker.onForgetServer(this);
        }
    }

    /**
     * Do something on a server; {@link ErrandDone} reports the result.
     *
     * @param method how a standby is promoted
     * @param triggerObject OID of the empty large object that a trigger file is made from
     * @param timeoutMs bound on the connect, and on each answer
     * @param deadlineNs when the master stops waiting for the answer, and no standby may be told any more; by System.nanoTime, which on
     *     Linux is the same for all processes of a host
     */
    public record RunErrand(
            long requestId,
            Endpoint server,
            Errand errand,
            ProxyConfig.PromoteMethod method,
            int triggerObject,
            long timeoutMs,
            long deadlineNs)
            implements ToWorker {
        @Override
        public void dispatchTo(AtTaskWorker worker) {
            worker.onRunErrand(this);
        }
    }

    /**
     * The answer to {@link ProbeServer}.
     *
     * @param fresh whether it used a new connection
     */
    public record ServerProbed(long probeId, Endpoint server, ProbeKind kind, boolean fresh, Observation observation)
            implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onServerProbed(worker, this);
        }
    }

    /** The connection kept to a server ended between two probes. */
    public record ServerLost(Endpoint server) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onServerLost(worker, this);
        }
    }

    /**
     * The server's name resolves to other addresses than before. Connections to the old ones may lead to another server.
     *
     * @param addresses that it resolves to now
     */
    public record ServerMoved(Endpoint server, List<String> addresses)
            implements FromWorker, ControlMessage.ToPoolWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onServerMoved(worker, this);
        }

        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.probes().onServerMoved(this);
        }
    }

    /**
     * The answer to {@link RunErrand}.
     *
     * @param reached whether the server could be asked at all
     * @param count sessions that {@link Errand#FENCE} has ended, or 1 when {@link Errand#LIFT_FENCE} found it in force
     * @param problem why it was not done, or could not be; empty when it was, or could be
     * @param remedy what to do about it; may be empty
     */
    public record ErrandDone(
            long requestId,
            boolean reached,
            int count,
            @ForPeople String problem,
            @ForPeople String remedy) implements FromWorker {

        /** It was not done. */
        public static ErrandDone notDone(long requestId, String problem) {
            return new ErrandDone(requestId, false, 0, problem, "");
        }

        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onErrandDone(worker, this);
        }
    }
}
