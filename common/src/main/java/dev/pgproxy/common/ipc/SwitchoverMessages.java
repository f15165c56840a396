package dev.pgproxy.common.ipc;

import dev.pgproxy.common.net.Endpoint;

/** Sessions on a server that another one is about to replace. */
public final class SwitchoverMessages {

    private SwitchoverMessages() {}

    /** The master's side. */
    public interface AtMaster<S> {
        void onSessionsHeld(S worker, SessionsHeld message);
    }

    /** A pool-worker's side. */
    public interface AtPoolWorker {
        void onHoldSessions(HoldSessions message);

        void onLeaveServer(LeaveServer message);
    }

    /**
     * Let sessions on this server finish their transactions and then read nothing more from their clients; or let them continue.
     * {@link SessionsHeld} answers when all of them rest.
     */
    public record HoldSessions(long requestId, Endpoint server, boolean held) implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.switchovers().onHoldSessions(this);
        }
    }

    /** The answer to {@link HoldSessions}. */
    public record SessionsHeld(long requestId) implements ControlMessage.FromPoolWorker {
        @Override
        public <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            desks.switchovers().onSessionsHeld(worker, this);
        }
    }

    /** This server is no longer the primary: nothing that it still sends may reach a client. */
    public record LeaveServer(Endpoint server, Endpoint successor) implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.switchovers().onLeaveServer(this);
        }
    }
}
