package dev.pgproxy.common.config;

import java.util.stream.Collectors;

/** Writes docs/configuration.md: every key, as it is declared. */
final class ConfigurationReference {

    private static final int COLUMNS = 120;

    private static final String HEAD = """
            # Configuration reference

            Every key of `conf/pgproxy.properties`, a Java properties file in UTF-8. This page is made from the declarations in the
            source, and a test keeps it true; the file itself explains more, by topic. `pgproxy-master --check FILE` checks a file,
            `RELOAD` in `pg_proxy` or SIGHUP reads it again, and `SHOW CONFIG` shows what is in force.

            **Types.** A *time* is in seconds (`30`, `0.5`) or has a unit: `500ms`, `5s`, `2min`, `1h`, `7d`. *On or off* may also
            be written `true`, `yes`, `1`, `false`, `no`, `0`. An address is `host:port`, an IPv6 address in brackets:
            `[::1]:5432`; or the Unix socket of a port, `unix:/directory:port`, or any other, `unix:/path`. A key that is set to nothing counts as not set, except where its line says otherwise. An unknown key is
            an error.

            **Takes effect.** *Reload*: with the next reload. *Restart*: when pgproxy starts; a reload keeps the old value and logs
            that.
            """;

    private ConfigurationReference() {}

    static String text() {
        return HEAD
                + Keys.sections().stream().map(ConfigurationReference::section).collect(Collectors.joining());
    }

    private static String section(Keys.Section section) {
        return "\n## " + section.title() + "\n"
                + section.settings().stream().map(ConfigurationReference::entry).collect(Collectors.joining());
    }

    private static String entry(Setting<?> setting) {
        StringBuilder out = new StringBuilder();
        out.append("\n### `").append(setting.key()).append("`\n\n");
        out.append(wrapped(setting.help() + (setting.isSecret() ? " It is never shown or logged." : "")));
        out.append("\n\n- Type: ").append(setting.type()).append('\n');
        out.append("- Default: ").append(defaultOf(setting)).append('\n');
        out.append("- Takes effect: ").append(setting.effect().words()).append('\n');
        out.append("- Since: ").append(setting.since()).append('\n');
        if (!setting.example().isEmpty()) {
            String key = setting.key().replaceAll("N$", "1").replaceAll("NAME$", "app");
            out.append("- Example: `")
                    .append(key)
                    .append(" = ")
                    .append(setting.isSecret() && !setting.example().startsWith("http") ? "..." : setting.example())
                    .append("`\n");
        }
        if (!setting.seeAlso().isEmpty()) {
            out.append("- See also: ")
                    .append(setting.seeAlso().stream()
                            .map(ConfigurationReference::link)
                            .collect(Collectors.joining(", ")))
                    .append('\n');
        }
        return out.toString();
    }

    private static String wrapped(String text) {
        StringBuilder out = new StringBuilder();
        int column = 0;
        for (String word : text.split(" ", -1)) {
            boolean fits = column + 1 + word.length() <= COLUMNS;
            out.append(column == 0 ? "" : fits ? " " : "\n").append(word);
            column = fits ? column + 1 + word.length() : word.length();
        }
        return out.toString();
    }

    private static String defaultOf(Setting<?> setting) {
        String value = setting.defaultValue();
        if (value.isEmpty()) {
            return "none";
        }
        return value.contains(" ") ? value : "`" + value + "`";
    }

    /** A link to a document beside this page, or to a heading of this page, with the anchor that the repository's web page has. */
    private static String link(String target) {
        if (target.startsWith("docs/")) {
            String name = target.substring("docs/".length());
            return "[" + name + "](" + name + ")";
        }
        String anchor = target.toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9_-]", "");
        return "[`" + target + "`](#" + anchor + ")";
    }
}
