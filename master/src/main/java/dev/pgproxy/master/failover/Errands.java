package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Errand;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.probe.ProbeDesk;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Requests errands on servers from the task-worker, under the rules in force. */
final class Errands {

    private final ProbeDesk probes;
    private final Supplier<ProxyConfig.Failover> rules;

    Errands(ProbeDesk probes, Supplier<ProxyConfig.Failover> rules) {
        this.probes = probes;
        this.rules = rules;
    }

    /** @param answer called once, however it ends */
    void ask(Errand errand, Endpoint server, Consumer<ProbeMessages.ErrandDone> answer) {
        ProxyConfig.Failover inForce = rules.get();
        probes.ask(
                new ProbeMessages.RunErrand(
                        0,
                        server,
                        errand,
                        inForce.method(),
                        inForce.triggerObject(),
                        inForce.probeTimeout().toMillis(),
                        0),
                answer);
    }

    /** The problem and its remedy, as one text. */
    static String words(ProbeMessages.ErrandDone answer) {
        return answer.remedy().isEmpty() ? answer.problem() : answer.problem() + " (" + answer.remedy() + ")";
    }

    /** Lifts the fence of an old primary, so that it accepts writes when it is promoted again. The result is only logged. */
    void liftFence(Endpoint server) {
        ask(Errand.LIFT_FENCE, server, answer -> {
            if (!answer.problem().isEmpty()) {
                Event.of("fence_not_lifted")
                        .with("server", server)
                        .message("it is not known whether default_transaction_read_only still fences it: "
                                + answer.problem())
                        .hint(
                                "Before it becomes a primary again: ALTER SYSTEM RESET default_transaction_read_only on it,"
                                        + " and reload.")
                        .warn();
            } else if (answer.count() > 0) {
                Event.of("fence_lifted")
                        .with("server", server)
                        .message("the old primary is a standby now: default_transaction_read_only was reset on it")
                        .info();
            }
        });
    }
}
