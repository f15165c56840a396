package dev.pgproxy.common.ipc;

import dev.pgproxy.common.log.ForPeople;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.peer.Peer;
import java.util.List;

/** Operators of pg_proxy and their commands to the proxy. Commands are numbered by the admin-worker. */
@SuppressWarnings("ArrayRecordComponent") // Packets and secrets are never compared as records.
public final class CommandMessages {

    private CommandMessages() {}

    /** The master's side. */
    public interface AtMaster<S> {
        void onRunCommand(S worker, RunCommand message);

        void onAbandonCommand(S worker, AbandonCommand message);

        void onEndConnections(S worker, EndConnections message);

        void onSessionsEnded(S worker, SessionsEnded message);

        void onReaderRanAway(S worker, ReaderRanAway message);
    }

    /** A pool-worker's side. */
    public interface AtPoolWorker {
        void onEndSessions(EndSessions message);
    }

    /** The admin-worker's side. */
    public interface AtAdminWorker {
        void onAssignOperator(AssignOperator message);

        void onCancelStatement(CancelStatement message);

        void onCommandNotice(CommandNotice message);

        void onCommandDone(CommandDone message);
    }

    /** What workers send. */
    public sealed interface FromWorker extends ControlMessage.ToMaster {
        <S> void dispatchTo(AtMaster<S> desk, S worker);

        @Override
        default <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S worker) {
            dispatchTo(desks.commands(), worker);
        }
    }

    /** What the admin-worker receives. */
    public sealed interface ToWorker extends ControlMessage.ToAdminWorker {
        void dispatchTo(AtAdminWorker worker);

        @Override
        default void dispatchTo(ControlMessage.AdminWorkerDesks desks) {
            dispatchTo(desks.commands());
        }
    }

    /**
     * Serve this client of pg_proxy.
     *
     * @param peer where it comes from
     */
    public record AssignOperator(long sessionId, Peer peer, byte[] startupPacket, Descriptor client)
            implements ToWorker {
        @Override
        public void dispatchTo(AtAdminWorker worker) {
            worker.onAssignOperator(this);
        }
    }

    /** A CancelRequest with this pid and secret has arrived, which may be for a session of pg_proxy. */
    public record CancelStatement(int pid, byte[] secret) implements ToWorker {
        @Override
        public void dispatchTo(AtAdminWorker worker) {
            worker.onCancelStatement(this);
        }
    }

    /** Do what an operator asks. Answered with {@link CommandDone}. */
    public record RunCommand(long commandId, OperatorCommand command, String argument)
            implements FromWorker, ControlMessage.FromAdminWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onRunCommand(worker, this);
        }
    }

    /** The operator no longer waits for this command; what it has begun stays as it is. */
    public record AbandonCommand(long commandId) implements FromWorker, ControlMessage.FromAdminWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onAbandonCommand(worker, this);
        }
    }

    /**
     * End the connections with these keys: pid, id and session (0 for none) of each, one after the other, as shown by the table connection.
     * Answered with {@link CommandDone} after the last message of the command.
     */
    public record EndConnections(long commandId, List<Long> keys, boolean last)
            implements FromWorker, ControlMessage.FromAdminWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onEndConnections(worker, this);
        }
    }

    /** A statement of a session that may only look cannot be stopped: sent by the admin-worker before it exits. */
    public record ReaderRanAway() implements FromWorker, ControlMessage.FromAdminWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onReaderRanAway(worker, this);
        }
    }

    /** End these sessions, and close these backends if they are idle. Answered with {@link SessionsEnded}. */
    public record EndSessions(long commandId, List<Long> sessionIds, List<Long> backendIds)
            implements ControlMessage.ToPoolWorker {
        @Override
        public void dispatchTo(ControlMessage.PoolWorkerDesks desks) {
            desks.commands().onEndSessions(this);
        }
    }

    /** This many of the sessions and backends named by {@link EndSessions} existed, and are gone now. */
    public record SessionsEnded(long commandId, int count) implements FromWorker, ControlMessage.FromPoolWorker {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S worker) {
            desk.onSessionsEnded(worker, this);
        }
    }

    /** A notice to the operator about a command that is under way. */
    public record CommandNotice(long commandId, @ForPeople String message) implements ToWorker {
        @Override
        public void dispatchTo(AtAdminWorker worker) {
            worker.onCommandNotice(this);
        }
    }

    /** A command has ended, successfully when {@code sqlState} is empty. */
    public record CommandDone(
            long commandId,
            String sqlState,
            int count,
            @ForPeople String message,
            @ForPeople String hint) implements ToWorker {
        @Override
        public void dispatchTo(AtAdminWorker worker) {
            worker.onCommandDone(this);
        }
    }
}
