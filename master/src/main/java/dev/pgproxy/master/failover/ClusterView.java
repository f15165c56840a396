package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Describes what is known of the servers, for operators. */
final class ClusterView {

    private static final long UNKNOWN = -1;

    /** A larger lag is reported as a problem, even when no limit takes the standby out of rotation. */
    private static final double LONG_LAG_SECONDS = 60;

    private final FailoverPolicy policy;
    private final ProxyConfig.Servers servers;
    private final ProxyConfig.StandbyLimits limits;

    ClusterView(FailoverPolicy policy, ProxyConfig.StandbyLimits limits) {
        this.policy = policy;
        this.servers = policy.servers();
        this.limits = limits;
    }

    ServerView of(Endpoint server) {
        boolean isPrimary = server.equals(servers.primary());
        boolean isOld = policy.former().filter(server::equals).isPresent();
        String role = isPrimary ? "primary" : isOld ? "old primary" : "standby";
        boolean isPromote = servers.promote().filter(server::equals).isPresent();
        String notPromotable = isPrimary ? null : policy.objectionToPromotion(server);
        ServerHealth known = policy.of(server);
        if (known == null || known.last == null) {
            return new ServerView(role, isPrimary, null, 0, isPromote, notPromotable, null, UNKNOWN, null, null);
        }
        ServerFacts facts = known.last instanceof Observation.Answered answered ? answered.facts() : null;
        return new ServerView(
                role,
                isPrimary,
                known.last,
                known.atNs,
                isPromote,
                notPromotable,
                facts == null ? null : upstream(facts.topology()),
                facts == null ? UNKNOWN : lagBytes(facts),
                joined(problems(server, known)),
                facts == null
                        ? null
                        : joined(RejoinCheck.risks(server, facts, servers, policy::factsOf).stream()
                                .map(RejoinCheck.Risk::message)
                                .toList()));
    }

    private static @Nullable String joined(List<String> words) {
        return words.isEmpty() ? null : words.stream().distinct().collect(Collectors.joining("; "));
    }

    private List<String> problems(Endpoint server, ServerHealth known) {
        List<String> problems = new ArrayList<>();
        if (known.last instanceof Observation.Failed failed) {
            problems.add(failed.problem());
            return problems;
        }
        ServerFacts facts = Objects.requireNonNull(known.facts); // Its last probe was answered.
        boolean isPrimary = server.equals(servers.primary());
        if (isPrimary) {
            if (facts.inRecovery()) {
                problems.add("it is a standby: it was demoted");
            }
            return problems;
        }
        if (!facts.inRecovery()) {
            problems.add("it takes writes, and so may the primary " + servers.primary()
                    + ": stop it, or make it a standby (docs/failover.md)");
            return problems;
        }
        boolean isInRotation = servers.standbys().contains(server);
        if (isInRotation && known.outBecause != null && !policy.readable().contains(server)) {
            problems.add(known.outBecause);
        } else if (!isInRotation && isBehindAChange(facts)) {
            problems.add("it is on timeline " + facts.timeline() + ", and does not follow " + servers.primary());
        }
        if (!facts.receiver().streaming()) {
            problems.add("its WAL receiver is not connected");
        } else if ((limits.maxLag().isZero() || !isInRotation) && facts.lagSeconds() > LONG_LAG_SECONDS) {
            problems.add("it lags by " + Math.round(facts.lagSeconds()) + " s");
        }
        return problems;
    }

    private boolean isBehindAChange(ServerFacts facts) {
        ServerFacts primary = policy.factsOf(servers.primary());
        return primary != null && facts.timeline() < primary.timeline();
    }

    /** The primary may have been probed before the standby, which can then appear to be ahead of it. */
    private long lagBytes(ServerFacts facts) {
        ServerFacts reference = policy.factsOf(servers.primary());
        return reference == null || reference.systemId() != facts.systemId()
                ? UNKNOWN
                : Math.max(0, reference.writtenLsn() - facts.replayedLsn());
    }

    private @Nullable String upstream(Topology topology) {
        if (topology.upstream().isEmpty()) {
            return null;
        }
        Endpoint known = RejoinCheck.upstream(topology, policy.all(), policy::factsOf);
        return known == null ? topology.upstream() : known.toString();
    }
}
