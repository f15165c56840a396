package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import java.util.Optional;

/** What the state file means for startup with this configuration: a pure function of the two. */
public final class StartDecision {

    /** The configuration contradicts the decision in the state file. */
    public static final class ContradictionException extends Exception {
        private static final long serialVersionUID = 1L;

        ContradictionException(String message) {
            super(message);
        }
    }

    private StartDecision() {}

    /**
     * Determines the initial state.
     *
     * @param found what the state file holds; empty when there is none
     * @throws ContradictionException when the configuration was changed so that it is unclear which server is the primary
     */
    public static FailoverState of(ProxyConfig.Servers configured, Optional<FailoverState> found)
            throws ContradictionException {
        FailoverState initial = FailoverState.initial(configured);
        if (found.isEmpty()) {
            return initial;
        }
        FailoverState state = found.get();
        if (state.isFor(configured)) {
            return state;
        }
        if (state.decision().isEmpty()) {
            // The servers were changed before any decision was made: only the configuration counts.
            return state.configuredPrimary().equals(configured.primary())
                    ? initial.withSystemId(state.systemId())
                    : initial;
        }
        FailoverState.Decision decision = state.decision().get();
        if (configured.primary().equals(decision.newPrimary())) {
            return initial.withSystemId(state.systemId()); // The operator has adopted the decision.
        }
        throw new ContradictionException(contradiction(configured, decision));
    }

    private static String contradiction(ProxyConfig.Servers configured, FailoverState.Decision decision) {
        Endpoint promoted = decision.newPrimary();
        String happened = decision.phase() == FailoverState.Phase.DONE
                ? "became the primary in place of " + decision.oldPrimary()
                : "was to become the primary in place of " + decision.oldPrimary()
                        + ", and it is not known whether it has";
        return "the state file says that " + promoted + " " + happened + " at " + decision.at()
                + ", and the configuration, which was changed since, says that master is " + configured.primary();
    }

    /** The servers, with their roles under this state. */
    public static ProxyConfig.Servers servers(ProxyConfig.Servers configured, FailoverState state) {
        if (state.decision().isEmpty()) {
            return configured;
        }
        FailoverState.Decision decision = state.decision().get();
        boolean isDone = decision.phase() == FailoverState.Phase.DONE;
        Endpoint primary = isDone ? decision.newPrimary() : decision.oldPrimary();
        if (!isDone && primary.equals(configured.primary())) {
            return configured;
        }
        return new ProxyConfig.Servers(
                primary,
                Optional.empty(),
                configured.standbys().stream()
                        .filter(standby -> !standby.equals(primary))
                        .toList());
    }
}
