package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import java.util.Optional;

/**
 * The last failover decision, kept for the next start.
 *
 * @param configuredPrimary {@code master} in the configuration in force when it was made
 * @param configuredPromote {@code promote} in that configuration
 * @param systemId system identifier of the servers; 0 when no primary has reported it yet
 * @param decision the last decision; empty while the configured primary is the primary
 */
public record FailoverState(
        Endpoint configuredPrimary, Optional<Endpoint> configuredPromote, long systemId, Optional<Decision> decision) {

    /** How far a decision has been carried out. */
    public enum Phase {
        /** It has been made and must be completed: the standby may have been told to promote already. */
        INTENT,
        /** The new primary accepts writes. */
        DONE
    }

    /** How a server became the primary. */
    public enum Cause {
        FAILOVER,
        /** It was promoted outside pgproxy. */
        ADOPTION,
        /** An operator asked for it. */
        SWITCHOVER
    }

    /**
     * The replacement of one primary by another.
     *
     * @param at when it was made, in ISO 8601 format
     */
    public record Decision(Phase phase, Cause cause, Endpoint oldPrimary, Endpoint newPrimary, String at) {

        Decision done() {
            return new Decision(Phase.DONE, cause, oldPrimary, newPrimary, at);
        }
    }

    /** The state before any decision. */
    public static FailoverState initial(ProxyConfig.Servers configured) {
        return new FailoverState(configured.primary(), configured.promote(), 0, Optional.empty());
    }

    /** Whether the last decision was a switchover that an operator asked for. */
    boolean isSwitchover() {
        return decision.filter(made -> made.cause() == Cause.SWITCHOVER).isPresent();
    }

    FailoverState withSystemId(long id) {
        return new FailoverState(configuredPrimary, configuredPromote, id, decision);
    }

    FailoverState with(Decision made) {
        return new FailoverState(configuredPrimary, configuredPromote, systemId, Optional.of(made));
    }

    boolean isFor(ProxyConfig.Servers configured) {
        return configuredPrimary.equals(configured.primary()) && configuredPromote.equals(configured.promote());
    }
}
