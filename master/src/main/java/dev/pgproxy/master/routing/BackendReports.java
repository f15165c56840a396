package dev.pgproxy.master.routing;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.routing.LedgerEntries.BackendStatus;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;

/** Records in the {@link Ledger} what workers report about their backends, and serves the clients that waited for it. */
public final class BackendReports implements BackendMessages.AtMaster<Worker> {

    private final WorkerRegistry workers;
    private final Ledger ledger;
    private final IdleBackends idle;
    private final Turns turns;

    BackendReports(WorkerRegistry workers, Ledger ledger, IdleBackends idle, Turns turns) {
        this.workers = workers;
        this.ledger = ledger;
        this.idle = idle;
        this.turns = turns;
    }

    @Override
    public void onBackendResetting(Worker worker, BackendMessages.BackendResetting message) {
        ledger.backendStatus(worker.slot(), message.backendId(), BackendStatus.RESETTING);
        turns.takeAll();
    }

    @Override
    public void onBackendClosing(Worker worker, BackendMessages.BackendClosing message) {
        ledger.backendStatus(worker.slot(), message.backendId(), BackendStatus.CLOSING);
    }

    @Override
    public void onBackendIdle(Worker worker, BackendMessages.BackendIdle message) {
        ledger.backendStatus(worker.slot(), message.backendId(), BackendStatus.IDLE);
        BackendEntry backend = ledger.backend(worker.slot(), message.backendId());
        if (backend != null && backend.isWantedGone) {
            idle.evictIfIdle(backend);
        }
        turns.takeAll();
        if (backend != null) {
            idle.becameIdle(backend.key);
        }
    }

    @Override
    public void onBackendGone(Worker worker, BackendMessages.BackendGone message) {
        ledger.backendGone(worker.slot(), message.backendId());
        turns.takeAll();
    }

    /** A client's command needs a database that no one else uses: idle backends must not block it. */
    @Override
    public void onObjectInUse(Worker worker, BackendMessages.ObjectInUse message) {
        workers.toPoolWorkers(new BackendMessages.GiveUpIdle(message.server(), message.message(), message.isWaiting()));
    }
}
