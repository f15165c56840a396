package dev.pgproxy.master.failover;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import java.util.List;

/** How the primary is: what probes of it mean, and what follows when it does not answer, or is none any more. */
final class PrimaryHealth {

    /** Probes of a primary that is well over the connection that is kept, before one over a new one. */
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
        return situation.servers.primary();
    }

    /** The connection that is kept to it ended by itself. */
    void connectionLost(List<Action> actions) {
        if (situation.health == Situation.Health.ALIVE) {
            suspect(actions);
            actions.add(new Action.Probe(address(), true, 0));
        }
    }

    private void suspect(List<Action> actions) {
        situation.health = Situation.Health.SUSPECT;
        situation.primary().failures = 0;
        // Until the primary counts as dead it will be known how the others are.
        situation.all().stream().filter(server -> !server.equals(address())).forEach(server -> {
            situation.known(server).seen = false;
            actions.add(new Action.Probe(server, false, 0));
        });
    }

    /** It was probed. */
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
        if (situation.health == Situation.Health.ALIVE) {
            suspect(actions);
        }
        actions.addAll(switchover.callOff("the primary does not answer any more: " + failed.problem()));
        if (!fresh) {
            actions.add(new Action.Probe(address(), true, 0));
            return;
        }
        primary.failures++;
        actions.add(new Action.Probe(address(), true, situation.retryMs()));
        int retries = situation.rules.retries();
        if (primary.failures < retries) {
            actions.add(FailoverWords.failing(address(), primary.failures, retries, failed.problem()));
            return;
        }
        boolean isWatching = situation.isIn(Phase.WATCHING);
        if (situation.health != Situation.Health.DOWN) {
            situation.health = Situation.Health.DOWN;
            if (isWatching && primary.tellOnce("down")) {
                actions.add(FailoverWords.down(
                        situation.servers, situation.hasChanged(), primary.failures, failed.problem()));
            }
        }
        if (isWatching) {
            succession.seek(actions);
        }
    }

    private void answered(ServerHealth primary, ServerFacts facts, boolean fresh, List<Action> actions) {
        alive(primary, actions);
        situation.primaryIsReady = true;
        if (facts.inRecovery()) {
            if (primary.tellOnce("standby")) {
                actions.add(FailoverWords.demoted(address()));
            }
            succession.seek(actions);
            actions.add(new Action.Probe(address(), false, situation.retryMs()));
            return;
        }
        primary.told = "";
        // A primary that keeps its connections and takes no new ones is of no use to a client that comes, and that
        // client says so
        // at once. So a new connection for each probe would only fill the server's log.
        primary.probesOverKept = fresh ? 0 : primary.probesOverKept + 1;
        actions.add(new Action.Probe(address(), primary.probesOverKept >= PROBES_OVER_KEPT, situation.probeMs()));
        FailoverState state = situation.state;
        if (state.systemId() != facts.systemId()) {
            if (state.systemId() != 0) {
                actions.add(FailoverWords.another(address(), state.systemId(), facts.systemId()));
            }
            situation.state = state.withSystemId(facts.systemId());
            decisions.noteUnsaved();
        }
        if (decisions.isUnsaved() && situation.isIn(Phase.WATCHING)) {
            actions.add(decisions.saveNow());
        }
    }

    /** It lives, whatever it says. */
    private void alive(ServerHealth primary, List<Action> actions) {
        primary.failures = 0;
        if (situation.health == Situation.Health.DOWN && situation.isIn(Phase.WATCHING)) {
            tellBack(actions);
        }
        situation.health = Situation.Health.ALIVE;
    }

    /** People heard that it was down. */
    void tellBack(List<Action> actions) {
        ServerHealth primary = situation.primary();
        boolean takesNobody =
                primary.last instanceof Observation.Failed failed && failed.kind() == FailureKind.NOT_READY;
        actions.add(FailoverWords.back(address(), takesNobody));
        primary.told = "";
        situation
                .servers
                .promote()
                .ifPresent(standby -> situation.known(standby).told = ""); // Next time is another time.
    }

    private void refuses(ServerHealth primary, FailureKind kind, String problem, List<Action> actions) {
        actions.add(new Action.Probe(address(), true, situation.retryMs()));
        if (kind != FailureKind.UNKNOWN_HOST && kind != FailureKind.LOCAL) { // These say nothing of the primary.
            alive(primary, actions);
        }
        situation.primaryIsReady = kind != FailureKind.NOT_READY;
        if (primary.tellOnce(kind.name())) {
            actions.add(FailoverWords.notProbed(address(), kind, problem));
        }
    }
}
