package dev.pgproxy.poolworker;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.report.WorkerLog;

/** Tells the master, and the log, what becomes of backends. */
final class BackendReports implements Backend.Owner {

    private final MasterContact master;
    private final BackendPool pool;
    private final Cancels cancels;
    private final WorkerLog log;

    BackendReports(MasterContact master, BackendPool pool, Cancels cancels, WorkerLog log) {
        this.master = master;
        this.pool = pool;
        this.cancels = cancels;
        this.log = log;
    }

    @Override
    public void resetting(Backend backend) {
        pool.resetting(backend);
        master.link().send(new BackendMessages.BackendResetting(backend.id()));
    }

    @Override
    public void idle(Backend backend) {
        pool.idle(backend);
        master.link().send(new BackendMessages.BackendIdle(backend.id()));
    }

    @Override
    public void cancelQuery(Backend backend) {
        cancels.query(backend);
    }

    @Override
    public void closing(Backend backend) {
        pool.closing(backend);
        master.link().send(new BackendMessages.BackendClosing(backend.id()));
    }

    @Override
    public void gone(Backend backend) {
        pool.remove(backend);
        master.link().send(new BackendMessages.BackendGone(backend.id()));
    }

    @Override
    public void unreachable(Backend backend, String reason) {
        log.unreachable(backend, reason);
    }

    @Override
    public void notAsNew(Backend backend, String why) {
        log.notAsNew(backend, why);
    }

    @Override
    public void broken(Backend backend, Throwable cause) {
        log.broken(backend, cause);
    }
}
