package dev.pgproxy.common.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What people read about the keys is what the program does. */
class ConfigurationReferenceTest {

    private static final Path REFERENCE = Path.of("../docs/configuration.md");
    private static final Path SHIPPED = Path.of("../distribution/src/main/conf/pgproxy.properties");
    private static final Pattern LINE = Pattern.compile("(?m)^#?([a-z][a-zA-Z0-9_.]*) =[ ]*(.*)$");

    /** {@code -Dreference.write=true} rewrites it. */
    @Test
    void theReferenceIsMadeFromTheDeclarations() throws IOException {
        if (Boolean.getBoolean("reference.write")) {
            Files.writeString(REFERENCE, ConfigurationReference.text());
        }
        assertEquals(
                ConfigurationReference.text(),
                Files.readString(REFERENCE),
                "scripts/test ConfigurationReferenceTest -Dreference.write=true writes docs/configuration.md again");
    }

    private static Map<String, String> shipped() throws IOException {
        Map<String, String> lines = new TreeMap<>();
        Matcher matcher = LINE.matcher(Files.readString(SHIPPED));
        while (matcher.find()) {
            lines.put(matcher.group(1), matcher.group(2).strip());
        }
        return lines;
    }

    @Test
    void theShippedFileHasEveryKey() throws IOException {
        TreeSet<String> undeclared = shipped().keySet().stream()
                .filter(key -> Keys.declaring(key).isEmpty())
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(new TreeSet<>(), undeclared);
        Map<String, String> lines = shipped();
        TreeSet<String> missing = Keys.all()
                .filter(setting -> lines.keySet().stream().noneMatch(setting::declares))
                .map(Setting::key)
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(new TreeSet<>(), missing);
    }

    /** Only where the default is a value, not a path or number that depends on the host. */
    @Test
    void theShippedFileShowsTheDefaults() throws IOException {
        Map<String, String> lines = shipped();
        TreeSet<String> wrong = Keys.all()
                .filter(setting -> !setting.defaultValue().isEmpty())
                .filter(setting -> !setting.defaultValue().contains(" "))
                .filter(setting -> !setting.defaultValue().equalsIgnoreCase(lines.get(setting.key())))
                .map(setting -> setting.key() + " = " + setting.defaultValue())
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(new TreeSet<>(), wrong);
    }

    @Test
    void whatIsReferredToExists() {
        Keys.all()
                .flatMap(setting -> setting.seeAlso().stream())
                .forEach(target -> assertTrue(
                        target.startsWith("docs/")
                                ? Files.exists(Path.of("..").resolve(target))
                                : Keys.declaring(target).isPresent(),
                        target));
    }

    /** Every key that is read is declared, and vice versa. */
    @Test
    void everyDeclaredKeyIsRead() throws Exception {
        Path file = Files.createTempFile("pgproxy", ".properties");
        try {
            Files.writeString(file, "master = a:1\nconninfo.user = postgres\n");
            TreeSet<String> read = ConfigLoader.load(file).entries().stream()
                    .map(ConfigEntry::key)
                    .collect(Collectors.toCollection(TreeSet::new));
            TreeSet<String> declared = Keys.all()
                    .filter(setting -> setting.prefix().equals(setting.key()))
                    .map(Setting::key)
                    .collect(Collectors.toCollection(TreeSet::new));
            assertEquals(declared, read);
        } finally {
            Files.delete(file);
        }
    }
}
