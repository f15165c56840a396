package dev.pgproxy.common.config;

import dev.pgproxy.common.files.TrustedPath;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** A Java properties file in UTF-8 that remembers the line of each key, which {@link Properties} does not. */
final class PropertiesFile {

    /** A key's value and its line. */
    record Entry(String value, int line) {}

    private static final long MAX_BYTES = 1024 * 1024;

    private final String name;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final List<ConfigProblem> problems = new ArrayList<>();

    private PropertiesFile(String name) {
        this.name = name;
    }

    /** Reads the file. A duplicate key or an invalid escape is a problem of the file. */
    static PropertiesFile read(Path path) throws IOException {
        TrustedPath.checkRegular("configuration", path);
        if (Files.size(path) > MAX_BYTES) {
            throw new IOException(path + " has more than " + MAX_BYTES + " bytes, so it is not a configuration");
        }
        PropertiesFile file = new PropertiesFile(path.toString());
        List<String> lines =
                Files.readString(path, StandardCharsets.UTF_8).lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            int first = i;
            StringBuilder logical = new StringBuilder(lines.get(i));
            // A comment is one line, whatever it ends with; any other line continues after an odd number of
            // backslashes.
            while (!isBlankOrComment(lines.get(first)) && endsInContinuation(lines.get(i)) && i + 1 < lines.size()) {
                i++;
                logical.append('\n').append(lines.get(i));
            }
            file.add(logical.toString(), first + 1);
        }
        return file;
    }

    /** A file without keys. */
    static PropertiesFile empty() {
        return new PropertiesFile("");
    }

    private static boolean isBlankOrComment(String line) {
        String text = line.stripLeading();
        return text.isEmpty() || text.startsWith("#") || text.startsWith("!");
    }

    private static boolean endsInContinuation(String line) {
        int backslashes = 0;
        for (int i = line.length() - 1; i >= 0 && line.charAt(i) == '\\'; i--) {
            backslashes++;
        }
        return backslashes % 2 == 1;
    }

    private void add(String logicalLine, int line) throws IOException {
        Properties one = new Properties();
        try {
            one.load(new StringReader(logicalLine));
        } catch (IllegalArgumentException e) {
            problems.add(new ConfigProblem(
                    name,
                    line,
                    logicalLine.strip(),
                    "an escape sequence that cannot be read",
                    "Write \\\\ for a backslash."));
            return;
        }
        for (String key : one.stringPropertyNames()) {
            Entry earlier =
                    entries.putIfAbsent(key, new Entry(one.getProperty(key).strip(), line));
            if (earlier != null) {
                problems.add(new ConfigProblem(
                        name, line, key, "already set on line " + earlier.line(), "Keep one of the two."));
            }
        }
    }

    String name() {
        return name;
    }

    Map<String, Entry> entries() {
        return entries;
    }

    List<ConfigProblem> problems() {
        return problems;
    }
}
