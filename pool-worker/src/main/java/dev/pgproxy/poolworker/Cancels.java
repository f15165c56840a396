package dev.pgproxy.poolworker;

import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.session.Session;

/** Cancels for clients of this worker, and cancels of the worker's own. */
final class Cancels implements CancelMessages.AtPoolWorker {

    private final MasterContact master;
    private final Sessions sessions;
    private final BackendPool pool;

    Cancels(MasterContact master, Sessions sessions, BackendPool pool) {
        this.master = master;
        this.sessions = sessions;
        this.pool = pool;
    }

    /** Asks the master to cancel what this backend runs. */
    void query(Backend backend) {
        if (master.isGone()) {
            backend.cancelFinished(true); // Only the master could send it.
            return;
        }
        master.link()
                .send(new CancelMessages.CancelQuery(
                        backend.id(),
                        backend.key().server(),
                        backend.peer(),
                        backend.identity().pid(),
                        backend.identity().cancelKey()));
    }

    /** Finds the backend that a CancelRequest is for, and holds it back until the cancel is over. */
    @Override
    public void onFindCancelTarget(CancelMessages.FindCancelTarget request) {
        for (Session session : sessions.all()) {
            Backend backend = session.backend();
            if (backend != null && session.isCancelledBy(request.pid(), request.secret()) && backend.cancelStarted()) {
                master.link()
                        .send(new CancelMessages.CancelTarget(
                                request.cancelId(),
                                backend.id(),
                                backend.peer(),
                                backend.identity().pid(),
                                backend.identity().cancelKey()));
                return;
            }
        }
        master.link().send(new CancelMessages.CancelUnknown(request.cancelId()));
    }

    @Override
    public void onCancelFinished(CancelMessages.CancelFinished message) {
        Backend backend = pool.byId(message.backendId());
        if (backend != null) {
            backend.cancelFinished(message.certain());
        }
    }
}
