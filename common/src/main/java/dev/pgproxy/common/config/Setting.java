package dev.pgproxy.common.config;

import dev.pgproxy.common.net.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A key of the configuration, declared once: its name, its type, its default and its purpose. Files, the reference and the table
 * {@code config} of pg_proxy follow this.
 *
 * @param <T> the type of its value
 */
public final class Setting<T> {

    /** What a change of the value needs. */
    public enum Effect {
        RELOAD("reload"),
        RESTART("restart"),
        RELOAD_WITH_PRIMARY("reload, if `master` names the current primary; otherwise restart"),
        RELOAD_UP_TO_START("reload, up to the value at the start; a higher value needs a restart");

        private final String words;

        Effect(String words) {
            this.words = words;
        }

        /** As docs/configuration.md has it. */
        public String words() {
            return words;
        }
    }

    /** The minimum of a time that cannot be turned off. */
    static final Duration SHORTEST = Duration.ofMillis(10);

    private static final String FIRST_RELEASE = "0.1";
    private static final String AN_ADDRESS = "host:port or unix:/directory:port";

    private final String key;
    private final String type;
    private final String defaultValue;
    private final String help;
    private final Function<SettingSource, T> reading;
    private final Effect effect;
    private final boolean isSecret;
    private final boolean isList;
    private final String example;
    private final List<String> seeAlso;

    private Setting(
            String key,
            String type,
            String defaultValue,
            String help,
            Function<SettingSource, T> reading,
            Effect effect,
            boolean isSecret,
            boolean isList,
            String example,
            List<String> seeAlso) {
        this.key = key;
        this.type = type;
        this.defaultValue = defaultValue;
        this.help = help;
        this.reading = reading;
        this.effect = effect;
        this.isSecret = isSecret;
        this.isList = isList;
        this.example = example;
        this.seeAlso = seeAlso;
    }

    private static <T> Setting<T> of(
            String key, String type, String defaultValue, String help, Function<SettingSource, T> reading) {
        return new Setting<>(
                key, type, defaultValue, help, reading, Effect.RELOAD, false, false, defaultValue, List.of());
    }

    /** A text of which only the length is checked. */
    static Setting<Optional<String>> text(String key, String help) {
        return of(key, "text", "", help, source -> source.text(key));
    }

    static Setting<String> text(String key, String defaultValue, String help) {
        return of(key, "text", defaultValue, help, source -> source.text(key, defaultValue));
    }

    /** A key without which pgproxy does not start. */
    static Setting<String> requiredText(String key, String example, String help) {
        return of(key, "text, required", "", help, source -> source.requiredText(key, example))
                .example(example);
    }

    static Setting<Integer> integer(String key, int defaultValue, int least, int most, String help) {
        return of(
                key,
                "integer, " + least + " to " + most,
                Integer.toString(defaultValue),
                help,
                source -> source.integer(key, defaultValue, least, most));
    }

    static Setting<Long> number(String key, long defaultValue, String help) {
        return of(
                key,
                "integer, 0 or more",
                Long.toString(defaultValue),
                help,
                source -> source.number(key, defaultValue, 0, Long.MAX_VALUE));
    }

    /** @param least 0 for a time that can be turned off */
    static Setting<Duration> time(String key, Duration defaultValue, Duration least, String help) {
        return of(
                key,
                least.isZero() ? "time, 0 to turn it off" : "time, " + least.toMillis() + "ms or more",
                Long.toString(defaultValue.toSeconds()), // No default has a fraction.
                help,
                source -> source.duration(key, defaultValue, least));
    }

    static Setting<Boolean> onOff(String key, boolean defaultValue, String help) {
        return of(key, "on or off", defaultValue ? "on" : "off", help, source -> source.onOff(key, defaultValue));
    }

    static <E extends Enum<E>> Setting<E> choice(String key, Class<E> type, E defaultValue, String help) {
        String choices = Arrays.stream(type.getEnumConstants())
                .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        return of(
                key,
                "one of " + choices,
                defaultValue.name().toLowerCase(Locale.ROOT),
                help,
                source -> source.choice(key, type, defaultValue));
    }

    /** @param defaultValue as for chmod, in octal */
    static Setting<String> mode(String key, String defaultValue, String help) {
        return of(key, "octal mode", defaultValue, help, source -> source.text(key, defaultValue));
    }

    static Setting<Optional<Path>> file(String key, String help) {
        return of(key, "path", "", help, source -> source.path(key));
    }

    static Setting<Optional<Endpoint>> address(String key, String help) {
        return of(key, AN_ADDRESS, "", help, source -> source.address(key));
    }

    /** A key without which pgproxy does not start. */
    static Setting<Optional<Endpoint>> requiredAddress(String key, String example, String help) {
        Function<SettingSource, Optional<Endpoint>> reading = source -> {
            source.requiredText(key, example);
            return source.address(key);
        };
        return of(key, AN_ADDRESS + ", required", "", help, reading).example(example);
    }

    /** @param leastPort 0 where the system may choose the port */
    static Setting<List<Endpoint>> addresses(String key, int leastPort, String help) {
        return of(key, AN_ADDRESS + ", separated by commas", "", help, source -> source.addresses(key, leastPort))
                .list();
    }

    /** Keys with a common prefix, one for each of a kind. */
    static Setting<List<String>> family(String prefix, String kind, String type, String help) {
        return of(prefix + kind, type, "", help, source -> source.keysWithPrefix(prefix));
    }

    /** A change needs a restart. */
    Setting<T> atStart() {
        return takesEffect(Effect.RESTART);
    }

    Setting<T> takesEffect(Effect when) {
        return new Setting<>(key, type, defaultValue, help, reading, when, isSecret, isList, example, seeAlso);
    }

    /** The value must not be shown. */
    Setting<T> secret() {
        return new Setting<>(key, type, defaultValue, help, reading, effect, true, isList, example, seeAlso);
    }

    /** The value may be longer than those of other keys. */
    Setting<T> list() {
        return new Setting<>(key, type, defaultValue, help, reading, effect, isSecret, true, example, seeAlso);
    }

    Setting<T> example(String value) {
        return new Setting<>(key, type, defaultValue, help, reading, effect, isSecret, isList, value, seeAlso);
    }

    /** @param words describe a default that is not a fixed value */
    Setting<T> defaultsTo(String words) {
        return new Setting<>(key, type, words, help, reading, effect, isSecret, isList, example, seeAlso);
    }

    /** @param others keys, or documents */
    Setting<T> see(String... others) {
        return new Setting<>(
                key, type, defaultValue, help, reading, effect, isSecret, isList, example, List.of(others));
    }

    /** The value in force; problems with it are noted in the source. */
    T read(SettingSource source) {
        return reading.apply(source);
    }

    /** Its name; that of a family ends with a word in capitals that stands for any name or number. */
    public String key() {
        return key;
    }

    /** Its type, in words. */
    public String type() {
        return type;
    }

    /** What an absent key means; empty for nothing. */
    public String defaultValue() {
        return defaultValue;
    }

    /** Its purpose, in one line. */
    public String help() {
        return help;
    }

    public Effect effect() {
        return effect;
    }

    public boolean isSecret() {
        return isSecret;
    }

    public boolean isList() {
        return isList;
    }

    /** The first release that has it. */
    public String since() {
        return FIRST_RELEASE;
    }

    /** An example of a value; empty where it would say no more than the help. */
    public String example() {
        return example;
    }

    /** Related keys and documents. */
    public List<String> seeAlso() {
        return seeAlso;
    }

    /** Whether this declares the key. */
    boolean declares(String name) {
        return name.equals(key) || (prefix().length() < key.length() && name.startsWith(prefix()));
    }

    /** The name without the word in capitals that a family's name ends with. */
    String prefix() {
        int end = key.length();
        while (end > 0 && Character.isUpperCase(key.charAt(end - 1))) {
            end--;
        }
        return key.substring(0, end);
    }

    @Override
    public String toString() {
        return key;
    }
}
