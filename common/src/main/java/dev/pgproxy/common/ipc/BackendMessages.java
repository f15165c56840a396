package dev.pgproxy.common.ipc;

import dev.pgproxy.common.log.ForPeople;
import dev.pgproxy.common.net.Endpoint;

/** What becomes of connections to servers. Backends are numbered by the worker that holds them. */
public final class BackendMessages {

    private BackendMessages() {}

    /** The master's side. */
    public interface AtMaster<S> {
        void onBackendResetting(S worker, BackendResetting message);

        void onBackendIdle(S worker, BackendIdle message);

        void onBackendClosing(S worker, BackendClosing message);

        void onBackendGone(S worker, BackendGone message);

        void onObjectInUse(S worker, ObjectInUse message);
    }

    /** A pool-worker's side. */
    public interface AtPoolWorker {
        void onEvictBackend(EvictBackend message);

        void onGiveUpIdle(GiveUpIdle message);

        void onReconnect(Reconnect message);
    }

    /** What a pool-worker sends. */
    public sealed interface FromWorker extends ControlMessage.FromPoolWorker {
        <S> void dispatchTo(AtMaster<S> desk, S worker);

        @Override
        default <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            dispatchTo(desks.backends(), worker);
        }
    }

    /** The backend is being reset for its next client, and can already be claimed. */
    public record BackendResetting(long backendId) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onBackendResetting(worker, this);
        }
    }

    /** The backend waits in the pool. */
    public record BackendIdle(long backendId) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onBackendIdle(worker, this);
        }
    }

    /** The backend was given up, but the server has not closed its side: its place is not free yet, and no session has it. */
    public record BackendClosing(long backendId) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onBackendClosing(worker, this);
        }
    }

    /** The connection to the server is closed. */
    public record BackendGone(long backendId) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onBackendGone(worker, this);
        }
    }

    /**
     * A client's command failed because an object is in use (SQLSTATE 55006), or waits for that object.
     *
     * @param message the server's error, which names the object in quotes; the name alone when the command waits
     * @param isWaiting whether the command can still succeed
     */
    public record ObjectInUse(Endpoint server, @ForPeople String message, boolean isWaiting) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onObjectInUse(worker, this);
        }
    }

    /** Close this backend if it is idle: another client of the server needs its place. */
    public record EvictBackend(long backendId) implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.backends().onEvictBackend(this);
        }
    }

    /** Close the idle backends of this server whose database this message names, as in {@link ObjectInUse}. */
    public record GiveUpIdle(Endpoint server, @ForPeople String message, boolean isWaiting)
            implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.backends().onGiveUpIdle(this);
        }
    }

    /** Do not reuse the connections to this server that are open now: close idle ones, and the others when their client leaves. */
    public record Reconnect(Endpoint server) implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.backends().onReconnect(this);
        }
    }
}
