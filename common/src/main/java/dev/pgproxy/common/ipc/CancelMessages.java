package dev.pgproxy.common.ipc;

import dev.pgproxy.common.net.Endpoint;
import java.util.Optional;

/**
 * CancelRequests. They are numbered by the master.
 *
 * <pre>
 *   FindCancelTarget -> CancelTarget or CancelUnknown; CancelQuery -> PerformCancel -> CancelDone -> CancelFinished
 * </pre>
 */
@SuppressWarnings(
        "ArrayRecordComponent") // Keys are compared in constant time, elsewhere; copies would stay in the heap.
public final class CancelMessages {

    private CancelMessages() {}

    /** The master's side. */
    public interface AtMaster<S> {
        void onCancelTarget(S worker, CancelTarget message);

        void onCancelUnknown(S worker, CancelUnknown message);

        void onCancelQuery(S worker, CancelQuery message);

        void onCancelDone(S worker, CancelDone message);
    }

    /** A pool-worker's side. */
    public interface AtPoolWorker {
        void onFindCancelTarget(FindCancelTarget message);

        void onCancelFinished(CancelFinished message);
    }

    /** The task-worker's side. */
    public interface AtTaskWorker {
        void onPerformCancel(PerformCancel message);
    }

    /** What workers send. */
    public sealed interface FromWorker extends ControlMessage.ToMaster {
        <S> void dispatchTo(AtMaster<S> desk, S worker);

        @Override
        default <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            dispatchTo(desks.cancels(), worker);
        }
    }

    /**
     * This worker owns the session that the cancel names, and sends the server's own key for it. It holds the backend until
     * {@link CancelFinished} names it.
     */
    public record CancelTarget(long cancelId, long backendId, Endpoint server, int pid, byte[] key)
            implements FromWorker, ControlMessage.FromPoolWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onCancelTarget(worker, this);
        }
    }

    /** No session of this worker has that pid and secret. */
    public record CancelUnknown(long cancelId) implements FromWorker, ControlMessage.FromPoolWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onCancelUnknown(worker, this);
        }
    }

    /**
     * The client of this backend is gone while its query runs: asks for a cancel, with the server's own key. {@link CancelFinished} reports
     * when it is over, or that the query is better left alone.
     *
     * @param server as the configuration names it
     * @param peer the address that the backend is connected to
     */
    public record CancelQuery(long backendId, Endpoint server, Endpoint peer, int pid, byte[] key)
            implements FromWorker, ControlMessage.FromPoolWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onCancelQuery(worker, this);
        }
    }

    /**
     * The task-worker is done with this cancel; {@code delivered} when the server closed its connection, or the
     * query was left alone on purpose.
     */
    public record CancelDone(long cancelId, boolean delivered) implements FromWorker, ControlMessage.FromTaskWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onCancelDone(worker, this);
        }
    }

    /** Which worker owns the session with this pid and secret? */
    public record FindCancelTarget(long cancelId, int pid, byte[] secret) implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.cancels().onFindCancelTarget(this);
        }
    }

    /**
     * The cancel that named this backend is over. When that is not {@code certain}, its signal may still arrive, and the backend
     * must not serve another client.
     */
    public record CancelFinished(long backendId, boolean certain) implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.cancels().onCancelFinished(this);
        }
    }

    /**
     * Send this CancelRequest and wait until the server closes the connection, for at most this long.
     *
     * @param abandonedAt the server as the configuration names it, when the query's client is gone: then no cancel is sent that would make
     *     things worse; empty when a client asked for it
     */
    public record PerformCancel(
            long cancelId, Endpoint server, int pid, byte[] key, long timeoutMs, Optional<Endpoint> abandonedAt)
            implements ControlMessage.ToTaskWorker {
        @Override
        public void dispatchTo(ControlMessage.TaskWorkerDesks desks) {
            desks.cancels().onPerformCancel(this);
        }
    }
}
