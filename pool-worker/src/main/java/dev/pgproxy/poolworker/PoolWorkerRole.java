package dev.pgproxy.poolworker;

import dev.pgproxy.common.child.ChildProcess;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.ViewSet;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** What the master's messages mean to a pool-worker. */
final class PoolWorkerRole implements ChildProcess.Role, ControlMessage.PoolWorkerHandler {

    /** How long sessions may finish when the worker itself is told to terminate. */
    private static final long OWN_GRACE_MS = 5_000;

    private final PoolWorker worker;
    private final BiConsumer<ControlMessage.AssignFrontend, OwnedFd> assign;
    private @Nullable OwnedFd arrivedFd;

    PoolWorkerRole(PoolWorker worker, BiConsumer<ControlMessage.AssignFrontend, OwnedFd> assign) {
        this.worker = worker;
        this.assign = assign;
    }

    @Override
    public void onMessage(ControlMessage message, @Nullable OwnedFd fd) {
        arrivedFd = fd;
        ((ControlMessage.ToPoolWorker) message).dispatchTo(this);
    }

    @Override
    public void onShutdown(ControlMessage.Shutdown message) {
        worker.shutDown(message.graceMs());
    }

    @Override
    public void onConfigurePool(ControlMessage.ConfigurePool message) {
        worker.configure(message.settings());
    }

    @Override
    public void onAssignFrontend(ControlMessage.AssignFrontend message) {
        OwnedFd fd = arrivedFd;
        if (fd == null) {
            throw new IllegalStateException("the channel delivered a client without its descriptor");
        }
        assign.accept(message, fd);
    }

    @Override
    public void onEvictBackend(ControlMessage.EvictBackend message) {
        worker.evict(message.backendId());
    }

    @Override
    public void onFindCancelTarget(ControlMessage.FindCancelTarget message) {
        worker.findCancelTarget(message);
    }

    @Override
    public void onCancelFinished(ControlMessage.CancelFinished message) {
        worker.cancelFinished(message.backendId(), message.certain());
    }

    @Override
    public void onRoleFound(ControlMessage.RoleFound message) {
        worker.roleFound(message.frontendId(), message.facts());
    }

    @Override
    public void onGiveUpIdle(ControlMessage.GiveUpIdle message) {
        worker.giveUpIdle(message.server(), message.message(), message.isWaiting());
    }

    @Override
    public void onReportState(ControlMessage.ReportState message) {
        worker.reportState(message.snapshotId(), ViewSet.decode(message.views()), message.nowMicros());
    }

    @Override
    public void onEndSessions(ControlMessage.EndSessions message) {
        worker.endSessions(message);
    }

    @Override
    public void onServerMoved(ControlMessage.ServerMoved message) {
        worker.serverMoved(message.server(), message.addresses());
    }

    @Override
    public void onReconnect(ControlMessage.Reconnect message) {
        worker.reconnect(message.server());
    }

    @Override
    public void onLeaveServer(ControlMessage.LeaveServer message) {
        worker.leaveServer(message.server(), message.successor());
    }

    @Override
    public void onHoldSessions(ControlMessage.HoldSessions message) {
        worker.holdSessions(message.requestId(), message.server(), message.held());
    }

    @Override
    public long containedFaults() {
        return worker.containedFaults();
    }

    @Override
    public void onPlaceGiven(ControlMessage.PlaceGiven message) {
        worker.placeGiven(message);
    }

    @Override
    public void onPlaceRefused(ControlMessage.PlaceRefused message) {
        worker.placeRefused(message);
    }

    @Override
    public void masterLost(String reason) {
        worker.masterLost(reason);
    }

    @Override
    public void terminate() {
        worker.shutDown(OWN_GRACE_MS);
    }
}
