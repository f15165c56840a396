package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.ServerFacts;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The servers, what is known of each, and how far a change of the primary has come: what the parts of {@link FailoverPolicy} share. */
final class Situation {

    /** How the primary is. */
    enum Health {
        /** It takes connections, or says itself why it does not. */
        ALIVE,
        /** It failed, but not often enough. */
        SUSPECT,
        DOWN
    }

    ProxyConfig.Servers servers;
    ProxyConfig.Failover rules;
    ProxyConfig.StandbyLimits standbyLimits;

    /** The last decision that is certain. */
    FailoverState state;

    Health health = Health.ALIVE;

    /** It does not say itself that it is starting or stopping. */
    boolean primaryIsReady = true;

    /** The standby that is to become the primary; null when no change is under way. */
    @Nullable
    Endpoint candidate;

    /** The primary before the present one, as long as it has not been seen to follow that. */
    @Nullable
    Endpoint former;

    private final Predicate<Endpoint> isPaused;
    private final Map<Endpoint, ServerHealth> watched = new LinkedHashMap<>();
    private Phase phase = Phase.WATCHING;
    private boolean hasChanged;
    private @Nullable Long changedNs;

    /**
     * Nothing is known of the servers yet.
     *
     * @param servers as they are under the state
     * @param isPaused whether an operator has paused a server
     */
    Situation(
            ProxyConfig.Servers servers,
            FailoverState state,
            ProxyConfig.Failover rules,
            ProxyConfig.StandbyLimits standbyLimits,
            Predicate<Endpoint> isPaused) {
        this.servers = servers;
        this.state = state;
        this.rules = rules;
        this.standbyLimits = standbyLimits;
        this.isPaused = isPaused;
        state.decision()
                .filter(decision -> !decision.oldPrimary().equals(servers.primary()))
                .ifPresent(decision -> {
                    former = decision.oldPrimary();
                    hasChanged = true;
                });
        rememberAll();
        keepFormerOut();
    }

    Phase phase() {
        return phase;
    }

    boolean isIn(Phase one) {
        return phase == one;
    }

    void transitionTo(Phase next) {
        phase.checkNext(next);
        phase = next;
    }

    /** Knows of all servers, and of no other. */
    void rememberAll() {
        Set<Endpoint> all = all();
        watched.keySet().retainAll(all);
        all.forEach(this::known);
    }

    /** The old primary is a standby like others from when it was seen to follow the new one. */
    void keepFormerOut() {
        if (former != null) {
            known(former).outBecause = "it was the primary, and has not been seen to follow the new one";
        }
    }

    /** All servers that are probed. */
    Set<Endpoint> all() {
        Set<Endpoint> all = new LinkedHashSet<>();
        all.add(servers.primary());
        servers.promote().ifPresent(all::add);
        all.addAll(servers.standbys());
        if (former != null) {
            all.add(former);
        }
        if (candidate != null) {
            all.add(candidate);
        }
        return all;
    }

    /** What is known of a server; null when it is not one of ours. */
    @Nullable
    ServerHealth of(Endpoint server) {
        return watched.get(server);
    }

    ServerHealth known(Endpoint server) {
        return watched.computeIfAbsent(server, key -> new ServerHealth());
    }

    ServerHealth primary() {
        return known(servers.primary());
    }

    boolean isCandidate(Endpoint server) {
        return server.equals(candidate);
    }

    /** Whether the configuration names it as the one to be promoted. */
    boolean isHeir(Endpoint server) {
        return servers.promote().filter(server::equals).isPresent();
    }

    /** What a server said of itself last; null when it is not one of ours, or never answered. */
    @Nullable
    ServerFacts factsOf(Endpoint server) {
        ServerHealth known = watched.get(server);
        return known == null ? null : known.facts;
    }

    /** Servers that take writes and belong to our primary, which nobody here has made primaries. */
    List<Endpoint> otherPrimaries() {
        // One on an older timeline was a primary before: it lags behind, and is not ahead.
        ServerFacts facts = primary().facts;
        int primaryTimeline = facts == null || facts.systemId() != state.systemId() ? 0 : facts.timeline();
        return all().stream()
                .filter(each -> !each.equals(servers.primary()) && !each.equals(former))
                .filter(each -> {
                    ServerHealth other = known(each);
                    return other.isPrimary()
                            && other.facts != null
                            && other.facts.systemId() == state.systemId()
                            && other.facts.timeline() >= primaryTimeline;
                })
                .toList();
    }

    /** Whether it is known of all servers but this one how they are since the primary was suspected. */
    boolean hasSeenOthers(Endpoint standby) {
        return all().stream()
                .filter(each -> !each.equals(servers.primary()) && !each.equals(former) && !each.equals(standby))
                .allMatch(each -> known(each).seen);
    }

    PromotionCheck.Primary primaryForCheck() {
        ServerFacts facts = primary().facts;
        return new PromotionCheck.Primary(
                state.systemId(), facts == null ? 0 : facts.writtenLsn(), isPaused.test(servers.primary()));
    }

    /** What standbys are measured by. */
    StandbyRotation.Reference reference(long nowNs) {
        ServerHealth primary = primary();
        long graceNs = rules.promoteTimeout().toNanos();
        Long sinceNs = changedNs;
        if (hasChanged && sinceNs == null) {
            sinceNs = nowNs;
            changedNs = nowNs; // By the process before this one, at a time that is not known.
        }
        return new StandbyRotation.Reference(
                health == Health.ALIVE && primary.isPrimary() ? primary.facts : null,
                sinceNs != null && nowNs - sinceNs > graceNs);
    }

    /** Whether there was another primary before this one. */
    boolean hasChanged() {
        return hasChanged;
    }

    /** Whether the decision is an operator's. */
    boolean isSwitchover() {
        return state.isSwitchover();
    }

    /** This server is the primary from now on. */
    void change(Endpoint successor, long nowNs) {
        former = servers.primary();
        servers = new ProxyConfig.Servers(
                successor,
                Optional.empty(),
                servers.standbys().stream()
                        .filter(standby -> !standby.equals(successor))
                        .toList());
        transitionTo(Phase.WATCHING);
        candidate = null;
        health = Health.ALIVE;
        primaryIsReady = true;
        hasChanged = true;
        changedNs = nowNs;
        rememberAll();
        keepFormerOut();
    }

    /**
     * An old primary that was made a standby, and is named as one, is one like others. As long as it takes writes it is not: what it has may
     * lack what was committed since.
     */
    void forgetFormerIfItFollows() {
        Endpoint old = former;
        if (old != null && known(old).isStandby() && (servers.standbys().contains(old) || isHeir(old))) {
            former = null;
        }
    }

    long retryMs() {
        return rules.retryInterval().toMillis();
    }

    long probeMs() {
        return rules.probeInterval().toMillis();
    }
}
