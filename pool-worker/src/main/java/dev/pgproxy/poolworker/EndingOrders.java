package dev.pgproxy.poolworker;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.backend.BackendState;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.poolworker.traffic.SessionState;

/** Orders of the master or an operator to end sessions, idle backends, and the reuse of connections. */
final class EndingOrders implements CommandMessages.AtPoolWorker, BackendMessages.AtPoolWorker {

    private final MasterContact master;
    private final Sessions sessions;
    private final BackendPool pool;
    private final DatabasesInUse databases;

    EndingOrders(MasterContact master, Sessions sessions, BackendPool pool, DatabasesInUse databases) {
        this.master = master;
        this.sessions = sessions;
        this.pool = pool;
        this.databases = databases;
    }

    /** Ends the sessions that an operator has chosen, and closes the chosen backends that are idle. */
    @Override
    public void onEndSessions(CommandMessages.EndSessions message) {
        int ended = 0;
        for (long id : message.sessionIds()) {
            Session session = sessions.byId(id);
            if (session != null && session.state() != SessionState.ACCEPTED) { // Else the master may still own it.
                session.endByOperator();
                ended++;
            }
        }
        for (long id : message.backendIds()) {
            Backend backend = pool.byId(id);
            if (backend != null && backend.state() == BackendState.IDLE) {
                backend.retire();
                ended++;
            }
        }
        master.link().send(new CommandMessages.SessionsEnded(message.commandId(), ended));
    }

    /** Closes the backend if it is idle. If it is not, the master's view was late and there is nothing to do. */
    @Override
    public void onEvictBackend(BackendMessages.EvictBackend message) {
        Backend backend = pool.byId(message.backendId());
        if (backend != null && backend.state() == BackendState.IDLE) {
            backend.retire();
        }
    }

    /** Retires all connections to this server that are open now. */
    @Override
    public void onReconnect(BackendMessages.Reconnect message) {
        Endpoint server = message.server();
        pool.snapshot().stream()
                .filter(backend -> backend.key().server().equals(server))
                .forEach(Backend::retire);
    }

    @Override
    public void onGiveUpIdle(BackendMessages.GiveUpIdle message) {
        databases.giveUpIdle(message.server(), message.message(), message.isWaiting());
    }
}
