package dev.pgproxy.common.protocol;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The name and value pairs of a StartupMessage, sorted by name; pairs of one name keep their order, since the server applies
 * them in turn. Text is held one char per byte (ISO 8859-1), because the encoding of these bytes is not known yet and two
 * different names must never look the same.
 *
 * <p>Thousands of these are kept, and strangers choose their contents, so each is one string of about the packet's size: name,
 * terminator, value, terminator, and so on.
 */
public final class StartupParameters {

    /** The one setting that a server accepts in any form, so there is no need to wait for its answer. */
    public static final String APPLICATION_NAME = "application_name";

    private static final int MAX_NAME_BYTES = 63;
    private static final char END = '\0';
    static final String OPTION_PREFIX = "_pq_.";

    /** One pair, as the client sent it. */
    public record Parameter(String name, String value) {}

    private final String packed;

    // Asked for many times in each login; a substring costs more than the rest of what is done with it. Only names of
    // usual length are kept.
    private @Nullable String user;
    private @Nullable String database;

    /** @param sorted by name */
    public StartupParameters(List<Parameter> sorted) {
        StringBuilder all = new StringBuilder();
        sorted.forEach(
                pair -> all.append(pair.name()).append(END).append(pair.value()).append(END));
        packed = all.toString();
    }

    /** All pairs; a new list for each call. */
    public List<Parameter> sorted() {
        List<Parameter> pairs = new ArrayList<>();
        for (int at = 0; at < packed.length(); ) {
            int nameEnd = packed.indexOf(END, at);
            int valueEnd = packed.indexOf(END, nameEnd + 1);
            pairs.add(new Parameter(packed.substring(at, nameEnd), packed.substring(nameEnd + 1, valueEnd)));
            at = valueEnd + 1;
        }
        return pairs;
    }

    /** Approximate size in bytes. */
    public int bytes() {
        return packed.length();
    }

    /** Sorts the pairs and adds the database, which defaults to the user's name as the server truncates it. */
    static StartupParameters of(List<Parameter> asSent) {
        List<Parameter> pairs = new ArrayList<>(asSent);
        Optional<String> user = last(pairs, "user");
        if (last(pairs, "database").filter(name -> !name.isEmpty()).isEmpty() && user.isPresent()) {
            pairs.removeIf(pair -> pair.name().equals("database"));
            pairs.add(new Parameter("database", serverName(user.get())));
        }
        pairs.sort(Comparator.comparing(Parameter::name));
        return new StartupParameters(List.copyOf(pairs));
    }

    private static Optional<String> last(List<Parameter> pairs, String name) {
        return pairs.stream()
                .filter(pair -> pair.name().equals(name))
                .map(Parameter::value)
                .reduce((first, second) -> second);
    }

    /** The value in force: for the server, the last one of a name wins. */
    public Optional<String> value(String name) {
        Optional<String> found = Optional.empty();
        for (int at = 0; at < packed.length(); ) {
            int nameEnd = packed.indexOf(END, at);
            int valueEnd = packed.indexOf(END, nameEnd + 1);
            if (nameEnd - at == name.length() && packed.startsWith(name, at)) {
                found = Optional.of(packed.substring(nameEnd + 1, valueEnd));
            }
            at = valueEnd + 1;
        }
        return found;
    }

    /** As {@link #value}, with names of users and databases as the server knows them. */
    public Optional<String> serverValue(String name) {
        boolean isName = name.equals("user") || name.equals("database");
        return isName ? value(name).map(StartupParameters::serverName) : value(name);
    }

    /** The user's name; empty when the client named none. */
    public String user() {
        String known = user;
        if (known == null) {
            known = value("user").orElse("");
            user = known.length() <= MAX_NAME_BYTES ? known : null;
        }
        return known;
    }

    /** The database's name; when the client named none, the user's name as the server truncates it. */
    public String database() {
        String known = database;
        if (known == null) {
            known = value("database").orElse("");
            database = known.length() <= MAX_NAME_BYTES ? known : null;
        }
        return known;
    }

    /** The user's name as the server knows it; a longer spelling is the same user. */
    public String serverUser() {
        return serverName(user());
    }

    /** The database's name as the server knows it. */
    public String serverDatabase() {
        return serverName(database());
    }

    /** Whether these ask for options of the protocol ({@code _pq_.}). */
    public boolean hasOptions() {
        return packed.startsWith(OPTION_PREFIX) || packed.contains(END + OPTION_PREFIX);
    }

    /** Whether these ask for a replication connection (walsender), whose state no reset undoes. */
    public boolean isReplication() {
        return value("replication")
                .map(value -> !List.of("false", "off", "no", "0", "f", "n")
                        .contains(value.toLowerCase(java.util.Locale.ROOT)))
                .orElse(false);
    }

    /** All pairs as {@code name=value}, for display. */
    public String describe() {
        return describe(pair -> true);
    }

    /** As {@link #describe}, without the user and the database. */
    public String describeOthers() {
        return describe(pair -> !pair.name().equals("user") && !pair.name().equals("database"));
    }

    private String describe(Predicate<Parameter> shown) {
        return display(sorted().stream()
                .filter(shown)
                .map(pair -> pair.name() + "=" + pair.value())
                .collect(Collectors.joining(" ")));
    }

    /** A name as a server knows it, which truncates longer ones (NAMEDATALEN). */
    public static String serverName(String name) {
        return name.substring(0, Math.min(name.length(), MAX_NAME_BYTES));
    }

    /** A text in the form held here. */
    public static String fromText(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    /** Bytes held as chars, decoded as UTF-8 for display. */
    public static String display(String bytesAsChars) {
        return new String(bytesAsChars.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof StartupParameters that && packed.equals(that.packed);
    }

    @Override
    public int hashCode() {
        return packed.hashCode();
    }

    @Override
    public String toString() {
        return "StartupParameters[" + describe() + "]";
    }
}
