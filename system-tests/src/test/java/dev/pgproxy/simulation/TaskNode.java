package dev.pgproxy.simulation;

import dev.pgproxy.common.child.ChildConversation;
import dev.pgproxy.common.child.ChildRole;
import dev.pgproxy.common.child.CounterReport;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.AlertMessages;
import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.ipc.SettingsMessages;
import dev.pgproxy.testkit.simulation.SimulatedLink;
import dev.pgproxy.testkit.simulation.SimulatedProcess;

/** A simulated task-worker: its tasks take a while, and it may die meanwhile. */
final class TaskNode
        implements Node,
                ChildRole,
                ControlMessage.TaskWorkerDesks,
                SettingsMessages.AtTaskWorker,
                CancelMessages.AtTaskWorker,
                RoleMessages.AtTaskWorker,
                ProbeMessages.AtTaskWorker,
                AlertMessages.AtTaskWorker {

    private final ClusterSimulation simulation;
    private final SimulatedProcess process;
    private final SimulatedLink.End link;
    private final ChildConversation conversation;
    private final CounterReport counters;

    TaskNode(ClusterSimulation simulation, SimulatedProcess process, SimulatedLink.End link) {
        this.simulation = simulation;
        this.process = process;
        this.link = link;
        this.counters = new CounterReport(new Counters(), link::send);
        this.conversation = new ChildConversation(ChildKind.TASK, process.loop());
        conversation.role(this);
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
        ((ControlMessage.ToTaskWorker) message).dispatchTo(this);
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

    private void answerLater(Runnable answer) {
        simulation.later(this, answer);
    }

    @Override
    public void onConfigureTasks(SettingsMessages.ConfigureTasks message) {}

    /** The signal may arrive even if this process dies meanwhile, or after it has given up waiting for the server. */
    @Override
    public void onPerformCancel(CancelMessages.PerformCancel message) {
        boolean givesUp = simulation.random().nextInt(4) == 0;
        simulation.cancelSent(message.pid(), () -> {
            if (!givesUp && process.isAlive()) {
                link.send(new CancelMessages.CancelDone(message.cancelId(), true));
            }
        });
        if (givesUp) {
            answerLater(() -> link.send(new CancelMessages.CancelDone(message.cancelId(), false)));
        }
    }

    @Override
    public void onLookUpRole(RoleMessages.LookUpRole message) {
        answerLater(() -> link.send(new RoleMessages.RoleLookedUp(
                message.lookupId(), simulation.roles().facts(message.user()))));
    }

    @Override
    public void onProbeServer(ProbeMessages.ProbeServer message) {
        answerLater(() -> {
            if (simulation.server(message.server()).condition() == ClusterServer.Condition.HUNG) {
                process.loop().scheduler().afterMs(message.timeoutMs(), () -> tellProbed(message));
            } else {
                tellProbed(message);
            }
        });
    }

    private void tellProbed(ProbeMessages.ProbeServer message) {
        link.send(new ProbeMessages.ServerProbed(
                message.probeId(), message.server(), message.kind(), true, simulation.observe(message.server())));
    }

    @Override
    public void onForgetServer(ProbeMessages.ForgetServer message) {}

    @Override
    public void onRunErrand(ProbeMessages.RunErrand message) {
        answerLater(() -> {
            ClusterServer server = simulation.server(message.server());
            if (server.condition() != ClusterServer.Condition.UP) {
                link.send(ProbeMessages.ErrandDone.notDone(message.requestId(), "no answer (simulated)"));
                return;
            }
            if (message.errand().promotes()) {
                simulation.promote(server);
            }
            link.send(new ProbeMessages.ErrandDone(message.requestId(), true, 0, "", ""));
        });
    }

    @Override
    public void onSendAlert(AlertMessages.SendAlert message) {
        answerLater(() -> link.send(new AlertMessages.AlertSent(message.alertId())));
    }

    @Override
    public TaskNode settings() {
        return this;
    }

    @Override
    public TaskNode cancels() {
        return this;
    }

    @Override
    public TaskNode roles() {
        return this;
    }

    @Override
    public TaskNode probes() {
        return this;
    }

    @Override
    public TaskNode alerts() {
        return this;
    }

    @Override
    public CounterReport snapshots() {
        return counters;
    }
}
