package dev.pgproxy.common.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What a changed file means for a proxy that runs: a pure function of the configuration in force and the one that was read. */
public final class ConfigReload {

    /**
     * @param inForce what is in force from now on
     * @param changed keys that have another value now
     * @param keptBack keys that the file changes and that stay as they were until a restart
     * @param namesPrimary whether the file says, as things are, which server is the primary, and so has its word on who is next
     */
    public record Outcome(ProxyConfig inForce, List<String> changed, List<String> keptBack, boolean namesPrimary) {}

    private static final String CLIENTS = "max_client_conn";
    private static final Set<String> PRIMARY_KEYS = Set.of("master", "promote");

    private ConfigReload() {}

    /**
     * Merges.
     *
     * @param started what the proxy was started with: the workers' memory was laid out for its max_client_conn
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
            boolean isReloadable = (read == null || read.isReloadable())
                    && (old == null || old.isReloadable())
                    && (namesPrimary || !PRIMARY_KEYS.contains(key))
                    && !(tooMany && key.equals(CLIENTS));
            if (!isReloadable) {
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
