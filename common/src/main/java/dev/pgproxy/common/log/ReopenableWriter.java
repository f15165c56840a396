package dev.pgproxy.common.log;

import dev.pgproxy.common.files.TrustedPath;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.tinylog.Level;
import org.tinylog.core.LogEntry;
import org.tinylog.core.LogEntryValue;
import org.tinylog.writers.AbstractFormatPatternWriter;

/**
 * A tinylog writer that appends to a file and reopens it on request, as logrotate wants it; tinylog's own can only roll files itself.
 * Without a file it writes to standard error. A full or hanging disk, or an unread pipe, costs lines, never the process; the number of lost
 * lines is logged when writing works again.
 */
@SuppressWarnings("EnumOrdinal") // An atomic integer is the only shared thing that can hold a level.
public final class ReopenableWriter extends AbstractFormatPatternWriter {

    /** Incremented by each request to reopen; a writer that has seen a lower one reopens its file. */
    private static final AtomicInteger GENERATION = new AtomicInteger();

    /** The ordinal of the least severe level that is written; tinylog itself cannot change its own while it runs. */
    private static final AtomicInteger LEAST_LEVEL = new AtomicInteger(Level.INFO.ordinal());

    /** Static, since tinylog creates the writer and could not be handed one. */
    static final LogJournal JOURNAL = new LogJournal();

    private static final long MICROS_PER_SECOND = 1_000_000L;
    private static final int NANOS_PER_MICRO = 1_000;

    /** How long the end of the process waits for the log. */
    private static final long DRAIN_MS = 1_000;

    private final FileOutputStream standardError = new FileOutputStream(FileDescriptor.err);
    private final LineWriter lines = new LineWriter(this::append);
    private final @Nullable Path file;
    private @Nullable FileChannel channel;
    private int seenGeneration;
    private long lostLines;

    /** Called by tinylog with the properties of the configuration. */
    public ReopenableWriter(Map<String, String> properties) {
        super(properties);
        String name = properties.get("file");
        file = name == null ? null : Path.of(name);
        seenGeneration = GENERATION.get();
        Runtime.getRuntime().addShutdownHook(new Thread(this::flush, "log-end"));
    }

    static void leastLevel(Level level) {
        LEAST_LEVEL.set(level.ordinal());
    }

    static void reopenAll() {
        GENERATION.incrementAndGet();
    }

    @Override
    public Collection<LogEntryValue> getRequiredLogEntryValues() {
        Collection<LogEntryValue> values = EnumSet.copyOf(super.getRequiredLogEntryValues());
        values.addAll(EnumSet.of(LogEntryValue.DATE, LogEntryValue.LEVEL, LogEntryValue.MESSAGE));
        return values;
    }

    @Override
    public void write(LogEntry entry) {
        if (entry.getLevel().ordinal() < LEAST_LEVEL.get()) {
            return;
        }
        String line;
        synchronized (this) {
            line = render(entry); // Into a shared buffer.
        }
        if (entry.getLevel().ordinal() >= Level.INFO.ordinal()) {
            Instant at = entry.getTimestamp().toInstant();
            long micros = at.getEpochSecond() * MICROS_PER_SECOND + at.getNano() / NANOS_PER_MICRO;
            JOURNAL.add(new LogLine(micros, entry.getLevel().name(), String.valueOf(entry.getMessage())));
        }
        lines.write(line);
    }

    /** Called on the writing thread only. */
    private void append(String line) {
        if (file == null) {
            toStandardError(line);
            return;
        }
        try {
            FileChannel open = open(file);
            if (lostLines > 0) {
                append(open, Event.of("log_lines_lost").with("count", lostLines) + "\n");
                lostLines = 0;
            }
            append(open, line);
        } catch (IOException e) {
            if (lostLines++ == 0) {
                toStandardError(Event.of("log_write_failed")
                                .with("file", file)
                                .message(String.valueOf(e.getMessage()))
                                .hint("Free the disk or fix the path; lines are lost until then.")
                        + "\n" + line);
            }
        }
    }

    /** Not through {@link System#err}: other writers would wait for its lock. */
    private void toStandardError(String text) {
        try {
            standardError.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // There is nowhere left to report it.
            return;
        }
    }

    private FileChannel open(Path path) throws IOException {
        int wanted = GENERATION.get();
        FileChannel open = channel;
        if (open != null && wanted != seenGeneration) {
            open.close();
            open = null;
        }
        if (open == null) {
            TrustedPath.check("log.filename", path);
            TrustedPath.checkRegular("log.filename", path);
            open = FileChannel.open(
                    path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
            channel = open;
            seenGeneration = wanted;
        }
        return open;
    }

    private static void append(FileChannel open, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            open.write(bytes);
        }
    }

    @Override
    public void flush() {
        lines.drain(DRAIN_MS);
    }

    @Override
    public void close() {
        flush();
    }
}
