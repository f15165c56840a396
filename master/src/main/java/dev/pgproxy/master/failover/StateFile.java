package dev.pgproxy.master.failover;

import dev.pgproxy.common.files.TrustedPath;
import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/** Stores a {@link FailoverState} so that it survives a restart of this process or the host. */
public final class StateFile implements StateStore {

    private static final String FORMAT = "1";
    private static final int MAX_BYTES = 16 * 1024;
    private static final String NONE = "none";
    private static final String HEADER = """
            # Written by pgproxy; read at its start. Remove it only when it is certain which server is the primary,
            # and pgproxy's configuration says so.
            """;

    private final Path file;

    public StateFile(Path file) {
        this.file = file;
    }

    public Path path() {
        return file;
    }

    /**
     * Reads the state file.
     *
     * @return empty when the file does not exist
     * @throws IOException when it cannot be read or parsed
     */
    public Optional<FailoverState> read() throws IOException {
        Properties properties = new Properties();
        try {
            TrustedPath.checkRegular("state_file", file);
            if (Files.size(file) > MAX_BYTES) {
                throw new IOException(file + " is too long to be a state file");
            }
            properties.load(new StringReader(Files.readString(file)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
        try {
            return Optional.of(parse(properties));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
    }

    private static FailoverState parse(Properties properties) {
        if (!FORMAT.equals(properties.getProperty("format"))) {
            throw new IllegalArgumentException("format is " + properties.getProperty("format") + ", not " + FORMAT);
        }
        Optional<FailoverState.Decision> decision = Optional.empty();
        if (!NONE.equals(required(properties, "phase"))) {
            decision = Optional.of(new FailoverState.Decision(
                    FailoverState.Phase.valueOf(required(properties, "phase").toUpperCase(Locale.ROOT)),
                    FailoverState.Cause.valueOf(required(properties, "cause").toUpperCase(Locale.ROOT)),
                    address(required(properties, "old_primary")),
                    address(required(properties, "new_primary")),
                    required(properties, "decided_at")));
        }
        String promote = required(properties, "configured_promote");
        return new FailoverState(
                address(required(properties, "configured_master")),
                NONE.equals(promote) ? Optional.empty() : Optional.of(address(promote)),
                Long.parseLong(required(properties, "system_identifier")),
                decision);
    }

    private static String required(Properties properties, String key) {
        String value = properties.getProperty(key);
        if (value == null) {
            throw new IllegalArgumentException(key + " is missing");
        }
        return value;
    }

    private static Endpoint address(String text) {
        try {
            return Endpoint.parse(text);
        } catch (Endpoint.BadEndpointException e) {
            throw new IllegalArgumentException(e.problem(), e);
        }
    }

    /**
     * Writes the state file atomically. Once this returns, the new content is on disk; after a crash before that, either content may be.
     *
     * @throws IOException when it cannot be written
     */
    @Override
    public void write(FailoverState state) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null) {
            throw new IOException(file + " is not a file");
        }
        TrustedPath.createDirectories("state_file", directory);
        Path next = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                next,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING,
                LinkOption.NOFOLLOW_LINKS)) {
            ByteBuffer bytes = ByteBuffer.wrap(format(state).getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static String format(FailoverState state) {
        Map<String, String> lines = new LinkedHashMap<>();
        lines.put("format", FORMAT);
        lines.put("configured_master", state.configuredPrimary().toString());
        lines.put(
                "configured_promote",
                state.configuredPromote().map(Endpoint::toString).orElse(NONE));
        lines.put("system_identifier", Long.toString(state.systemId()));
        lines.put("phase", state.decision().map(each -> lower(each.phase())).orElse(NONE));
        state.decision().ifPresent(decision -> {
            lines.put("cause", lower(decision.cause()));
            lines.put("old_primary", decision.oldPrimary().toString());
            lines.put("new_primary", decision.newPrimary().toString());
            lines.put("decided_at", decision.at());
        });
        StringBuilder text = new StringBuilder(HEADER);
        lines.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
        return text.toString();
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
