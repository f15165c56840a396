package dev.pgproxy.common.config;

import dev.pgproxy.common.net.Endpoint;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads typed values from a {@link PropertiesFile} and collects the problems in them. Each getter returns a usable value even for a wrong
 * one, so that one pass finds every problem. A key becomes known by being asked for.
 */
final class ConfigReader implements SettingSource {

    private static final Pattern DURATION = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(ms|s|min|h|d|)");
    private static final int MAX_KEY_BYTES = 200;
    private static final int MAX_VALUE_BYTES = 1_000;
    private static final int MAX_LIST_BYTES = 4_000;
    private static final int SIMILAR = 3;

    private final PropertiesFile file;
    private final List<ConfigProblem> problems;
    private final TreeSet<String> known = new TreeSet<>();
    private final Map<String, String> defaults = new HashMap<>();

    ConfigReader(PropertiesFile file) {
        this.file = file;
        this.problems = new ArrayList<>(file.problems());
    }

    @Override
    public Optional<String> text(String key) {
        known.add(key);
        PropertiesFile.@Nullable Entry entry = file.entries().get(key);
        return entry == null || entry.value().isEmpty() ? Optional.empty() : Optional.of(entry.value());
    }

    /** The value, or the default when the key is not set or its value is empty. */
    @Override
    public String text(String key, String defaultValue) {
        showDefault(key, defaultValue);
        return text(key).orElse(defaultValue);
    }

    /** Records what an absent key means, to be shown to operators. */
    void showDefault(String key, String defaultValue) {
        defaults.put(key, defaultValue);
    }

    /** Every key that was asked for, with the value in force. */
    List<ConfigEntry> entries() {
        return known.stream().map(this::entry).toList();
    }

    private ConfigEntry entry(String key) {
        PropertiesFile.@Nullable Entry set = file.entries().get(key);
        String defaultValue = defaults.getOrDefault(key, "");
        Optional<Setting<?>> setting = Keys.declaring(key);
        return new ConfigEntry(
                key,
                set == null ? defaultValue : set.value(),
                defaultValue,
                set == null ? 0 : set.line(),
                setting.<Setting.Effect>map(Setting::effect).orElse(Setting.Effect.RESTART),
                setting.filter(Setting::isSecret).isPresent());
    }

    boolean isSet(String key) {
        return file.entries().containsKey(key);
    }

    @Override
    public String requiredText(String key, String example) {
        Optional<String> value = text(key);
        if (value.isEmpty()) {
            problem(key, "is required and not set", "Set it, for example: " + key + " = " + example);
        }
        return value.orElse(example);
    }

    @Override
    public Duration duration(String key, Duration defaultValue, Duration minimum) {
        showDefault(key, Long.toString(defaultValue.toSeconds())); // No default has a fraction.
        Optional<String> value = text(key);
        if (value.isEmpty()) {
            return defaultValue;
        }
        Matcher matcher = DURATION.matcher(value.get());
        if (!matcher.matches()) {
            problem(
                    key,
                    "\"" + value.get() + "\" is not a time",
                    "Write seconds (30, 0.5) or a number with a unit: 500ms, 5s, 2min, 1h.");
            return defaultValue;
        }
        double seconds = Double.parseDouble(matcher.group(1)) * secondsPer(matcher.group(2));
        if (seconds > Duration.ofDays(365).toSeconds()) {
            problem(key, "\"" + value.get() + "\" is more than a year", "Choose a shorter time.");
            return defaultValue;
        }
        Duration duration = Duration.ofMillis(Math.round(seconds * 1000));
        if (duration.compareTo(minimum) < 0) {
            problem(key, "\"" + value.get() + "\" is too short", "The shortest is " + minimum.toMillis() + "ms.");
            return defaultValue;
        }
        return duration;
    }

    private static double secondsPer(String unit) {
        return switch (unit) {
            case "ms" -> 0.001;
            case "min" -> 60;
            case "h" -> 3600;
            case "d" -> 86_400;
            default -> 1;
        };
    }

    @Override
    public int integer(String key, int defaultValue, int minimum, int maximum) {
        return (int) number(key, defaultValue, minimum, maximum);
    }

    @Override
    public long number(String key, long defaultValue, long minimum, long maximum) {
        showDefault(key, Long.toString(defaultValue));
        Optional<String> value = text(key);
        if (value.isEmpty()) {
            return defaultValue;
        }
        try {
            long number = Long.parseLong(value.get());
            if (number >= minimum && number <= maximum) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Reported with the numbers that are out of range: the remedy is the same.
        }
        problem(
                key,
                "\"" + value.get() + "\" is not a whole number from " + minimum + " to " + maximum,
                "The default is " + defaultValue + ".");
        return defaultValue;
    }

    @Override
    public boolean onOff(String key, boolean defaultValue) {
        showDefault(key, defaultValue ? "on" : "off");
        Optional<String> value = text(key);
        if (value.isEmpty()) {
            return defaultValue;
        }
        switch (value.get().toLowerCase(Locale.ROOT)) {
            case "on", "true", "yes", "1" -> {
                return true;
            }
            case "off", "false", "no", "0" -> {
                return false;
            }
            default -> {
                problem(key, "\"" + value.get() + "\" is neither on nor off", "Write on or off.");
                return defaultValue;
            }
        }
    }

    @Override
    public <E extends Enum<E>> E choice(String key, Class<E> type, E defaultValue) {
        showDefault(key, defaultValue.name().toLowerCase(Locale.ROOT));
        Optional<String> value = text(key);
        if (value.isEmpty()) {
            return defaultValue;
        }
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equalsIgnoreCase(value.get())) {
                return constant;
            }
        }
        String choices = String.join(
                ", ", Arrays.stream(type.getEnumConstants()).map(Enum::name).toList());
        boolean lower = Character.isLowerCase(value.get().charAt(0));
        problem(
                key,
                "\"" + value.get() + "\" is not one of the values",
                "Choose one of: " + (lower ? choices.toLowerCase(Locale.ROOT) : choices) + ".");
        return defaultValue;
    }

    @Override
    public Optional<Path> path(String key) {
        Optional<String> value = text(key);
        try {
            return value.map(text -> Path.of(text).toAbsolutePath().normalize());
        } catch (InvalidPathException e) {
            problem(key, "\"" + value.orElse("") + "\" is not a path", "Write the path of a file.");
            return Optional.empty();
        }
    }

    Path path(String key, Path defaultValue) {
        showDefault(key, defaultValue.toString());
        return path(key).orElse(defaultValue);
    }

    @Override
    public List<Endpoint> addresses(String key, int minimumPort) {
        List<Endpoint> addresses = new ArrayList<>();
        for (String part : text(key).map(value -> value.split(",", -1)).orElse(new String[0])) {
            address(key, part.strip(), minimumPort).ifPresent(addresses::add);
        }
        for (int i = 0; i < addresses.size(); i++) {
            if (addresses.subList(0, i).contains(addresses.get(i)) && !isChosenBySystem(addresses.get(i))) {
                problem(key, addresses.get(i) + " is named twice", "Name each address once.");
            }
        }
        return List.copyOf(addresses);
    }

    @Override
    public Optional<Endpoint> address(String key) {
        return text(key).flatMap(value -> address(key, value, 1));
    }

    private static boolean isChosenBySystem(Endpoint address) {
        return address instanceof Endpoint.Tcp tcp && tcp.port() == 0;
    }

    private Optional<Endpoint> address(String key, String text, int minimumPort) {
        try {
            Endpoint address = Endpoint.parse(text);
            if (address instanceof Endpoint.Tcp tcp && tcp.port() < minimumPort) {
                problem(key, "port " + tcp.port() + " does not exist", "A port is a number from 1 to 65535.");
            } else {
                return Optional.of(address);
            }
        } catch (Endpoint.BadEndpointException e) {
            problem(key, e.problem(), e.remedy());
        }
        return Optional.empty();
    }

    @Override
    public List<String> keysWithPrefix(String prefix) {
        List<String> keys = file.entries().keySet().stream()
                .filter(key -> key.startsWith(prefix))
                .toList();
        known.addAll(keys);
        return keys;
    }

    void problem(String key, String problem, String remedy) {
        PropertiesFile.@Nullable Entry entry = file.entries().get(key);
        problems.add(new ConfigProblem(file.name(), entry == null ? 0 : entry.line(), key, problem, remedy));
    }

    /** @throws ConfigException when anything was wrong, unknown keys included */
    void finish() throws ConfigException {
        for (String key : file.entries().keySet()) {
            if (!known.contains(key)) {
                problem(key, "is not a key of pgproxy", suggestion(key));
            }
            checkLength(key);
        }
        if (!problems.isEmpty()) {
            problems.sort((a, b) -> Integer.compare(a.line(), b.line()));
            throw new ConfigException(problems);
        }
    }

    /** Values are sent to other processes, in messages of limited size. */
    private void checkLength(String key) {
        int bytes = bytes(Objects.requireNonNull(file.entries().get(key)).value());
        int most = Keys.declaring(key).map(Setting::isList).orElse(false) ? MAX_LIST_BYTES : MAX_VALUE_BYTES;
        if (bytes > most) {
            problem(key, "has " + bytes + " bytes", "The longest value of this key has " + most + " bytes.");
        }
        if (bytes(key) > MAX_KEY_BYTES) {
            problem(key, "is a key of " + bytes(key) + " bytes", "The longest has " + MAX_KEY_BYTES + ".");
        }
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private String suggestion(String key) {
        return known.stream()
                .filter(candidate -> distance(candidate, key) <= SIMILAR)
                .min((a, b) -> Integer.compare(distance(a, key), distance(b, key)))
                .map(candidate -> "Did you mean " + candidate + "?")
                .orElse("Remove it; conf/pgproxy.properties explains every key there is.");
    }

    /** Levenshtein distance: single-character edits between two words. */
    private static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(change, Math.min(previous[j], current[j - 1]) + 1);
            }
            previous = current;
        }
        return previous[b.length()];
    }
}
