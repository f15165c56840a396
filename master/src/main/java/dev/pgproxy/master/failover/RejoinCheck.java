package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Finds what would keep servers from following after a failover, while it can still be fixed. */
final class RejoinCheck {

    /** Bound on the risks of one server that are reported until the next reload. */
    private static final int MAX_TOLD = 16;

    /**
     * A risk.
     *
     * @param event its name in the log
     * @param message what the risk is, and what to do about it
     */
    record Risk(String event, String message) {}

    private RejoinCheck() {}

    /**
     * The risks of one server.
     *
     * @param facts what it reported
     * @param factsOf what each server reported; null when that is not known
     */
    static List<Risk> risks(
            Endpoint server,
            ServerFacts facts,
            ProxyConfig.Servers servers,
            Function<Endpoint, @Nullable ServerFacts> factsOf) {
        List<Risk> risks = new ArrayList<>();
        if (!facts.topology().lostSlots().isEmpty()) {
            risks.add(new Risk(
                    "rejoin_at_risk",
                    "WAL that its replication slots " + facts.topology().lostSlots()
                            + " still need is gone, or will be: the standbys that use them cannot continue. Copy those again"
                            + " (pg_basebackup), and raise max_slot_wal_keep_size"));
        }
        if (servers.promote().isEmpty()) {
            return risks; // There will be no failover.
        }
        Endpoint heir = servers.promote().get();
        boolean isPrimary = server.equals(servers.primary());
        if (isPrimary && !facts.topology().rewindable()) {
            risks.add(new Risk(
                    "rejoin_at_risk",
                    "after a failover pg_rewind could not make it a standby: it has neither data checksums nor wal_log_hints."
                            + " Set wal_log_hints = on and restart it, or be ready to copy it again (pg_basebackup)"));
        }
        if ((isPrimary || server.equals(heir)) && !facts.topology().keepsWal()) {
            risks.add(new Risk(
                    "rejoin_at_risk",
                    "it keeps no WAL beyond its last checkpoint: after a failover the old primary may find none to rejoin with."
                            + " Set wal_keep_size, such as 1GB, and reload it"));
        }
        boolean isOther = !isPrimary && !server.equals(heir) && facts.inRecovery();
        if (isOther && ignores(facts, heir, servers, factsOf)) {
            risks.add(new Risk(
                    "standby_would_not_follow",
                    "after a failover to " + heir + " this standby would not follow it: it streams from "
                            + facts.topology().upstream() + ". Set its primary_conninfo to name " + heir
                            + " and reload it"));
        }
        return risks;
    }

    /**
     * Whether it is certain that a standby gets its WAL from the primary without the heir in between, and would not switch to the heir.
     */
    private static boolean ignores(
            ServerFacts standby,
            Endpoint heir,
            ProxyConfig.Servers servers,
            Function<Endpoint, @Nullable ServerFacts> factsOf) {
        ServerFacts heirFacts = factsOf.apply(heir);
        if (heirFacts == null || standby.topology().names(heirFacts.topology())) {
            return false;
        }
        List<Endpoint> all = new ArrayList<>(servers.standbys());
        all.add(heir);
        all.add(servers.primary());
        Topology at = standby.topology();
        for (int steps = 0; steps <= all.size(); steps++) {
            Endpoint upstream = upstream(at, all, factsOf);
            if (upstream == null || upstream.equals(heir)) {
                return false;
            }
            if (upstream.equals(servers.primary())) {
                return true;
            }
            at = Objects.requireNonNull(factsOf.apply(upstream)).topology();
        }
        return false;
    }

    /** The server that a standby receives its WAL from; null when it is not known to be one of these. */
    static @Nullable Endpoint upstream(
            Topology of, Collection<Endpoint> all, Function<Endpoint, @Nullable ServerFacts> factsOf) {
        for (Endpoint server : all) {
            ServerFacts facts = factsOf.apply(server);
            if (facts != null && of.receivesFrom(facts.topology())) {
                return server;
            }
        }
        return null;
    }

    /** Reports the risks that were not reported yet, and marks them as reported. */
    static List<Action> news(
            Endpoint server,
            ServerHealth known,
            ProxyConfig.Servers servers,
            Function<Endpoint, @Nullable ServerFacts> factsOf) {
        List<Action> actions = new ArrayList<>();
        if (known.facts != null) {
            for (Risk risk : risks(server, known.facts, servers, factsOf)) {
                if (known.risksTold.size() < MAX_TOLD && known.risksTold.add(risk.message())) {
                    actions.add(new Action.Log(risk.event(), server, risk.message()));
                }
            }
        }
        return actions;
    }
}
