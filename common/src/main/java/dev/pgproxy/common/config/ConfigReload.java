package dev.pgproxy.common.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** What a changed file means for a running proxy: a pure function of the configuration in force and the one that was read. */
public final class ConfigReload {

    /**
     * @param inForce the configuration in force after the reload
     * @param changed keys whose value has changed
     * @param keptBack keys that the file changes, but that keep their value until a restart
     * @param namesPrimary whether the file names the current primary, and therefore decides which standby is promoted next
     */
    public record Outcome(ProxyConfig inForce, List<String> changed, List<String> keptBack, boolean namesPrimary) {}

    private ConfigReload() {}

    /**
     * Merges {@code next} into {@code current}.
     *
     * @param started the configuration that the proxy was started with: the workers' memory was sized for its max_client_conn
     */
    public static Outcome merge(ProxyConfig started, ProxyConfig current, ProxyConfig next) {
        Map<String, ConfigEntry> before = byKey(current);
        Map<String, ConfigEntry> after = byKey(next);
        List<String> changed = new ArrayList<>();
        List<String> keptBack = new ArrayList<>();
        Map<String, ConfigEntry> entries = new LinkedHashMap<>(after);
        boolean namesPrimary = next.servers().primary().equals(current.servers().primary());
        boolean tooMany = next.limits().clientConnections() > started.limits().clientConnections();
        TreeSet<String> keys = new TreeSet<>(before.keySet());
        keys.addAll(after.keySet());
        for (String key : keys) {
            ConfigEntry old = before.get(key);
            ConfigEntry read = after.get(key);
            if (old != null && read != null && old.value().equals(read.value())) {
                continue;
            }
            ConfigEntry either = read == null ? old : read;
            boolean isKept = either != null
                    && switch (either.effect()) {
                        case RELOAD -> false;
                        case RESTART -> true;
                        case RELOAD_WITH_PRIMARY -> !namesPrimary;
                        case RELOAD_UP_TO_START -> tooMany;
                    };
            if (isKept) {
                keptBack.add(key);
                if (old != null) {
                    entries.put(key, old);
                }
            } else {
                changed.add(key);
            }
        }
        return new Outcome(
                inForce(current, next, namesPrimary, tooMany, List.copyOf(entries.values())),
                changed,
                keptBack,
                namesPrimary);
    }

    private static Map<String, ConfigEntry> byKey(ProxyConfig config) {
        Map<String, ConfigEntry> byKey = new HashMap<>();
        config.entries().forEach(entry -> byKey.put(entry.key(), entry));
        return byKey;
    }

    private static ProxyConfig inForce(
            ProxyConfig current, ProxyConfig next, boolean namesPrimary, boolean tooMany, List<ConfigEntry> entries) {
        ProxyConfig.Limits limits = new ProxyConfig.Limits(
                tooMany ? current.limits().clientConnections() : next.limits().clientConnections(),
                next.limits().serverConnections(),
                next.limits().idleConnections(),
                current.limits().listenBacklog(),
                next.limits().ofUser(),
                next.limits().ofDatabase());
        return new ProxyConfig(
                current.listen(),
                current.unixSockets(),
                new ProxyConfig.Servers(
                        current.servers().primary(),
                        namesPrimary
                                ? next.servers().promote()
                                : current.servers().promote(),
                        next.servers().standbys()),
                next.adminLogin(),
                next.timeouts(),
                limits,
                new ProxyConfig.Logging(
                        current.logging().file(),
                        next.logging().level(),
                        next.logging().connections(),
                        next.logging().disconnections()),
                current.files(),
                next.tuning(),
                current.workers(),
                current.receiveBytes(),
                next.routing(),
                next.exemptions(),
                next.singleUse(),
                current.poolIgnoreParameters(),
                next.auth(),
                next.adminDatabase(),
                next.failover(),
                next.standbyLimits(),
                next.alerts(),
                entries);
    }
}
