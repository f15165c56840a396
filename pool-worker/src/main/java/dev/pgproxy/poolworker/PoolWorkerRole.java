package dev.pgproxy.poolworker;

import dev.pgproxy.common.child.ChildRole;
import dev.pgproxy.common.ipc.ControlMessage;

/** Applies the master's messages to a pool-worker. */
public record PoolWorkerRole(PoolWorker worker) implements ChildRole {

    /** How long sessions have to finish when the worker itself is told to terminate. */
    private static final long OWN_GRACE_MS = 5_000;

    @Override
    public void onMessage(ControlMessage message) {
        ((ControlMessage.ToPoolWorker) message).dispatchTo(worker);
    }

    @Override
    public void shutDown(long graceMs) {
        worker.shutDown(graceMs);
    }

    @Override
    public void masterLost(String reason) {
        worker.masterLost(reason);
    }

    @Override
    public void terminate() {
        worker.shutDown(OWN_GRACE_MS);
    }

    @Override
    public long containedFaults() {
        return worker.containedFaults();
    }
}
