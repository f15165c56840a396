package dev.pgproxy.master.failover;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import java.util.List;

/** The primary's health: what its probes mean, and what follows when it does not answer or was demoted. */
final class PrimaryHealth {

    /** Successful probes of the primary over the kept connection before one over a new connection. */
    private static final int PROBES_OVER_KEPT = 5;

    private final Situation situation;
    private final DecisionLog decisions;
    private final Switchover switchover;
    private final Succession succession;

    PrimaryHealth(Situation situation, DecisionLog decisions, Switchover switchover, Succession succession) {
        this.situation = situation;
        this.decisions = decisions;
        this.switchover = switchover;
        this.succession = succession;
    }

    private Endpoint address() {
        return situation.servers().primary();
    }

    /** The kept connection to the primary was lost. */
    void connectionLost(List<Action> actions) {
        if (situation.isAlive()) {
            suspect(actions);
            actions.add(new Action.Probe(address(), true, 0));
        }
    }

    private void suspect(List<Action> actions) {
        situation.becomes(Health.SUSPECT);
        situation.primary().failures = 0;
        // By the time the primary counts as dead, the state of the others is known.
        situation.all().stream().filter(server -> !server.equals(address())).forEach(server -> {
            situation.known(server).seen = false;
            actions.add(new Action.Probe(server, false, 0));
        });
    }

    /** The primary was probed. */
    void probed(ServerHealth primary, Observation observation, boolean fresh, List<Action> actions) {
        if (observation instanceof Observation.Answered answered) {
            answered(primary, answered.facts(), fresh, actions);
            return;
        }
        Observation.Failed failed = (Observation.Failed) observation;
        if (!failed.kind().countsAsDown()) {
            refuses(primary, failed.kind(), failed.problem(), actions);
            return;
        }
        if (situation.isAlive()) {
            suspect(actions);
        }
        actions.addAll(switchover.callOff("the primary does not answer any more: " + failed.problem()));
        if (!fresh) {
            actions.add(new Action.Probe(address(), true, 0));
            return;
        }
        primary.failures++;
        actions.add(new Action.Probe(address(), true, situation.retryMs()));
        int retries = situation.rules().retries();
        if (primary.failures < retries) {
            actions.add(FailoverWords.failing(address(), primary.failures, retries, failed.problem()));
            return;
        }
        boolean isWatching = situation.isIn(Phase.WATCHING);
        if (!situation.isDown()) {
            situation.becomes(Health.DOWN);
            if (isWatching && primary.tellOnce("down")) {
                actions.add(FailoverWords.down(
                        situation.servers(), situation.hasChanged(), primary.failures, failed.problem()));
            }
        }
        if (isWatching) {
            succession.seek(actions);
        }
    }

    private void answered(ServerHealth primary, ServerFacts facts, boolean fresh, List<Action> actions) {
        alive(primary, actions);
        situation.noteReadiness(true);
        if (facts.inRecovery()) {
            if (primary.tellOnce("standby")) {
                actions.add(FailoverWords.demoted(address()));
            }
            succession.seek(actions);
            actions.add(new Action.Probe(address(), false, situation.retryMs()));
            return;
        }
        primary.lastAlert = "";
        // If a primary keeps its connections but accepts no new ones, the next client to connect reports it at once.
        // So a new connection for each probe would only fill the server's log.
        primary.probesOverKept = fresh ? 0 : primary.probesOverKept + 1;
        actions.add(new Action.Probe(address(), primary.probesOverKept >= PROBES_OVER_KEPT, situation.probeMs()));
        FailoverState state = situation.state();
        if (state.systemId() != facts.systemId()) {
            if (state.systemId() != 0) {
                actions.add(FailoverWords.another(address(), state.systemId(), facts.systemId()));
            }
            situation.adopt(state.withSystemId(facts.systemId()));
            decisions.noteUnsaved();
        }
        if (decisions.isUnsaved() && situation.isIn(Phase.WATCHING)) {
            actions.add(decisions.saveNow());
        }
    }

    /** The server has responded, so it is alive, even if it refuses clients. */
    private void alive(ServerHealth primary, List<Action> actions) {
        primary.failures = 0;
        if (situation.isDown() && situation.isIn(Phase.WATCHING)) {
            tellBack(actions);
        }
        if (!situation.isAlive()) {
            situation.becomes(Health.ALIVE);
        }
    }

    /** Reports that the primary is back; operators were told that it was down. */
    void tellBack(List<Action> actions) {
        ServerHealth primary = situation.primary();
        boolean takesNobody =
                primary.last instanceof Observation.Failed failed && failed.kind() == FailureKind.NOT_READY;
        actions.add(FailoverWords.back(address(), takesNobody));
        primary.lastAlert = "";
        situation
                .servers()
                .promote()
                .ifPresent(standby ->
                        situation.known(standby).lastAlert = ""); // So that a later failure is reported again.
    }

    private void refuses(ServerHealth primary, FailureKind kind, String problem, List<Action> actions) {
        actions.add(new Action.Probe(address(), true, situation.retryMs()));
        if (kind != FailureKind.UNKNOWN_HOST && kind != FailureKind.LOCAL) { // These say nothing about the primary.
            alive(primary, actions);
        }
        situation.noteReadiness(kind != FailureKind.NOT_READY);
        if (primary.tellOnce(kind.name())) {
            actions.add(FailoverWords.notProbed(address(), kind, problem));
        }
    }
}
