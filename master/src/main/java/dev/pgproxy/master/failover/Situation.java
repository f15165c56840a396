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

/**
 * What the parts of {@link FailoverPolicy} decide on: the servers, what is known of each, the primary's health, the decision in force
 * and the change of the primary that is under way.
 */
final class Situation {

    private ProxyConfig.Servers servers;
    private ProxyConfig.Failover rules;
    private ProxyConfig.StandbyLimits standbyLimits;
    private FailoverState state;
    private Health health = Health.ALIVE;
    private boolean primaryIsReady = true;
    private final ChangeOfPrimary change = new ChangeOfPrimary();
    private @Nullable Endpoint former;
    private final Predicate<Endpoint> isPaused;
    private final Map<Endpoint, ServerHealth> watched = new LinkedHashMap<>();
    private boolean hasChanged;
    private @Nullable Long changedNs;

    /**
     * Nothing is known of the servers yet.
     *
     * @param servers as the state assigns their roles
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

    ProxyConfig.Servers servers() {
        return servers;
    }

    ProxyConfig.Failover rules() {
        return rules;
    }

    ProxyConfig.StandbyLimits standbyLimits() {
        return standbyLimits;
    }

    /** Puts other servers, rules and limits into force; the primary stays. */
    void configure(ProxyConfig.Servers next, ProxyConfig.Failover newRules, ProxyConfig.StandbyLimits newLimits) {
        servers = next;
        rules = newRules;
        standbyLimits = newLimits;
        rememberAll();
    }

    /** The decision in force, and the system identifier. */
    FailoverState state() {
        return state;
    }

    /** Puts a decision into force, or notes the system identifier. */
    void adopt(FailoverState next) {
        state = next;
    }

    /** The change of the primary that is under way, if one is. */
    ChangeOfPrimary change() {
        return change;
    }

    Phase phase() {
        return change.phase();
    }

    boolean isIn(Phase one) {
        return change.isIn(one);
    }

    /** Whether the primary accepts connections, or reports itself why it does not. */
    boolean isAlive() {
        return health == Health.ALIVE;
    }

    /** Whether all retries have failed. */
    boolean isDown() {
        return health == Health.DOWN;
    }

    /** @throws IllegalStateException when {@link Health} does not allow this transition */
    void becomes(Health next) {
        health.checkNext(next);
        health = next;
    }

    /** Whether the primary takes clients; false while it reports that it is starting up or shutting down. */
    boolean isPrimaryReady() {
        return primaryIsReady;
    }

    void noteReadiness(boolean isReady) {
        primaryIsReady = isReady;
    }

    /** The previous primary, until it is seen to follow the current one. */
    @Nullable
    Endpoint former() {
        return former;
    }

    /** Tracks exactly the servers of {@link #all}. */
    private void rememberAll() {
        Set<Endpoint> all = all();
        watched.keySet().retainAll(all);
        all.forEach(this::known);
    }

    /** Keeps the old primary out of rotation until it is seen to follow the new one. */
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
        change.candidate().ifPresent(all::add);
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
        return change.isTo(server);
    }

    /** Whether {@code promote} names this server. */
    boolean isHeir(Endpoint server) {
        return servers.promote().filter(server::equals).isPresent();
    }

    /** The facts that a server last reported; null when it is not one of ours or has never answered. */
    @Nullable
    ServerFacts factsOf(Endpoint server) {
        ServerHealth known = watched.get(server);
        return known == null ? null : known.facts;
    }

    /** Servers of our cluster, other than the current and the previous primary, that accept writes. */
    List<Endpoint> otherPrimaries() {
        // One on an older timeline is a former primary: it is behind, not ahead.
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

    /** Whether all standbys but this one have been probed since the primary was suspected. */
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

    /** What standbys are compared with. */
    StandbyRotation.Reference reference(long nowNs) {
        ServerHealth primary = primary();
        long graceNs = rules.promoteTimeout().toNanos();
        Long sinceNs = changedNs;
        if (hasChanged && sinceNs == null) {
            sinceNs = nowNs;
            changedNs = nowNs; // The previous process changed it, at an unknown time.
        }
        return new StandbyRotation.Reference(
                health == Health.ALIVE && primary.isPrimary() ? primary.facts : null,
                sinceNs != null && nowNs - sinceNs > graceNs);
    }

    /** Whether this primary has replaced another one. */
    boolean hasChanged() {
        return hasChanged;
    }

    /** Whether the last decision was a switchover. */
    boolean isSwitchover() {
        return state.isSwitchover();
    }

    /** This server is the primary from now on, and the change to it is over. */
    void changeTo(Endpoint successor, long nowNs) {
        former = servers.primary();
        servers = new ProxyConfig.Servers(
                successor,
                Optional.empty(),
                servers.standbys().stream()
                        .filter(standby -> !standby.equals(successor))
                        .toList());
        change.end();
        health = Health.ALIVE; // It is another server's.
        primaryIsReady = true;
        hasChanged = true;
        changedNs = nowNs;
        rememberAll();
        keepFormerOut();
    }

    /**
     * An old primary that is a standby now, and is configured as one, is treated like the others. As long as it accepts writes it is not:
     * it may lack what was committed since.
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
