package dev.pgproxy.common.config;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** All keys of the configuration, in the order of the reference and of {@code conf/pgproxy.properties}. */
public final class Keys {

    /** A chapter of the reference. */
    public record Section(String title, List<Setting<?>> settings) {}

    private static final List<Section> SECTIONS = List.of(
            new Section("Servers", ServerKeys.SERVERS),
            new Section("Where clients connect", ClientKeys.ENTRANCE),
            new Section("The proxy's own login", ServerKeys.SUPERUSER),
            new Section("Failover", ServerKeys.FAILOVER),
            new Section("Pooling", ClientKeys.POOLING),
            new Section("Limits and time limits", ClientKeys.LIMITS),
            new Section("Network", ClientKeys.NETWORK),
            new Section("Routing", ServerKeys.ROUTING),
            new Section("Passwords and pg_proxy", OperatorKeys.PASSWORDS),
            new Section("Files and log", OperatorKeys.FILES),
            new Section("Alerts", OperatorKeys.ALERTS));

    private Keys() {}

    public static List<Section> sections() {
        return SECTIONS;
    }

    /** All keys. */
    public static Stream<Setting<?>> all() {
        return SECTIONS.stream().flatMap(section -> section.settings().stream());
    }

    /** The declaration of this key; empty when it is not a key of pgproxy. */
    public static Optional<Setting<?>> declaring(String key) {
        return all().<Setting<?>>map(setting -> setting)
                .filter(setting -> setting.declares(key))
                .findFirst();
    }
}
