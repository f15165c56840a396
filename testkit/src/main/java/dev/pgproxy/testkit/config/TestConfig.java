package dev.pgproxy.testkit.config;

import dev.pgproxy.common.config.ConfigException;
import dev.pgproxy.common.config.ConfigLoader;
import dev.pgproxy.common.config.ProxyConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Configurations for tests that are about something else. */
public final class TestConfig {

    private TestConfig() {}

    /** The configuration in these lines of {@code conf.properties}, read as the proxy reads it. */
    public static ProxyConfig of(String... lines) {
        try {
            Path file = Files.createTempFile("pgproxy", ".properties");
            try {
                return ConfigLoader.load(Files.writeString(file, String.join("\n", lines)));
            } catch (ConfigException e) {
                throw new IllegalArgumentException(e);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
