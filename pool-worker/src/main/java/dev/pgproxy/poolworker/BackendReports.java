package dev.pgproxy.poolworker;

import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.report.WorkerLog;

/** Reports to the master and the log what becomes of backends. */
final class BackendReports implements Backend.Owner {

    private final MasterContact master;
    private final BackendPool pool;
    private final Cancels cancels;
    private final WorkerLog log;
    private final Counter notAsNew;

    BackendReports(MasterContact master, BackendPool pool, Cancels cancels, WorkerLog log, Counters counters) {
        this.master = master;
        this.pool = pool;
        this.cancels = cancels;
        this.log = log;
        this.notAsNew =
                counters.counter("backends_not_as_new", "backends that were closed because a reset does not undo all");
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
        notAsNew.increment();
        log.notAsNew(backend, why);
    }

    @Override
    public void broken(Backend backend, Throwable cause) {
        log.broken(backend, cause);
    }
}
