package dev.pgproxy.common.ipc;

/** Places under the limits, for sessions of a pool-worker that have none. */
@SuppressWarnings("ArrayRecordComponent") // A server's errors are never compared.
public final class PlaceMessages {

    private PlaceMessages() {}

    /** The master's side. */
    public interface AtMaster<S> {
        void onPlaceWanted(S worker, PlaceWanted message);

        void onServerFull(S worker, ServerFull message);
    }

    /** A pool-worker's side. */
    public interface AtPoolWorker {
        void onPlaceGiven(PlaceGiven message);

        void onPlaceRefused(PlaceRefused message);
    }

    /** What a pool-worker sends. */
    public sealed interface FromWorker extends ControlMessage.FromPoolWorker {
        <S> void dispatchTo(AtMaster<S> desk, S worker);

        @Override
        default <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            dispatchTo(desks.places(), worker);
        }
    }

    /**
     * A client that had no place has been asked for its password, and wants a place now.
     *
     * @param proved whether it has proved that it knows the password; if not, the server itself must answer it
     * @param refusal the server's ErrorResponse when it had no room for the client at its last place; empty when there was none
     */
    public record PlaceWanted(long sessionId, boolean proved, byte[] refusal) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onPlaceWanted(worker, this);
        }
    }

    /**
     * The server has no room for this client, which was told so; room can be made for the next one.
     *
     * @param refusal the server's ErrorResponse
     */
    public record ServerFull(long sessionId, byte[] refusal) implements FromWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onServerFull(worker, this);
        }
    }

    /**
     * An answer to {@link PlaceWanted}.
     *
     * @param expectedBackendId as in {@link SessionMessages.AssignSession}
     * @param mostMs how long the rest of the login may take
     */
    public record PlaceGiven(long sessionId, long expectedBackendId, long mostMs)
            implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.places().onPlaceGiven(this);
        }
    }

    /**
     * There is no place for the client, or no longer: it has not logged in yet, and must make room for others.
     *
     * @param lastWords what it is told
     */
    public record PlaceRefused(long sessionId, byte[] lastWords) implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.places().onPlaceRefused(this);
        }
    }
}
