package dev.pgproxy.common.config;

import dev.pgproxy.common.net.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The source of the values of keys, by type. Problems with a value are noted, and a usable value is returned all the same. */
interface SettingSource {

    /** Empty when the key is not set or its value is empty. */
    Optional<String> text(String key);

    String text(String key, String defaultValue);

    /** @param example for the remedy, when the key is not set */
    String requiredText(String key, String example);

    int integer(String key, int defaultValue, int minimum, int maximum);

    long number(String key, long defaultValue, long minimum, long maximum);

    Duration duration(String key, Duration defaultValue, Duration minimum);

    boolean onOff(String key, boolean defaultValue);

    <E extends Enum<E>> E choice(String key, Class<E> type, E defaultValue);

    Optional<Path> path(String key);

    Optional<Endpoint> address(String key);

    /** Separated by commas; none when the key is not set. */
    List<Endpoint> addresses(String key, int minimumPort);

    /** The keys that begin with this, all of which become known. */
    List<String> keysWithPrefix(String prefix);
}
