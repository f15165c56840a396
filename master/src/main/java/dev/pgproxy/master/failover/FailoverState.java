package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import java.util.Optional;

/**
 * What was decided, for the next start to know.
 *
 * @param configuredPrimary {@code master} of the configuration under which it was decided
 * @param configuredPromote {@code promote} of it
 * @param systemId of the servers; 0 when no primary has told it yet
 * @param decision the last one; empty as long as the configured primary is the primary
 */
public record FailoverState(
        Endpoint configuredPrimary, Optional<Endpoint> configuredPromote, long systemId, Optional<Decision> decision) {

    /** How far a decision is carried out. */
    public enum Phase {
        /** It is made, and must be carried to its end: the standby may have been told already. */
        INTENT,
        /** The new primary takes writes. */
        DONE
    }

    /** Who made a server the primary. */
    public enum Cause {
        FAILOVER,
        /** Somebody else promoted it. */
        ADOPTION,
        /** An operator wanted it to be so. */
        SWITCHOVER
    }

    /**
     * One primary in place of another.
     *
     * @param at when it was made, as ISO 8601 has it
     */
    public record Decision(Phase phase, Cause cause, Endpoint oldPrimary, Endpoint newPrimary, String at) {

        Decision done() {
            return new Decision(Phase.DONE, cause, oldPrimary, newPrimary, at);
        }
    }

    /** Nothing was decided yet. */
    public static FailoverState initial(ProxyConfig.Servers configured) {
        return new FailoverState(configured.primary(), configured.promote(), 0, Optional.empty());
    }

    /** Whether an operator wanted the last decision. */
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
