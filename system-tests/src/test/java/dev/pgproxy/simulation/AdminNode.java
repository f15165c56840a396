package dev.pgproxy.simulation;

import dev.pgproxy.common.child.ChildConversation;
import dev.pgproxy.common.child.ChildRole;
import dev.pgproxy.common.child.CounterReport;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.OperatorCommand;
import dev.pgproxy.common.ipc.SettingsMessages;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.view.View;
import dev.pgproxy.testkit.simulation.SimulatedLink;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import java.util.EnumSet;
import java.util.List;

/** A simulated admin-worker, and with it the operators. */
final class AdminNode
        implements Node,
                ChildRole,
                ControlMessage.AdminWorkerDesks,
                SettingsMessages.AtAdminWorker,
                SnapshotMessages.AtAdminWorker,
                CommandMessages.AtAdminWorker {

    private final SimulatedProcess process;
    private final SimulatedLink.End link;
    private final ChildConversation conversation;
    private final CounterReport counters;
    private boolean isReady;
    private long nextId = 1;

    AdminNode(SimulatedProcess process, SimulatedLink.End link) {
        this.process = process;
        this.link = link;
        this.counters = new CounterReport(new Counters(), link::send);
        this.conversation = new ChildConversation(ChildKind.ADMIN, process.loop());
        conversation.role(this);
    }

    boolean isReady() {
        return isReady && process.isAlive();
    }

    void command(OperatorCommand command, String argument) {
        link.send(new CommandMessages.RunCommand(nextId++, command, argument));
    }

    void takeSnapshot() {
        link.send(new SnapshotMessages.TakeSnapshot(nextId++, EnumSet.allOf(View.class)));
    }

    /** DELETE FROM connection. */
    void endSession(long pid, long sessionId) {
        link.send(new CommandMessages.EndConnections(nextId++, List.of(pid, 0L, sessionId), true));
    }

    @Override
    public ChildConversation conversation() {
        return conversation;
    }

    @Override
    public SimulatedProcess process() {
        return process;
    }

    @Override
    public void onMessage(ControlMessage message) {
        ((ControlMessage.ToAdminWorker) message).dispatchTo(this);
    }

    @Override
    public void shutDown(long graceMs) {
        process.loop().stop();
    }

    @Override
    public void masterLost(String reason) {
        process.loop().stop();
    }

    @Override
    public void terminate() {
        process.loop().stop();
    }

    @Override
    public void onConfigureAdmin(SettingsMessages.ConfigureAdmin message) {
        isReady = true;
    }

    @Override
    public void onAssignOperator(CommandMessages.AssignOperator message) {
        message.client().close(); // The operator has seen enough.
    }

    @Override
    public void onCancelStatement(CommandMessages.CancelStatement message) {}

    @Override
    public void onCommandNotice(CommandMessages.CommandNotice message) {}

    @Override
    public void onCommandDone(CommandMessages.CommandDone message) {}

    @Override
    public void onReportState(SnapshotMessages.ReportState message) {
        counters.onReportState(message);
    }

    @Override
    public void onReportRows(SnapshotMessages.ReportRows message) {}

    @Override
    public void onSnapshotComplete(SnapshotMessages.SnapshotComplete message) {}

    @Override
    public AdminNode settings() {
        return this;
    }

    @Override
    public AdminNode snapshots() {
        return this;
    }

    @Override
    public AdminNode commands() {
        return this;
    }
}
